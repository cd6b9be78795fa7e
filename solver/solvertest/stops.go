package solvertest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// pulsed is dz/dt = force − rate·z while the time is between the sample's inputs, and −rate·z else.
func pulsed() graph.Field {
	return graph.Field{Dim: 1, Inputs: 2,
		Params: []graph.Param{{Name: "force", Shape: nil}, {Name: "rate", Shape: nil}},
		InputFunc: func(t, z, u *node, theta []*node) (*node, error) {
			var b builder
			after := b.do(gorgonia.Gt(t, b.do(graph.Slice(u, 1, 0, 1, 1)), true))
			before := b.do(gorgonia.Gt(b.do(graph.Slice(u, 1, 1, 2, 1)), t, true))
			force := b.do(gorgonia.HadamardProd(b.do(gorgonia.HadamardProd(after, before)), theta[0]))
			return b.do(gorgonia.Sub(force, b.do(gorgonia.HadamardProd(z, theta[1])))), b.err
		}}
}

const pulseForce, pulseRate = 10., 0.5

// pulse is the solution at t of pulsed from z0 at 0, and its derivatives for force and rate.
func pulse(z0, from, to, t float64) (z, force, rate float64) {
	since, until := max(0, t-from), max(0, t-to)
	early, late := math.Exp(-pulseRate*since), math.Exp(-pulseRate*until)
	force = (late - early) / pulseRate
	grown := (since*early-until*late)/pulseRate - force/pulseRate
	return z0*math.Exp(-pulseRate*t) + pulseForce*force, force, -t*z0*math.Exp(-pulseRate*t) + pulseForce*grown
}

// stops checks fields that jump: pulses in a quiet stretch are seen, and known to the solution and its derivatives,
// whether stops are shared or each sample's own.
func (s Suite) stops(t *testing.T) {
	shared := solver.Batch{Z0: []float64{0, 1}, Spans: []solver.Span{{T1: 10}}, Inputs: []float64{7.1, 7.2, 7.1, 7.2},
		Times: []float64{1, 7.15, 7.2, 9}, Stops: []float64{7.1, 7.2}}
	own := solver.Batch{Z0: []float64{0, 1, 0, 2, 0}, Spans: []solver.Span{{T1: 10}},
		Inputs: []float64{7.1, 7.2, 0, 0.3, 3.3, 3.4, 5, 5, 9.5, 10}, Times: []float64{0, 3, 5, 10},
		Stops: []float64{7.1, 7.2, 0, 0.3, 3.3, 3.4, 5, 5, 9.5, 10}, StopOffsets: []int{0, 2, 4, 6, 8, 10}}
	for _, mode := range solver.Gradients() {
		for what, b := range map[string]solver.Batch{"shared": shared, "own": own} {
			t.Run(fmt.Sprintf("%v/%s", mode, what), func(t *testing.T) { s.pulses(t, mode, b) })
		}
	}
	t.Run("one step for all", s.sharedStepsToStops)
	t.Run("backward", s.stopsBackward)
	t.Run("constant steps", s.constantStepsToStops)
	t.Run("derivatives for times", s.timesAtStops)
	t.Run("training", s.stopsInTraining)
	t.Run("wrong", s.wrongStops)
}

