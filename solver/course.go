package solver

import (
	"math"
	"slices"
	"sort"
)

// Courses are the signals of a batch as backends read them: for each signal of each recording the knots at which it is
// known. See [Batch.Resolve].
type Courses struct {
	Interpolation Interpolation
	Derivative    bool
	Width         int       // signals of a recording
	Times         []float64 // of knots; signals that are known at all knots of their recording share them
	Values        []float64 // of knots, signal after signal
	Knots         []Knots   // [recordings, Width]
}

// Knots says which of the Times and Values of Courses are those of a signal: Count of each.
type Knots struct{ Time, Value, Count int }

// newCourses puts the values of each of checked signals together, without what is not known.
func newCourses(u *Signals) *Courses {
	r := &Courses{Interpolation: u.Interpolation, Derivative: u.Derivative, Width: u.Width(), Times: u.Times}
	blank := slices.ContainsFunc(u.Values, math.IsNaN)
	if r.Width == 1 && !blank {
		r.Values = u.Values
		for recording := range u.recordings() {
			from, to := u.knots(recording)
			r.Knots = append(r.Knots, Knots{from, from, to - from})
		}
		return r
	}
	if r.Values = make([]float64, 0, len(u.Values)); blank {
		r.Times = slices.Clone(u.Times)
	}
	for recording := range u.recordings() {
		from, to := u.knots(recording)
		for j := range r.Width {
			r.add(u, from, to, j)
		}
	}
	return r
}

// add appends signal j at the knots from up to to.
func (r *Courses) add(u *Signals, from, to, j int) {
	k := Knots{from, len(r.Values), 0}
	for at := from; at < to; at++ {
		if v := u.Values[at*r.Width+j]; !math.IsNaN(v) {
			r.Values = append(r.Values, v)
		}
	}
	if k.Count = len(r.Values) - k.Value; k.Count < to-from {
		k.Time = len(r.Times)
		for at := from; at < to; at++ {
			if !math.IsNaN(u.Values[at*r.Width+j]) {
				r.Times = append(r.Times, u.Times[at])
			}
		}
	}
	r.Knots = append(r.Knots, k)
}

// of is signal j of a recording.
func (r *Courses) of(recording, j int) course {
	k := r.Knots[recording*r.Width+j]
	return course{r.Times[k.Time : k.Time+k.Count], r.Values[k.Value : k.Value+k.Count], r.Interpolation}
}

// Inputs is the number of inputs that a field reads of them.
func (r *Courses) Inputs() int {
	if r.Derivative {
		return 2 * r.Width
	}
	return r.Width
}

// Len is the number of values of a recording.
func (r *Courses) Len(recording int) (n int) {
	for _, k := range r.Knots[recording*r.Width : (recording+1)*r.Width] {
		n += k.Count
	}
	return n
}

// Read writes the signals of a recording at time t, and their derivatives where the field reads them, to u, [Inputs].
// near, [Width], is where the same reader found t before, to begin looking there; it has no part in what is read.
func (r *Courses) Read(recording int, t float64, near []int, u []float64) {
	for j := range r.Width {
		c := r.of(recording, j)
		near[j] = c.find(t, near[j])
		w := c.weights(t, near[j])
		u[j] = w.of(&w.value, c.values)
		if r.Derivative {
			u[r.Width+j] = w.of(&w.derivative, c.values)
		}
	}
}

// Slope writes the derivatives for time of what Read reads of lines, and of cubics without their derivatives.
func (r *Courses) Slope(recording int, t float64, near []int, u []float64) {
	clear(u)
	for j := range r.Width {
		c := r.of(recording, j)
		near[j] = c.find(t, near[j])
		w := c.weights(t, near[j])
		u[j] = w.of(&w.derivative, c.values)
	}
}

// Add adds to bar, [Len], the derivatives for the values of a recording: those of the signals at time t, times u, as
// Read has them.
func (r *Courses) Add(recording int, t float64, near []int, u, bar []float64) {
	for j := range r.Width {
		c := r.of(recording, j)
		near[j] = c.find(t, near[j])
		w := c.weights(t, near[j])
		w.add(&w.value, u[j], bar)
		if r.Derivative {
			w.add(&w.derivative, u[r.Width+j], bar)
		}
		bar = bar[len(c.values):]
	}
}

// course is a signal as a function of time.
type course struct {
	times, values []float64
	interpolation Interpolation
}

// weights are those of n values, from one on, in the signal at a time and in its derivative.
type weights struct {
	from, n           int
	value, derivative [3]float64
}

func (w *weights) of(weight *[3]float64, values []float64) (sum float64) {
	for i, v := range values[w.from : w.from+w.n] {
		sum += weight[i] * v
	}
	return sum
}

func (w *weights) add(weight *[3]float64, by float64, bar []float64) {
	for i := range w.n {
		bar[w.from+i] += weight[i] * by
	}
}

// find is the knot k with times[k] ≤ t < times[k+1]: −1 before the first knot, and at the last that before it.
func (c *course) find(t float64, near int) int {
	last := len(c.times) - 1
	switch {
	case t < c.times[0]:
		return -1
	case t > c.times[last]:
		return last
	case t == c.times[last]:
		return max(last-1, 0)
	}
	for k := max(near, 0); k <= near+1 && k < last; k++ {
		if c.times[k] <= t && t < c.times[k+1] {
			return k
		}
	}
	return sort.Search(last, func(k int) bool { return c.times[k+1] > t })
}

// weights are those at time t, behind knot k, as find has it.
func (c *course) weights(t float64, k int) weights {
	if k < 0 || k == len(c.times)-1 { // held
		return weights{from: max(k, 0), n: 1, value: [3]float64{1}}
	}
	h := c.times[k+1] - c.times[k]
	x := (t - c.times[k]) / h
	if c.interpolation == LinearInterpolation || k == 0 {
		return weights{k, 2, [3]float64{1 - x, x}, [3]float64{-1 / h, 1 / h}}
	}
	// v0 + d0·h·x + (d1 − d0)·h·(2x² − x³), with d0 and d1 the slopes of the lines to knots k and k+1.
	before := h / (c.times[k] - c.times[k-1])
	q := (2 - x) * x * x
	d0, d1 := (x-q)*before, q
	slope := (4 - 3*x) * x
	e0, e1 := (1-slope)*before/h, slope/h
	return weights{k - 1, 3, [3]float64{-d0, 1 - d1 + d0, d1}, [3]float64{-e0, e0 - e1, e1}}
}

// slope is that of the line to knot k from the one before; 0 to the first and from the last.
func (c *course) slope(k int) float64 {
	if k <= 0 || k >= len(c.times) {
		return 0
	}
	return (c.values[k] - c.values[k-1]) / (c.times[k] - c.times[k-1])
}

// bends calls f with the times at which what is read of the course is not smooth, in order: where lines meet, where the
// derivatives of cubics do, and at the ends where the course stays as it is.
func (c *course) bends(derivative, hold bool, f func(t float64)) {
	last := len(c.times) - 1
	hermite := c.interpolation == HermiteInterpolation
	for k, t := range c.times {
		switch end := k == 0 || k == last; {
		case end && !hold, !end && hermite && !derivative:
		case c.slope(k) != c.slope(k+1), !end && hermite && k > 1 && c.slope(k-1) != c.slope(k):
			f(t)
		}
	}
}
