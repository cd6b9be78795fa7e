package gradcheck

import (
	"math"
	"slices"

	"neuralode/solver"
)

// part is one of the quantities for which the loss is differentiated: z0, the inputs, the signals, times, or a
// parameter.
type part struct {
	name  string
	shape []int
	// of is the part within a derivative, and shift a problem whose part is moved along a direction.
	of    func(*solver.Derivative) []float64
	value []float64
	reach float64 // how far its numbers may be moved; 0: as far as their size says
	shift func(p Problem, moved []float64) Problem
}

func partsOf(p Problem) []part {
	dim, b := p.Model.Dim(), p.Batch
	var parts []part
	if len(b.Z0) > 0 { // else a lift makes it
		parts = append(parts, part{
			name: "z0", shape: []int{len(b.Z0) / dim, dim}, value: b.Z0,
			of:    func(d *solver.Derivative) []float64 { return d.Z0 },
			shift: func(p Problem, moved []float64) Problem { p.Batch.Z0 = moved; return p },
		})
	}
	if n := newMoments(p).n; len(b.Inputs) > 0 {
		parts = append(parts, part{
			name: "inputs", shape: []int{n, len(b.Inputs) / n}, value: b.Inputs,
			of:    func(d *solver.Derivative) []float64 { return d.Inputs },
			shift: func(p Problem, moved []float64) Problem { p.Batch.Inputs = moved; return p },
		})
	}
	if width := b.Signals.Width(); width > 0 && p.Goal.ForSignals {
		parts = append(parts, part{
			name: "signals", shape: []int{len(b.Signals.Values) / width, width}, value: b.Signals.Values,
			of:    func(d *solver.Derivative) []float64 { return d.Signals },
			shift: func(p Problem, moved []float64) Problem { p.Batch.Signals.Values = moved; return p },
		})
	}
	parts = append(parts, timeParts(p)...)
	length := 0
	for _, q := range p.Model.Params() {
		from, to := length, length+q.Len()
		length = to
		if q.Len() > 0 {
			parts = append(parts, part{
				name: q.Name, shape: q.Shape, value: p.Theta[from:to],
				of: func(d *solver.Derivative) []float64 { return d.Theta[from:to] },
				shift: func(p Problem, moved []float64) Problem {
					p.Theta = slices.Clone(p.Theta)
					copy(p.Theta[from:], moved)
					return p
				},
			})
		}
	}
	return parts
}

// step is the first step of differences along v.
func (q part) step(v []float64) float64 {
	h := firstStep * q.scale()
	if q.reach > 0 {
		most := 0.0
		for _, x := range v {
			most = max(most, math.Abs(x))
		}
		h = min(h, q.reach/(8*most)) // of a step twice as long, half the room: two times may move towards each other
	}
	return h
}

// scale is the size of a step within the part: that of its numbers, or 1 where they are all zero.
func (q part) scale() float64 {
	if s := norm(q.value) / math.Sqrt(float64(len(q.value))); s > 0 && !math.IsInf(s, 0) {
		return s
	}
	return 1
}

// index is the place of number i within the part's shape.
func (q part) index(i int) []int {
	at := make([]int, len(q.shape))
	for axis := len(q.shape) - 1; axis >= 0; axis-- {
		at[axis] = i % q.shape[axis]
		i /= q.shape[axis]
	}
	return at
}

func norm(x []float64) float64 { return math.Sqrt(dot(x, x)) }

func dot(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

func minus(x, y []float64) []float64 {
	d := make([]float64, len(x))
	for i := range x {
		d[i] = x[i] - y[i]
	}
	return d
}

// distance is ‖x − y‖₂ / ‖y‖₂; 0 where both are zero.
func distance(x, y []float64) float64 {
	if n := norm(minus(x, y)); n != 0 {
		return n / norm(y)
	}
	return 0
}