// pulses differentiates the sum of the states at the times and at the end.
func (s Suite) pulses(t *testing.T, mode solver.Gradient, b solver.Batch) {
	n, k := len(b.Z0), len(b.Times)
	o := solver.Objective{Cotangent: slices.Repeat([]float64{1}, n), Saved: slices.Repeat([]float64{1}, n*k)}
	var z1, saved, z0Bar []float64
	theta := []float64{0, 0}
	for i := range n {
		sum := 0.0
		for _, at := range append(slices.Clone(b.Times), 10) {
			z, force, rate := pulse(b.Z0[i], b.Inputs[2*i], b.Inputs[2*i+1], at)
			saved = append(saved, z)
			sum += math.Exp(-pulseRate * at)
			theta[0], theta[1] = theta[0]+force, theta[1]+rate
		}
		z1, saved = append(z1, saved[len(saved)-1]), saved[:len(saved)-1]
		z0Bar = append(z0Bar, sum)
	}
	m, spec := solver.Model{Field: lower(t, pulsed())}, s.spec(mode)
	if mode == solver.Discrete {
		spec.Controller.MaxStep = 0.5 // at rest steps grow beyond what is stable, and so does their derivative
	}
	if !s.supports(t, m, spec) {
		t.Skip(s.Backend.Supports(spec))
	}
	program := s.compile(t, m, spec)
	d, err := program.Differentiate(context.Background(), []float64{pulseForce, pulseRate}, b, o)
	if d = supported(t, d, err); d.Err() != nil {
		t.Fatal(d.Err())
	}
	bound := s.choose(2e-4, 1e-6)
	near(t, "z1", d.Z1, z1, bound)
	near(t, "saved", d.Saved, saved, bound)
	near(t, "∂L/∂z0", d.Z0, z0Bar, bound)
	near(t, "∂L/∂θ", d.Theta, theta, bound)
	for i := range n {
		alone := b
		alone.Z0, alone.Inputs, alone.Stops, alone.StopOffsets = b.Z0[i:i+1], b.Inputs[2*i:2*i+2], b.StopsOf(i), nil
		one, err := program.Differentiate(context.Background(), []float64{pulseForce, pulseRate}, alone,
			solver.Objective{Cotangent: o.Cotangent[:1], Saved: o.Saved[:k]})
		must(t, one, err)
		same(t, fmt.Sprintf("z1 of sample %d alone", i), one.Z1, d.Z1[i:i+1])
		same(t, fmt.Sprintf("∂L/∂z0 of sample %d alone", i), one.Z0, d.Z0[i:i+1])
		if one.Stats[0] != d.Stats[i] || one.BackStats[0] != d.BackStats[i] {
			t.Errorf("sample %d costs %+v and %+v, alone %+v and %+v", i, d.Stats[i], d.BackStats[i], one.Stats[0],
				one.BackStats[0])
		}
	}
}

// sharedStepsToStops takes all samples to a stop in steps that they share.
func (s Suite) sharedStepsToStops(t *testing.T) {
	m, spec := solver.Model{Field: lower(t, pulsed())}, s.spec(solver.Adjoint)
	if spec.Controller.Control = solver.ControlBatch; !s.supports(t, m, spec) {
		t.Skip(s.Backend.Supports(spec))
	}
	d := s.differentiate(t, m, spec, []float64{pulseForce, pulseRate},
		solver.Batch{Z0: []float64{0, 1, 0.5}, Spans: []solver.Span{{T1: 10}},
			Inputs: []float64{7.1, 7.2, 7.1, 7.2, 7.1, 7.2}, Stops: []float64{7.1, 7.2}},
		solver.Objective{Cotangent: []float64{1, 1, 1}})
	var z1 []float64
	theta := []float64{0, 0}
	for _, z0 := range []float64{0, 1, 0.5} {
		z, force, rate := pulse(z0, 7.1, 7.2, 10)
		z1, theta[0], theta[1] = append(z1, z), theta[0]+force, theta[1]+rate
	}
	near(t, "z1", d.Z1, z1, s.choose(2e-4, 1e-6))
	near(t, "∂L/∂θ", d.Theta, theta, s.choose(2e-4, 1e-6))
}

// stopsBackward goes there and back.
func (s Suite) stopsBackward(t *testing.T) {
	m := solver.Model{Field: lower(t, pulsed())}
	b := solver.Batch{Z0: []float64{0.25}, Spans: []solver.Span{{T1: 4}}, Inputs: []float64{2.1, 2.2},
		Stops: []float64{2.1, 2.2}}
	program, theta := s.compile(t, m, s.spec(solver.NoGradient)), []float64{pulseForce, pulseRate}
	there, err := program.Solve(context.Background(), theta, b)
	there = supported(t, there, err)
	b.Z0, b.Spans = there.Z1, []solver.Span{{T0: 4}}
	slices.Reverse(b.Stops)
	back, err := program.Solve(context.Background(), theta, b)
	must(t, back, err)
	near(t, "there and back", back.Z1, []float64{0.25}, s.choose(1e-3, 1e-6))
}

