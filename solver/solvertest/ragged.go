package solvertest

import (
	"context"
	"fmt"
	"math"
	"testing"

	"neuralode/solver"
)

// raggedTimes gives samples of decay times of their own: none, the ends, the same twice, and a span backward. The
// states are those of the closed form, and what belongs to a sample has the bits that it has alone.
func (s Suite) raggedTimes(t *testing.T) {
	const theta = -0.8
	b := solver.Batch{Z0: []float64{1, 2, -1, 3, 0.5, 0.25, 2, -2, 4, 1},
		Spans:   []solver.Span{{T1: 2}, {T0: 1, T1: 3}, {T1: 1}, {T0: 1, T1: -1}, {T1: 2}},
		Times:   []float64{0, 0.3, 0.3, 2, 1.5, 1, 0.5, 0, -0.25, -1, 1e-3},
		Offsets: []int{0, 4, 5, 5, 10, 11}}
	o := solver.Objective{Cotangent: make([]float64, 10), Saved: make([]float64, 2*len(b.Times))}
	var saved, z0Bar []float64
	thetaBar := 0.0
	for i := range 5 {
		t0, row := b.Span(i).T0, b.Offsets[i]
		bar := [2]float64{}
		add := func(at float64, cotangent []float64) {
			for c := range 2 {
				grown := math.Exp(theta * (at - t0))
				cotangent[c] = math.Sin(3*at + float64(c+i))
				bar[c] += cotangent[c] * grown
				thetaBar += cotangent[c] * b.Z0[2*i+c] * (at - t0) * grown
			}
		}
		for _, at := range b.TimesOf(i) {
			saved = append(saved, b.Z0[2*i]*math.Exp(theta*(at-t0)), b.Z0[2*i+1]*math.Exp(theta*(at-t0)))
			add(at, o.Saved[2*row:])
			row++
		}
		add(b.Span(i).T1, o.Cotangent[2*i:])
		z0Bar = append(z0Bar, bar[:]...)
	}
	for _, mode := range solver.Gradients() {
		program := s.compile(t, solver.Model{Field: lower(t, rate())}, s.spec(mode))
		d, err := program.Differentiate(context.Background(), []float64{theta}, b, o)
		d = supported(t, d, err)
		near(t, fmt.Sprintf("%v: saved", mode), d.Saved, saved, s.choose(1e-4, 1e-6))
		near(t, fmt.Sprintf("%v: ∂L/∂z0", mode), d.Z0, z0Bar, s.choose(1e-4, 1e-6))
		near(t, fmt.Sprintf("%v: ∂L/∂θ", mode), d.Theta, []float64{thetaBar}, s.choose(1e-4, 1e-6))
		for i := range 5 {
			aloneWithItsTimes(t, program, []float64{theta}, b, o, d, i)
		}
	}
}

// aloneWithItsTimes compares sample i of a derivative with what it is in a batch of one.
func aloneWithItsTimes(t *testing.T, program solver.Program, theta []float64, b solver.Batch, o solver.Objective,
	d *solver.Derivative, i int) {
	t.Helper()
	from, to := b.Rows(i)
	one := solver.Batch{Z0: b.Z0[2*i : 2*i+2], Spans: []solver.Span{b.Span(i)}, Times: b.TimesOf(i)}
	alone, err := program.Differentiate(context.Background(), theta, one,
		solver.Objective{Cotangent: o.Cotangent[2*i : 2*i+2], Saved: o.Saved[2*from : 2*to]})
	must(t, alone, err)
	what := fmt.Sprintf("sample %d: ", i)
	same(t, what+"saved", d.Saved[2*from:2*to], alone.Saved)
	same(t, what+"z1", d.Z1[2*i:], alone.Z1)
	same(t, what+"∂L/∂z0", d.Z0[2*i:], alone.Z0)
	if d.Stats[i] != alone.Stats[0] || d.BackStats[i] != alone.BackStats[0] {
		t.Errorf("%scost %+v and %+v, alone %+v and %+v", what, d.Stats[i], d.BackStats[i], alone.Stats[0],
			alone.BackStats[0])
	}
}
