package figure

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// spiral is the two-arm spiral with n points, noise 0.1.
func spiral(n int) Data {
	r := rand.New(rand.NewPCG(1, 2))
	d := Data{Classes: 2}
	for i := range n {
		theta := 3 * math.Pi * math.Sqrt(r.Float64())
		sign, radius := float64(1-2*(i%2)), theta/(3*math.Pi)+0.05
		d.Points = append(d.Points, Point{
			sign*radius*math.Cos(theta) + 0.1*r.NormFloat64(),
			sign*radius*math.Sin(theta) + 0.1*r.NormFloat64(),
		})
		d.Labels = append(d.Labels, float64(i%2))
	}
	return d
}

// circles are classes on circles of radius 1, 2, ..., noise 0.1.
func circles(n, classes int) Data {
	r := rand.New(rand.NewPCG(3, 4))
	d := Data{Classes: classes}
	for i := range n {
		sin, cos := math.Sincos(2 * math.Pi * r.Float64())
		radius := float64(1+i%classes) + 0.1*r.NormFloat64()
		d.Points = append(d.Points, Point{radius * cos, radius * sin})
		d.Labels = append(d.Labels, float64(i%classes))
	}
	return d
}

// blobs are classes around the corners of a polygon.
func blobs(n, classes int) Data {
	r := rand.New(rand.NewPCG(5, 6))
	d := Data{Classes: classes}
	for i := range n {
		sin, cos := math.Sincos(2 * math.Pi * float64(i%classes) / float64(classes))
		d.Points = append(d.Points, Point{3*cos + 0.5*r.NormFloat64(), 3*sin + 0.5*r.NormFloat64()})
		d.Labels = append(d.Labels, float64(i%classes))
	}
	return d
}

// plane labels points with a smooth function.
func plane(n int) Data {
	d := circles(n, 3)
	d.Classes = 0
	for i, p := range d.Points {
		d.Labels[i] = prediction(p)
	}
	return d
}

func prediction(p Point) float64 { return math.Sin(p[0]) + 0.5*p[1] }

// swirl is a field that turns, faster outside, and drifts apart.
func swirl(p Point) Point {
	r := math.Hypot(p[0], p[1])
	return Point{0.3*p[0] - p[1]*r + math.Tanh(p[1]), p[0]*r + 0.3*p[1] - math.Sin(p[0])}
}

func fieldOver(d Data, n int) Field {
	g := Grid{Around(d.Points, 1), n, n}
	f := Field{Grid: g, Time: 0.5}
	for _, p := range g.Points() {
		f.Vectors = append(f.Vectors, swirl(p))
	}
	return f
}

// flow follows the field from the first n points.
func flow(d Data, n, times int) Trajectories {
	var t Trajectories
	for i := range n {
		p := d.Points[i]
		path := []Point{p}
		for range times - 1 {
			v := swirl(p)
			p = Point{p[0] + 0.01*v[0], p[1] + 0.01*v[1]}
			path = append(path, p)
		}
		t.Paths = append(t.Paths, path)
	}
	t.Labels = d.Labels[:n]
	return t
}

// probability is that of class 1 by the nearest points, smoothed, as a trained classifier would answer.
func probabilityOver(d Data, n int) Map {
	m := Map{Grid: Grid{Around(d.Points, 1), n, n}}
	for _, p := range m.Grid.Points() {
		w := weights(d, p)
		m.Values = append(m.Values, w[1]/(w[0]+w[1]))
	}
	return m
}

func scoresOver(d Data, n int) Map {
	m := Map{Grid: Grid{Around(d.Points, 1), n, n}}
	for _, p := range m.Grid.Points() {
		m.Values = append(m.Values, weights(d, p)...)
	}
	return m
}

func predictionOver(d Data, n int) Map {
	m := Map{Grid: Grid{Around(d.Points, 1), n, n}}
	for _, p := range m.Grid.Points() {
		m.Values = append(m.Values, 0.9*prediction(p))
	}
	return m
}

func weights(d Data, p Point) []float64 {
	w := make([]float64, d.Classes)
	for i, q := range d.Points {
		r2 := (p[0]-q[0])*(p[0]-q[0]) + (p[1]-q[1])*(p[1]-q[1])
		w[int(d.Labels[i])] += math.Exp(-r2/0.08) + 1e-4/(1+r2*r2)
	}
	return w
}

// training is a noisy loss of n iterations that falls from 0.7 to about floor.
func training(n int, floor float64) (iterations []int, loss []float64) {
	r := rand.New(rand.NewPCG(7, 8))
	for i := range n {
		l := floor + (0.7-floor)*math.Exp(-6*float64(i)/float64(n))
		iterations = append(iterations, i+1)
		loss = append(loss, l*math.Exp(0.25*r.NormFloat64()))
	}
	return iterations, loss
}

// withGaps has values that a logarithmic axis cannot show: a stretch, an isolated pair, the last.
func withGaps(iterations []int, loss []float64) ([]int, []float64) {
	for i := range 15 {
		loss[30+i] = math.NaN()
	}
	loss[60], loss[62], loss[99] = 0, 0, math.Inf(1)
	return iterations, loss
}

// held is a training that learns its rows by heart: what is held out gets worse at the end, and one look gave no
// number.
func held(iterations []int, loss []float64) Held {
	h := Held{Baseline: 0.69}
	for i := 19; i < len(iterations); i += 20 {
		h.Iterations = append(h.Iterations, iterations[i])
		h.Loss = append(h.Loss, 0.08+0.6*math.Exp(-float64(i)/60)+0.0004*float64(i))
	}
	h.Loss[2] = math.NaN()
	return h
}

// oscillations are two tracks over time, or in the plane: observed until 8, held out after.
func oscillations(plane int) []Track {
	var tracks []Track
	for _, r := range []float64{1, 2} {
		track := Track{Name: fmt.Sprintf("id %v", r)}
		at := func(t float64) Point {
			if plane == 1 {
				return Point{r * math.Cos(t), -r * math.Sin(t)}
			}
			return Point{t, r * math.Cos(t)}
		}
		for k := range 400 {
			t := float64(k) / 40
			switch p := at(t); {
			case k%8 == 0 && t < 8:
				track.Observed = append(track.Observed, p)
			case k%8 == 0:
				track.Held = append(track.Held, p)
			}
			track.Curve = append(track.Curve, at(t+0.05))
		}
		tracks = append(tracks, track)
	}
	return tracks
}

// near are pairs about the line where both are the same, up to that far off.
func near(n int, far float64) []Point {
	points := make([]Point, n)
	for i := range points {
		x := 4 * float64(i) / float64(n)
		points[i] = Point{x, x + far*math.Sin(float64(7*i))}
	}
	return points
}