// timesAtStops moves the ends of a span that are those of the pulse: the field there is that within.
func (s Suite) timesAtStops(t *testing.T) {
	b := solver.Batch{Z0: []float64{0.25}, Spans: []solver.Span{{T0: 7.1, T1: 7.2}}, Inputs: []float64{7.1, 7.2},
		Stops: []float64{7.1, 7.2}}
	for _, mode := range solver.Gradients() {
		program := s.compile(t, solver.Model{Field: lower(t, pulsed())}, s.spec(mode))
		d, err := program.Differentiate(context.Background(), []float64{pulseForce, pulseRate}, b,
			solver.Objective{Cotangent: []float64{1}, ForTimes: true})
		d = supported(t, d, err)
		got, want := d.Spans[0], pulseForce-pulseRate*d.Z1[0]
		near(t, mode.String()+": ∂z1/∂t0, ∂z1/∂t1", []float64{got.T0, got.T1},
			[]float64{-d.Z0[0] * (pulseForce - pulseRate*0.25), want}, s.choose(1e-5, 1e-12))
	}
}

// constantStepsToStops begins the steps anew at each.
func (s Suite) constantStepsToStops(t *testing.T) {
	m, spec := solver.Model{Field: lower(t, rate())}, s.spec(solver.NoGradient)
	spec.Controller.Step = 0.5
	if !s.supports(t, m, spec) {
		t.Skip(s.Backend.Supports(spec))
	}
	got, err := s.compile(t, m, spec).Solve(context.Background(), []float64{-1},
		solver.Batch{Z0: []float64{1, 2}, Spans: []solver.Span{{T1: 2}}, Stops: []float64{0.7, 1.7}})
	got = supported(t, got, err)
	want := solver.Stats{Accepted: 2 + 2 + 1, NFE: 3 + 6*5} // 0.5, 0.2 | 0.5, 0.5 | 0.3
	if got.Stats[0] != want {
		t.Errorf("%+v, want %+v", got.Stats[0], want)
	}
}

// stopsInTraining gathers the stops of minibatches: the loss of the first iteration is that of its samples.
func (s Suite) stopsInTraining(t *testing.T) {
	h, err := graph.LowerHead(graph.Head{Dim: 1, Readout: graph.Component(0), Loss: graph.MeanSquaredError()})
	m := solver.Model{Field: lower(t, pulsed()), Head: must(t, h, err)}
	data := solver.Data{Batch: solver.Batch{Z0: []float64{0, 1, 0}, Spans: []solver.Span{{T1: 10}},
		Inputs: []float64{7.1, 7.2, 0.1, 0.3, 3.3, 3.4}, Stops: []float64{7.1, 7.2, 0.1, 0.3, 3.3, 3.4},
		StopOffsets: []int{0, 2, 4, 6}}, Objective: solver.Objective{Labels: []float64{0, 0, 0}}}
	session, err := s.compile(t, m, s.spec(solver.Discrete)).Train(data, solver.DefaultOptimizer(1e-3),
		solver.NewOptimizerState([]float64{pulseForce, pulseRate}))
	session = supported(t, session, err)
	last, _, _ := pulse(0, 3.3, 3.4, 10)
	first, _, _ := pulse(0, 7.1, 7.2, 10)
	err = session.Run(context.Background(), [][]int{{2, 0}}, nil, func(it solver.Iteration) {
		near(t, "the loss", []float64{it.Loss}, []float64{(last*last + first*first) / 2}, s.choose(1e-4, 1e-6))
	})
	if err != nil {
		t.Error(err)
	}
}

// wrongStops are reported before any work.
func (s Suite) wrongStops(t *testing.T) {
	program := s.compile(t, solver.Model{Field: lower(t, rate())}, s.spec(solver.NoGradient))
	b := solver.Batch{Z0: []float64{1, 1}, Spans: []solver.Span{{T1: 1}}}
	for what, spoil := range map[string]func(*solver.Batch){
		"beyond the end":   func(b *solver.Batch) { b.Stops = []float64{2} },
		"out of order":     func(b *solver.Batch) { b.Stops = []float64{0.5, 0.25} },
		"not a number":     func(b *solver.Batch) { b.Stops = []float64{math.NaN()} },
		"too many offsets": func(b *solver.Batch) { b.Stops, b.StopOffsets = []float64{0.5}, []int{0, 1, 1} },
	} {
		wrong := b
		spoil(&wrong)
		if _, err := program.Solve(context.Background(), []float64{1}, wrong); err == nil {
			t.Errorf("stops %s are no error", what)
		}
	}
}
