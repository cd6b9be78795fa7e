package solvertest

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"neuralode/graph"
	"neuralode/solver"
)

// timeDerivatives compares the derivatives for t0, t1 and the save times of each sample, in every mode, with
// differences of the reference's solutions, for losses at t1 and at times of each sample's own, and for cotangents.
func (s Suite) timeDerivatives(t *testing.T) {
	j := newTrajectory(t, graph.Linear(2), graph.MeanSquaredError()).first(5)
	for i, span := range j.batch.Spans { // times that differences can move
		for k := range j.batch.TimesOf(i) {
			j.batch.TimesOf(i)[k] = span.T0 + (0.1+0.2*float64(k))*(span.T1-span.T0)
		}
	}
	n, rows := j.batch.Len(2), len(j.batch.Times)
	number := func(k int) []float64 {
		x := make([]float64, k)
		for i := range x {
			x[i] = math.Sin(2.3*float64(i) + 1)
		}
		return x
	}
	weights := number(n)
	for what, o := range map[string]solver.Objective{
		"loss at t1":            {Labels: number(2 * n), Weight: weights},
		"mean loss at t1":       {Labels: number(2 * n)},
		"loss at times":         j.o,
		"cotangents":            {Cotangent: number(2 * n), Saved: number(2 * rows)},
		"cotangents at t1 only": {Cotangent: number(2 * n)},
	} {
		o.ForTimes = true
		t.Run(what, func(t *testing.T) {
			var spans, times []float64
			for _, mode := range solver.Gradients() {
				d, err := s.compile(t, j.model, s.spec(mode)).Differentiate(context.Background(), j.theta, j.batch, o)
				supported(t, d, err)
				if err := d.Err(); err != nil {
					t.Fatal(err)
				}
				if spans == nil {
					spans, times = j.timeDifferences(t, o)
				}
				near(t, mode.String()+": ∂L/∂t0, ∂L/∂t1", ends(d.Spans), spans, s.choose(2e-3, 3e-6))
				near(t, mode.String()+": ∂L/∂t", d.Times, times, s.choose(2e-3, 3e-6))
			}
		})
	}
	s.timesThatFail(t, j)
}

// first is the trajectory of the first n samples.
func (j trajectory) first(n int) trajectory {
	rows := j.batch.Offsets[n]
	j.batch = solver.Batch{Z0: j.batch.Z0[:2*n], Spans: j.batch.Spans[:n], Times: j.batch.Times[:rows],
		Offsets: j.batch.Offsets[:n+1]}
	j.o.Labels, j.o.Weight, j.o.Mask = j.o.Labels[:2*rows], j.o.Weight[:rows], j.o.Mask[:rows]
	return j
}

// ends are the ends of spans, laid end to end.
func ends(spans []solver.Span) (x []float64) {
	for _, span := range spans {
		x = append(x, span.T0, span.T1)
	}
	return x
}

// timeDifferences are those of the objective for each end of a span and each time.
func (j trajectory) timeDifferences(t *testing.T, o solver.Objective) (spans, times []float64) {
	t.Helper()
	spec := solver.DefaultSpec()
	spec.Precision, spec.Controller.Rtol, spec.Controller.Atol, spec.Controller.MaxSteps = solver.Float64, 1e-9, 1e-11,
		1<<20
	program, err := solver.Reference().Compile(j.model, spec)
	must(t, program, err)
	const h = 1e-3
	difference := func(i int, move func(span *solver.Span, times []float64, by float64)) float64 {
		var value [2]float64
		for k, by := range []float64{h, -h} {
			span, times := j.batch.Spans[i], slices.Clone(j.batch.TimesOf(i))
			move(&span, times, by)
			value[k] = j.valueOf(t, program, o, i, span, times)
		}
		return (value[0] - value[1]) / (2 * h)
	}
	for i := range j.batch.Spans {
		spans = append(spans, difference(i, func(span *solver.Span, _ []float64, by float64) { span.T0 += by }),
			difference(i, func(span *solver.Span, _ []float64, by float64) { span.T1 += by }))
		for k := range j.batch.TimesOf(i) {
			times = append(times, difference(i, func(_ *solver.Span, times []float64, by float64) { times[k] += by }))
		}
	}
	return spans, times
}

// valueOf is the part of sample i in an objective, over that span and at these times.
func (j trajectory) valueOf(t *testing.T, program solver.Program, o solver.Objective, i int, span solver.Span,
	times []float64) (sum float64) {
	t.Helper()
	solved, err := program.Solve(context.Background(), j.theta,
		solver.Batch{Z0: j.batch.Z0[2*i : 2*i+2], Spans: []solver.Span{span}, Times: times})
	must(t, solved, err)
	from, to := j.batch.Rows(i)
	if o.Cotangent != nil {
		sum = dot(o.Cotangent[2*i:2*i+2], solved.Z1)
		if o.Saved != nil {
			sum += dot(o.Saved[2*from:2*to], solved.Saved)
		}
		return sum
	}
	states, weights := solver.States{Z: solved.Z1, Labels: o.Labels[2*i : 2*i+2]},
		[]float64{1 / float64(j.batch.Len(2))}
	switch {
	case o.AtTimes && from == to:
		return 0
	case o.AtTimes:
		states, weights = solver.States{Z: solved.Saved, Labels: o.Labels[2*from : 2*to]}, o.Weight[from:to]
	case o.Weight != nil:
		weights = o.Weight[i : i+1]
	}
	read, err := program.ReadOut(context.Background(), j.theta, states)
	must(t, read, err)
	for k, loss := range read.Losses {
		if o.Mask == nil || !o.AtTimes || !o.Mask[from+k] {
			sum += weights[k] * loss
		}
	}
	return sum
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// timesThatFail asks of samples of which one does not arrive, for heads that read the time, and without asking.
func (s Suite) timesThatFail(t *testing.T, j trajectory) {
	program := s.compile(t, j.model, s.spec(solver.Discrete))
	b := solver.Batch{Z0: []float64{0.1, 0.2, math.NaN(), 0.1}, Spans: []solver.Span{{T1: 1}}, Times: []float64{0, 1}}
	o := solver.Objective{Cotangent: []float64{1, 0, 1, 0}, Saved: make([]float64, 8), ForTimes: true}
	d, err := program.Differentiate(context.Background(), j.theta, b, o)
	if errors.Is(err, errors.ErrUnsupported) {
		return
	}
	must(t, d, err)
	if d.Spans[1] != (solver.Span{}) || d.Times[2] != 0 || d.Times[3] != 0 || d.Spans[0].T1 == 0 {
		t.Errorf("beside a sample that failed: %v, %v", d.Spans, d.Times)
	}
	o.ForTimes = false
	d, err = program.Differentiate(context.Background(), j.theta, b, o)
	if must(t, d, err).Spans != nil || d.Times != nil {
		t.Error("derivatives for times that nobody asked for")
	}
	timed := timed(t)
	timed.o.ForTimes = true
	_, err = s.compile(t, timed.model, s.spec(solver.Discrete)).Differentiate(context.Background(), timed.theta,
		timed.batch, timed.o)
	if !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("for a head that reads the time: %v", err)
	}
}
