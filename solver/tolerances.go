package solver

import (
	"errors"
	"fmt"
	"math"
)

// Tolerances are those of component i of z; in a state of several samples, one after the other, of the component there.
func (c *Controller) Tolerances(i int) (rtol, atol float64) {
	rtol, atol = c.Rtol, c.Atol
	if n := len(c.Rtols); n > 0 {
		rtol = c.Rtols[i%n]
	}
	if n := len(c.Atols); n > 0 {
		atol = c.Atols[i%n]
	}
	return rtol, atol
}

// components is how many there are tolerances for; 0 where all have the same.
func (c *Controller) components() int { return max(len(c.Rtols), len(c.Atols)) }

// checkTolerances reports the first component without tolerances by which its error can be measured.
func (c *Controller) checkTolerances() error {
	if a, b := len(c.Rtols), len(c.Atols); a > 0 && b > 0 && a != b {
		return fmt.Errorf("solver: %d relative tolerances and %d absolute ones, want one of each for each component", a, b)
	}
	for i := range c.components() {
		rtol, atol := c.Tolerances(i)
		if sum := rtol + atol; !(rtol >= 0 && atol >= 0 && sum > 0 && sum <= math.MaxFloat64) {
			return fmt.Errorf("solver: rtol and atol of component %d must be zero or positive, and one of them positive, got %v and %v",
				i, rtol, atol)
		}
	}
	return nil
}

// checkTolerances reports tolerances for another number of components than the model has.
func (m Model) checkTolerances(spec Spec) error {
	var errs []error
	for _, t := range []struct {
		name string
		of   []float64
	}{{"rtol", spec.Controller.Rtols}, {"atol", spec.Controller.Atols}} {
		if n := len(t.of); n > 0 && n != m.Dim() {
			errs = append(errs, fmt.Errorf("solver: %d numbers for %s, want one, or one for each of the %d components of the state",
				n, t.name, m.Dim()))
		}
	}
	return errors.Join(errs...)
}

func roundedTo32(x []float64) []float64 {
	var y []float64
	for _, v := range x {
		y = append(y, float64(float32(v)))
	}
	return y
}
