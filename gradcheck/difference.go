package gradcheck

import (
	"errors"
	"math"
	"math/rand/v2"

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
	program := c.programs[c.best]
	s, err := program.Solve(c.ctx, p.Theta, p.Batch)
	if err == nil {
		err = s.Err()
	}
	if err != nil {
		return 0, err
	}
	if p.Goal.Cotangent == nil {
		read, err := program.ReadOut(c.ctx, p.Theta, p.Goal.States(p.Model, p.Batch, s))
		if err != nil {
			return 0, err
		}
		if p.Goal.AtTimes {
			forgetBeyond(read.Losses, s.Saved)
		}
		return p.Goal.Total(p.Batch, len(s.End), read.Losses), nil
	}
	sum := dot(p.Goal.Cotangent, s.Z1)
	if p.Goal.Saved != nil {
		forgetBeyond(s.Saved, s.Saved)
		sum += dot(p.Goal.Saved, s.Saved)
	}
	for i, events := range s.Events {
		k := len(p.Goal.EventTimes) / len(s.End)
		for j, e := range events[:min(k, len(events))] {
			sum += p.Goal.EventTimes[i*k+j] * e.T
		}
	}
	return sum, nil
}

// forgetBeyond makes zeros of the rows of x whose states are not there: of a sample that arrived these lie after a
// terminal event, where no loss is.
func forgetBeyond(x, saved []float64) {
	for i := range x {
		if math.IsNaN(saved[i*(len(saved)/len(x))]) {
			x[i] = 0
		}
	}
}

// difference is the derivative of the loss along v within a part: central differences of five points (error h⁴) with
// falling steps, of which the two that agree best say how well it is known. Steps at which the solve fails, as beyond
// the edge of a field's domain, tell nothing: where all do, the uncertainty is infinite.
func (c *checker) difference(q part, v []float64) (Difference, error) {
	d := Difference{Of: q.name, Uncertainty: math.Inf(1), direction: v}
	h := q.step(v)
	wide, err := c.central(q, v, 2*h)
	before := math.NaN()
	for range halvings {
		if err != nil {
			return d, err
		}
		var narrow float64
		narrow, err = c.central(q, v, h)
		now := (4*narrow - wide) / 3
		if apart := math.Abs(now - before); apart < d.Uncertainty {
			d.Value, d.Uncertainty = now, apart
		}
		before, wide, h = now, narrow, h/2
	}
	return d, err
}

// central is (φ(h) − φ(−h)) / 2h for the loss φ along v; NaN where a solve fails.
func (c *checker) central(q part, v []float64, h float64) (float64, error) {
	var sides [2]float64
	for i, s := range []float64{h, -h} {
		moved := make([]float64, len(v))
		for j := range v {
			moved[j] = q.value[j] + s*v[j]
		}
		loss, err := c.loss(q.shift(c.p, moved))
		var failed *solver.SampleError
		if errors.As(err, &failed) && failed.End.Status != solver.Cancelled {
			return math.NaN(), nil
		}
		if err != nil {
			return 0, err
		}
		sides[i] = loss
	}
	return (sides[0] - sides[1]) / (2 * h), nil
}

// directions are two within a part: along signs that are drawn, and along those of the derivative, which no error of
// one sign can hide from. A part of one number has one.
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
