package solvertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// trajectory is a network of two components with its loss at the times of nine samples, three of them without any.
type trajectory struct {
	model solver.Model
	theta []float64
	batch solver.Batch
	o     solver.Objective
}

func newTrajectory(t *testing.T, read graph.Readout, loss graph.Loss) trajectory {
	t.Helper()
	f, err := graph.MLP{Sizes: []int{2, 5, 2}, Time: true}.Field()
	must(t, f, err)
	h, err := graph.LowerHead(graph.Head{Dim: 2, Readout: read, Loss: loss})
	j := trajectory{model: solver.Model{Field: lower(t, f), Head: must(t, h, err)}}
	number := func(i int) float64 { return math.Sin(1.7*float64(i) + 0.3*float64(i*i%11)) }
	for i := range j.model.ThetaLen() {
		j.theta = append(j.theta, number(i))
	}
	j.batch.Offsets, j.o.AtTimes = []int{0}, true
	for i := range 9 {
		span := solver.Span{T0: 0.1 * float64(i), T1: 2}
		j.batch.Z0, j.batch.Spans = append(j.batch.Z0, number(3*i), number(5*i+1)), append(j.batch.Spans, span)
		for k := range i % 3 * 2 {
			at := span.T0 + float64(k)/float64(i%3*2-1)*(span.T1-span.T0)
			j.batch.Times = append(j.batch.Times, at)
			j.o.Labels = append(j.o.Labels, number(7*k+i), number(11*k-i))
			j.o.Weight, j.o.Mask = append(j.o.Weight, 0.1+0.05*float64(k)), append(j.o.Mask, k == i%5)
		}
		j.batch.Offsets = append(j.batch.Offsets, len(j.batch.Times))
	}
	for row, masked := range j.o.Mask {
		if masked {
			j.o.Labels[2*row] = math.NaN() // not observed
		}
	}
	return j
}

// lossAtTimes compares the gradients of a loss over ragged times, with a mask and weights, with the reference, and the
// discrete one with finite differences. With one time for all, t1, it is the loss of z(t1).
func (s Suite) lossAtTimes(t *testing.T) {
	for what, j := range map[string]trajectory{"linear, a noise": newTrajectory(t, graph.Linear(2), graph.GaussianNLL(2)),
		"of time, far ones": timed(t)} {
		t.Run(what, func(t *testing.T) { s.trajectoryLoss(t, j) })
	}
}

// trainsAtTimes compares a training on the trajectories, which has spans, times, weights and masks of its samples, with
// updates along derivatives of the minibatches.
func (s Suite) trainsAtTimes(t *testing.T) {
	j, opt := newTrajectory(t, graph.Linear(2), graph.GaussianNLL(2)), solver.DefaultOptimizer(0.01)
	j.batch, j.o = j.some(j.o, []int{1, 2, 4, 5, 7, 8}) // the others have no times
	minibatches := [][]int{{5, 0, 3}, {4}, {2}, {1, 4, 3, 5, 0, 2}}
	for _, mode := range solver.Gradients() {
		for _, weighted := range []bool{true, false} {
			o := j.o
			if !weighted {
				o.Weight = nil
			}
			program := s.compile(t, j.model, s.spec(mode))
			session, err := program.Train(solver.Data{Batch: j.batch, Objective: o}, opt,
				solver.NewOptimizerState(j.theta))
			supported(t, session, err)
			want := solver.NewOptimizerState(j.theta)
			k := 0
			err = session.Run(context.Background(), minibatches, nil, func(it solver.Iteration) {
				b, o := j.some(o, minibatches[k])
				d := Suite{Backend: solver.Reference(), Precision: s.Precision}.differentiate(t, j.model, s.spec(mode),
					want.Theta, b, o)
				near(t, fmt.Sprintf("%v: the loss of minibatch %d", mode, k), []float64{it.Loss}, []float64{d.Loss},
					s.choose(1e-3, 1e-8))
				opt.Update(&want, d.Theta, it.GradientNorm, opt.Rate)
				k++
			})
			if err != nil {
				t.Fatal(err)
			}
			state, err := session.State()
			must(t, state, err)
			near(t, fmt.Sprintf("%v: θ after training", mode), state.Theta, want.Theta, s.choose(3e-3, 1e-8))
			must(t, session, session.Close())
		}
	}
}

