package gradcheck

import (
	"math"
	"math/rand/v2"
	"slices"

	"neuralode/solver"
)

// The steps of the differences, as parts of a quantity's size: from the first, halved so often. The first is as long as
// the smooth part of a loss, the last as short as the error of a solve at [Rtol] allows.
const (
	firstStep = 1.0 / 64
	halvings  = 6
)

// loss is the objective of a problem, solved at the tight tolerances.
func (c *checker) loss(p Problem) (float64, error) {
	program := c.programs[slices.Index(solver.Gradients(), solver.Discrete)]
	if p.Goal.Cotangent == nil {
		d, err := program.Differentiate(c.ctx, p.Theta, p.Batch, p.Goal)
		if err == nil {
			err = d.Solution.Err()
		}
		if err != nil {
			return 0, err
		}
		return d.Loss, nil
	}
	s, err := program.Solve(c.ctx, p.Theta, p.Batch)
	if err == nil {
		err = s.Err()
	}
	if err != nil {
		return 0, err
	}
	sum := dot(p.Goal.Cotangent, s.Z1)
	if p.Goal.Saved != nil {
		sum += dot(p.Goal.Saved, s.Saved)
	}
	return sum, nil
}

// difference is the derivative of the loss along v within a part: central differences of five points (error h⁴) with
// falling steps, of which the two that agree best say how well it is known. A side on which the solve fails ends it there.
func (c *checker) difference(q part, v []float64) (Difference, error) {
	at := func(s float64) (float64, error) {
		moved := make([]float64, len(v))
		for i := range v {
			moved[i] = q.value[i] + s*v[i]
		}
		return c.loss(q.shift(c.p, moved))
	}
	central := func(h float64) (float64, error) { // φ(h) − φ(−h), over 2h
		up, err := at(h)
		if err != nil {
			return 0, err
		}
		down, err := at(-h)
		return (up - down) / (2 * h), err
	}
	d := Difference{Of: q.name, Uncertainty: math.Inf(1), direction: v}
	h := firstStep * q.scale()
	wide, err := central(2 * h)
	if err != nil {
		return d, err
	}
	before := math.NaN()
	for range halvings {
		narrow, err := central(h)
		if err != nil {
			return d, err
		}
		now := (4*narrow - wide) / 3
		if apart := math.Abs(now - before); apart < d.Uncertainty {
			d.Value, d.Uncertainty = now, apart
		}
		before, wide, h = now, narrow, h/2
	}
	return d, nil
}

// directions are two within a part: along signs that are drawn, and along those of the derivative, which no error of one
// sign can hide from. A part of one number has one.
func (c *checker) directions(q part, at int) [][]float64 {
	n := len(q.value)
	if n == 1 {
		return [][]float64{{1}}
	}
	rng := rand.New(rand.NewPCG(1, uint64(at)))
	drawn, along := make([]float64, n), make([]float64, n)
	unit := 1 / math.Sqrt(float64(n))
	for i, g := range q.of(c.exact[c.best]) {
		drawn[i] = unit * float64(2*rng.IntN(2)-1)
		along[i] = math.Copysign(unit, g)
	}
	return [][]float64{drawn, along}
}
