package solver_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuralode/solver"
)

// curves are conditions given as functions of x in a step, with their slopes at the beginning.
type curves struct {
	g     []func(x float64) float64
	slope []float64
	asked int
}

func (c *curves) At(k int, x float64) float64 {
	c.asked++
	return c.g[k](x)
}
func (c *curves) Slope(k int) float64 { return c.slope[k] }

// look is a first step of size h from t.
func look(w *solver.Watch, c *curves, t, h float64) ([]solver.Hit, solver.Status) {
	for k, g := range c.g {
		for j := range solver.WatchPoints + 1 {
			w.G[k*(solver.WatchPoints+1)+j] = g(float64(j) / solver.WatchPoints)
		}
	}
	return w.Step(c, solver.Spec{Precision: solver.Float64}, t, h, t+h)
}

// TestRootsOfPolynomials finds the roots of random polynomials of which no two are within an eighth of the step, each to
// the tolerance and with few evaluations.
func TestRootsOfPolynomials(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	found, asked := 0, 0
	for range 2000 {
		var want []float64
		for at := rng.Float64() / 4; at < 1; at += 0.13 + rng.Float64()/2 {
			want = append(want, at)
		}
		scale := math.Exp(20*rng.Float64() - 10)
		c := &curves{g: []func(float64) float64{func(x float64) float64 {
			y := scale
			for _, root := range want {
				y *= x - root
			}
			return y
		}}, slope: []float64{1}}
		w := solver.NewWatch([]solver.Event{{}})
		w.Start()
		hits, status := look(w, c, 5, 2)
		if len(hits) != len(want) || status != solver.OK {
			t.Fatalf("%d roots of %v, status %v", len(hits), want, status)
		}
		for i, hit := range hits {
			if at := hit.Time(5, 2, 7); math.Abs(at-(5+2*want[i])) > 16*0x1p-52*7 {
				t.Fatalf("root at %v, want %v", at, 5+2*want[i])
			}
		}
		found, asked = found+len(hits), asked+c.asked
	}
	if each := float64(asked) / float64(found); each > 14 { // bisection takes 49
		t.Errorf("%.1f evaluations for a root", each)
	}
}

// TestDirections tells rising from falling roots, and counts what comes from zero at the start.
func TestDirections(t *testing.T) {
	up := func(x float64) float64 { return x - 0.5 }
	arch := func(x float64) float64 { return x * (0.6 - x) }
	for _, x := range []struct {
		what      string
		g         func(float64) float64
		slope     float64
		direction int
		want      []float64
	}{
		{"rising, both", up, 1, 0, []float64{0.5}},
		{"rising, rising", up, 1, solver.Rising, []float64{0.5}},
		{"rising, falling", up, 1, solver.Falling, nil},
		{"from zero up, falling", arch, 0.6, solver.Falling, []float64{0.6}},
		{"from zero up, rising", arch, 0.6, solver.Rising, []float64{0}},
		{"from zero up, both", arch, 0.6, 0, []float64{0, 0.6}},
		{"zero", func(float64) float64 { return 0 }, 0, 0, nil},
		{"to zero at the end", func(x float64) float64 { return 1 - x }, -1, 0, []float64{1}},
		{"not a number", func(float64) float64 { return math.NaN() }, math.NaN(), 0, nil},
		{"a touch", func(x float64) float64 { return (x - 0.3) * (x - 0.3) }, -0.6, 0, nil},
		{"a dip", func(x float64) float64 { return (x-0.3)*(x-0.3) - 1e-10 }, -0.6, 0, []float64{0.3 - 1e-5, 0.3 + 1e-5}},
		{"a dip at the end", func(x float64) float64 { return (x-0.97)*(x-0.97) - 1e-6 }, -2, 0, []float64{0.969, 0.971}},
	} {
		w := solver.NewWatch([]solver.Event{{Direction: x.direction}})
		w.Start()
		hits, status := look(w, &curves{g: []func(float64) float64{x.g}, slope: []float64{x.slope}}, 0, 1)
		var got []float64
		for _, hit := range hits {
			got = append(got, hit.X)
		}
		near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
		if !slices.EqualFunc(got, x.want, near) || status != solver.OK {
			t.Errorf("%s: roots at %v with status %v, want %v", x.what, got, status, x.want)
		}
	}
}