// some is the batch and the objective of some samples.
func (j trajectory) some(o solver.Objective, samples []int) (solver.Batch, solver.Objective) {
	b, part := solver.Batch{Offsets: []int{0}}, solver.Objective{AtTimes: true, Labels: []float64{}}
	for _, i := range samples {
		b.Z0, b.Spans = append(b.Z0, j.batch.Z0[2*i], j.batch.Z0[2*i+1]), append(b.Spans, j.batch.Spans[i])
		for row := j.batch.Offsets[i]; row < j.batch.Offsets[i+1]; row++ {
			b.Times, part.Labels = append(b.Times, j.batch.Times[row]), append(part.Labels, o.Labels[2*row:2*row+2]...)
			part.Mask = append(part.Mask, o.Mask[row])
			if o.Weight != nil {
				part.Weight = append(part.Weight, o.Weight[row])
			}
		}
		b.Offsets = append(b.Offsets, len(b.Times))
	}
	return b, part
}

// timed is a trajectory whose read-out depends on the time, and whose loss is a square only near the labels.
func timed(t *testing.T) trajectory { return newTrajectory(t, waving(), graph.Huber(0.5)) }

// waving is the read-out p·z·cos t.
func waving() graph.Readout {
	return graph.Readout{Params: func(int) []graph.Param { return []graph.Param{{Name: "p"}} },
		TimeFunc: func(t, z *node, theta []*node) (*node, error) {
			var b builder
			wave := b.do(gorgonia.HadamardProd(b.do(gorgonia.Cos(t)), theta[0]))
			return b.do(gorgonia.BroadcastHadamardProd(z, wave, nil, []byte{1})), b.err
		}}
}

func (s Suite) trajectoryLoss(t *testing.T, j trajectory) {
	for _, mode := range solver.Gradients() {
		program := s.compile(t, j.model, s.spec(mode))
		d, err := program.Differentiate(context.Background(), j.theta, j.batch, j.o)
		d = supported(t, d, err)
		must(t, d, d.Err())
		want := Suite{Backend: solver.Reference(), Precision: s.Precision}.differentiate(t, j.model, s.spec(mode),
			j.theta, j.batch, j.o)
		bound, what := s.choose(1e-4, 1e-9), mode.String()
		near(t, what+": outputs", observed(j, d.Out), observed(j, want.Out), bound)
		near(t, what+": the loss", []float64{d.Loss}, []float64{want.Loss}, bound)
		near(t, what+": ∂L/∂θ", d.Theta, want.Theta, bound)
		near(t, what+": ∂L/∂z0", d.Z0, want.Z0, bound)
		for row, masked := range j.o.Mask {
			if masked != math.IsNaN(d.Losses[row]) || masked != math.IsNaN(d.Out[2*row]) {
				t.Errorf("%v: row %d, masked: %t, has the loss %v and the outputs %v", mode, row, masked, d.Losses[row],
					d.Out[2*row:2*row+2])
			}
		}
		s.eachWithItsTimes(t, program, j, d)
		s.lossAtTheEnd(t, program, j)
		s.spoiledRow(t, program, j)
		s.lossUnderOneStep(t, mode, j)
		if s.Precision == solver.Float64 {
			j.differences(t, program, mode, d)
		}
	}
}

// observed are the outputs of the rows that are not masked.
func observed(j trajectory, out []float64) []float64 {
	var seen []float64
	for row, masked := range j.o.Mask {
		if !masked {
			seen = append(seen, out[2*row:2*row+2]...)
		}
	}
	return seen
}

// eachWithItsTimes compares each sample with what it is in a batch of one, with the same weights.
func (s Suite) eachWithItsTimes(t *testing.T, program solver.Program, j trajectory, d *solver.Derivative) {
	t.Helper()
	for i := range 9 {
		from, to := j.batch.Rows(i)
		if from == to {
			continue
		}
		alone, err := program.Differentiate(context.Background(), j.theta, solver.Batch{Z0: j.batch.Z0[2*i : 2*i+2],
			Spans: j.batch.Spans[i : i+1], Times: j.batch.TimesOf(i)}, solver.Objective{AtTimes: true,
			Labels: j.o.Labels[2*from : 2*to], Weight: j.o.Weight[from:to], Mask: j.o.Mask[from:to]})
		must(t, alone, err)
		what := fmt.Sprintf("sample %d: ", i)
		same(t, what+"∂L/∂z0", d.Z0[2*i:], alone.Z0)
		for row, masked := range j.o.Mask[from:to] {
			if !masked {
				same(t, what+"a loss", d.Losses[from+row:], alone.Losses[row:row+1])
			}
		}
	}
}

// lossAtTheEnd asks for t1 alone, as a time and as ever.
func (s Suite) lossAtTheEnd(t *testing.T, program solver.Program, j trajectory) {
	t.Helper()
	b, o := solver.Batch{Z0: j.batch.Z0, Spans: []solver.Span{{T1: 1.5}}}, solver.Objective{Labels: make([]float64, 18)}
	for i := range o.Labels {
		o.Labels[i] = math.Cos(float64(i))
	}
	want, err := program.Differentiate(context.Background(), j.theta, b, o)
	must(t, want, err)
	b.Times, o.AtTimes = []float64{1.5}, true
	got, err := program.Differentiate(context.Background(), j.theta, b, o)
	must(t, got, err)
	same(t, "at t1: losses", got.Losses, want.Losses)
	same(t, "at t1: outputs", got.Out, want.Out)
	near(t, "at t1: the loss", []float64{got.Loss}, []float64{want.Loss}, s.choose(1e-6, 1e-12))
	near(t, "at t1: ∂L/∂θ", got.Theta, want.Theta, s.choose(1e-5, 1e-12))
	near(t, "at t1: ∂L/∂z0", got.Z0, want.Z0, s.choose(1e-5, 1e-12))
}

// spoiledRow makes a label that counts not a number: its sample fails, and the sums are those with the sample masked.
func (s Suite) spoiledRow(t *testing.T, program solver.Program, j trajectory) {
	t.Helper()
	const bad = 5
	from, to := j.batch.Rows(bad)
	spoiled, masked := j.o, j.o
	spoiled.Labels, masked.Mask = slices.Clone(j.o.Labels), slices.Clone(j.o.Mask)
	spoiled.Labels[2*to-1] = math.NaN()
	for row := from; row < to; row++ {
		masked.Mask[row] = true
	}
	got, err := program.Differentiate(context.Background(), j.theta, j.batch, spoiled)
	must(t, got, err)
	want, err := program.Differentiate(context.Background(), j.theta, j.batch, masked)
	must(t, want, err)
	var failed *solver.SampleError
	if err := got.Err(); !errors.As(err, &failed) || failed.Sample != bad || failed.Failed != 1 ||
		failed.End.Status != solver.NonFinite {
		t.Errorf("Err is %v, want sample %d not finite", err, bad)
	}
	near(t, "spoiled: the loss", []float64{got.Loss}, []float64{want.Loss}, s.choose(1e-6, 1e-14))
	near(t, "spoiled: ∂L/∂θ", got.Theta, want.Theta, s.choose(1e-5, 1e-12))
	same(t, "spoiled: ∂L/∂z0", got.Z0, want.Z0)
}

// lossUnderOneStep compares the loss at times shared by all, with one step for all, with the reference.
func (s Suite) lossUnderOneStep(t *testing.T, mode solver.Gradient, j trajectory) {
	t.Helper()
	spec := s.spec(mode)
	spec.Controller.Control = solver.ControlBatch
	if !s.supports(t, j.model, spec) {
		return
	}
	b := solver.Batch{Z0: j.batch.Z0, Spans: []solver.Span{{T1: 1.5}}, Times: []float64{0.5, 1}}
	o := solver.Objective{AtTimes: true, Labels: make([]float64, 36)}
	got, err := s.compile(t, j.model, spec).Differentiate(context.Background(), j.theta, b, o)
	must(t, got, err)
	want := Suite{Backend: solver.Reference(), Precision: s.Precision}.differentiate(t, j.model, spec, j.theta, b, o)
	near(t, "one step for all: ∂L/∂θ", got.Theta, want.Theta, s.choose(1e-4, 1e-9))
	near(t, "one step for all: ∂L/∂z0", got.Z0, want.Z0, s.choose(1e-4, 1e-9))
}

// differences compares the derivatives of the loss with central differences along a direction of θ and z0.
func (j trajectory) differences(t *testing.T, program solver.Program, mode solver.Gradient, d *solver.Derivative) {
	t.Helper()
	const e = 1e-4
	want := 0.0
	direction := func(x, bar []float64) (up, down []float64) {
		up, down = slices.Clone(x), slices.Clone(x)
		for i := range x {
			v := math.Cos(2.3 * float64(i))
			up[i], down[i], want = x[i]+e*v, x[i]-e*v, want+v*bar[i]
		}
		return up, down
	}
	loss := func(theta, z0 []float64) float64 {
		b := j.batch
		b.Z0 = z0
		d, err := program.Differentiate(context.Background(), theta, b, j.o)
		return must(t, d, err).Loss
	}
	thetaUp, thetaDown := direction(j.theta, d.Theta)
	zUp, zDown := direction(j.batch.Z0, d.Z0)
	got := (loss(thetaUp, zUp) - loss(thetaDown, zDown)) / (2 * e)
	near(t, fmt.Sprintf("%v: along a direction", mode), []float64{want}, []float64{got}, 1e-6)
}
