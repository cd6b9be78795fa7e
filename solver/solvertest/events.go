package solvertest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// model lowers a field with its events and its jump.
func modelOf(t *testing.T, f graph.Field) solver.Model {
	t.Helper()
	m := solver.Model{Field: lower(t, f)}
	if f.Jump != nil {
		j, err := graph.LowerJump(f, *f.Jump)
		m.Jump = must(t, j, err)
	}
	for _, e := range f.Events {
		condition, reset, err := graph.LowerEvent(f, e)
		m.Events = append(m.Events, solver.Event{Name: e.Name, Condition: must(t, condition, err), Reset: reset,
			Direction: e.Direction, Terminal: e.Terminal})
	}
	return m
}

// height is the first component of the state.
func height(m graph.Moment) (*node, error) { return expr.Col(m.Z, 0), nil }

// zeros is as many zeros as x has.
func zeros(x *node) *node { return expr.Scale(0, x) }

// ball falls: [height, speed] under gravity, a parameter.
func ball(events ...graph.Event) graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "gravity"}}, Events: events,
		Func: func(_, z *node, theta []*node) (*node, error) {
			speed := expr.Col(z, 1)
			return expr.Columns(speed, expr.Sub(zeros(speed), theta[0])), nil
		}}
}

// bounce is the ground: it gives back a part of the speed, a parameter.
func bounce() graph.Event {
	return graph.Event{Name: "ground", Condition: height, Direction: graph.Falling,
		Params: []graph.Param{{Name: "restitution"}},
		Reset: func(m graph.Moment) (*node, error) {
			return expr.Columns(zeros(expr.Col(m.Z, 0)), expr.Neg(expr.Mul(m.Theta[0], expr.Col(m.Z, 1)))), nil
		}}
}

// bounces are the closed form of a ball from a height at rest: the times of its first n bounces and its state at t.
func bounces(h0, gravity, restitution float64, n int, t float64) (times []float64, h, v float64) {
	at, speed := math.Sqrt(2*h0/gravity), math.Sqrt(2*h0*gravity)
	last, height, start := 0.0, h0, 0.0
	for range n {
		times = append(times, at)
		if at <= t {
			speed *= restitution
			last, height, start = at, 0, speed
		}
		at += 2 * speed / gravity
	}
	since := t - last
	return times, height + start*since - gravity*since*since/2, start - gravity*since
}

// events are those of the model's solve: their times and states, what follows them, and all derivatives, against closed
// forms.
func (s Suite) events(t *testing.T) {
	if _, err := s.Backend.Compile(modelOf(t, ball(bounce())), s.spec(solver.NoGradient)); err != nil {
		supported(t, 0, err)
	}
	t.Run("falling ball", s.everyGradient(s.fallingBall))
	t.Run("bouncing ball", s.everyGradient(s.bouncingBall))
	t.Run("impact", s.everyGradient(s.impact))
	t.Run("signals", s.everyGradient(s.eventsOfSignals))
	t.Run("other methods", s.eventsOfMethods)
	t.Run("noted", s.everyGradient(s.noted))
	t.Run("order", s.orderOfEvents)
	t.Run("double roots", s.doubleRoots)
	t.Run("beginning", s.eventAtStart)
	t.Run("backward", s.eventBackward)
	t.Run("many conditions", s.manyConditions)
	t.Run("accumulation", s.accumulation)
	t.Run("alone", s.everyGradient(s.eventsAlone))
	t.Run("limited records", s.eventsInLimitedRecords)
	t.Run("training", s.everyGradient(s.eventsInTraining))
	t.Run("steps", s.eventsInSteps)
	t.Run("infinite", s.infiniteResets)
	t.Run("wrong", s.wrongEvents)
}

// everyGradient is a test in each gradient mode.
func (s Suite) everyGradient(f func(*testing.T, solver.Gradient)) func(*testing.T) {
	return func(t *testing.T) {
		for _, mode := range solver.Gradients() {
			t.Run(mode.String(), func(t *testing.T) { f(t, mode) })
		}
	}
}

// terminal ends at the ground.
func terminal() graph.Event {
	return graph.Event{Name: "ground", Condition: height, Direction: graph.Falling, Terminal: true}
}

// differences are the derivatives of f at x by central differences.
func differences(f func([]float64) float64, x []float64) []float64 {
	bar := make([]float64, len(x))
	for i := range x {
		const h = 1e-6
		up, down := slices.Clone(x), slices.Clone(x)
		up[i], down[i] = x[i]+h, x[i]-h
		bar[i] = (f(up) - f(down)) / (2 * h)
	}
	return bar
}

// fallingBall differentiates the time and the speed of the impact.
func (s Suite) fallingBall(t *testing.T, mode solver.Gradient) {
	b := solver.Batch{Z0: []float64{1, 0, 5, 2}, Spans: []solver.Span{{T1: 3}}, Times: []float64{0.25, 2.5}}
	d := s.differentiate(t, modelOf(t, ball(terminal())), s.spec(mode), []float64{9.81}, b,
		solver.Objective{Cotangent: []float64{0, 1, 0, 1}, EventTimes: []float64{2, 2},
			Saved: []float64{1, 0, 5, 5, 1, 0, 5, 5}, ForTimes: true})
	lands := func(h, v, g float64) float64 { return (v + math.Sqrt(v*v+2*g*h)) / g }
	value := func(x []float64) float64 {
		sum := 0.0
		for i := range 2 {
			h, v, g := x[2*i], x[2*i+1], x[4]
			sum += h + v*0.25 - g*0.25*0.25/2 + 2*lands(h, v, g) + v - g*lands(h, v, g)
		}
		return sum
	}
	for i := range 2 {
		h, v := b.Z0[2*i], b.Z0[2*i+1]
		at := lands(h, v, 9.81)
		if e := d.Events[i]; len(e) != 1 || d.End[i].Status != solver.OK || e[0].T != d.End[i].T || e[0].Event != 0 {
			t.Fatalf("sample %d has events %v and ends %+v, want one, at its end", i, e, d.End[i])
		}
		near(t, "the impact", []float64{d.Events[i][0].T, d.Z1[2*i], d.Z1[2*i+1]}, []float64{at, 0, v - 9.81*at},
			s.choose(1e-4, 1e-6))
		near(t, "the state before", d.Saved[4*i:4*i+2], []float64{h + v/4 - 9.81/32, v - 9.81/4}, s.choose(1e-4, 1e-6))
		if !math.IsNaN(d.Saved[4*i+2]) || d.Times[2*i+1] != 0 || d.Spans[i].T1 != 0 {
			t.Errorf("after the impact there is %v, with the derivatives %v and %v", d.Saved[4*i+2], d.Times, d.Spans[i].T1)
		}
	}
	near(t, "the gradient", append(slices.Clone(d.Z0), d.Theta...), differences(value, []float64{1, 0, 5, 2, 9.81}),
		s.choose(2e-3, 1e-5))
}

// impact is the first bounce's time and what goes through it, by the time of a terminal event that reads a parameter of
// its own, the inputs and the time.
func (s Suite) impact(t *testing.T, mode solver.Gradient) {
	f := graph.Field{Dim: 1, Inputs: 1, Params: []graph.Param{{Name: "rate"}},
		InputFunc: func(_, z, u *node, theta []*node) (*node, error) { return expr.Mul(expr.Mul(theta[0], u), z), nil },
		Events: []graph.Event{{Name: "moving threshold", Terminal: true, Params: []graph.Param{{Name: "slope"}, {Name: "rate"}},
			Condition: func(m graph.Moment) (*node, error) { // z = 2·u + slope·t + rate
				level := expr.Add(expr.Scale(2, m.Inputs), expr.Mul(m.Theta[0], m.T))
				return expr.Sub(m.Z, expr.Add(level, m.Theta[1])), nil
			},
			Reset: func(m graph.Moment) (*node, error) { // z² + t·u
				return expr.Add(expr.Square(m.Z), expr.Mul(m.T, m.Inputs)), nil
			}}}}
	crossing := func(z0, u, rate, slope float64) float64 {
		at := 1.0
		for range 50 { // Newton
			g := z0*math.Exp(rate*u*at) - 2*u - slope*at - rate
			at -= g / (rate*u*z0*math.Exp(rate*u*at) - slope)
		}
		return at
	}
	value := func(x []float64) float64 {
		at := crossing(x[0], x[1], x[2], x[3])
		z := x[0] * math.Exp(x[2]*x[1]*at)
		return 3*(z*z+at*x[1]) - 2*at
	}
	x := []float64{1, 1.5, 0.8, 0.3} // z0, u, rate, slope
	d := s.differentiate(t, modelOf(t, f), s.spec(mode), x[2:], solver.Batch{Z0: x[:1], Inputs: x[1:2],
		Spans: []solver.Span{{T1: 4}}}, solver.Objective{Cotangent: []float64{3}, EventTimes: []float64{-2}})
	near(t, "time", []float64{d.End[0].T}, []float64{crossing(x[0], x[1], x[2], x[3])}, s.choose(1e-4, 1e-6))
	near(t, "gradient", slices.Concat(d.Z0, d.Inputs, d.Theta), differences(value, x), s.choose(2e-3, 1e-5))
}

// eventsOfSignals meet a level that moves, a signal, and take it over: all that changes with its knots.
func (s Suite) eventsOfSignals(t *testing.T, mode solver.Gradient) {
	f := graph.Field{Dim: 1, Inputs: 2, Params: []graph.Param{{Name: "rate"}},
		InputFunc: func(_, z, u *node, theta []*node) (*node, error) {
			return expr.Add(zeros(z), expr.Mul(theta[0], expr.Col(u, 0))), nil
		},
		Events: []graph.Event{{Terminal: true,
			Condition: func(m graph.Moment) (*node, error) { return expr.Sub(m.Z, expr.Col(m.Inputs, 1)), nil },
			Reset: func(m graph.Moment) (*node, error) {
				return expr.Mul(m.Z, expr.Square(expr.Col(m.Inputs, 1))), nil
			}}}}
	value := func(x []float64) float64 { // z0, constant, rate, two knots at 0 and 4
		bend := (x[4] - x[3]) / 4
		at := (x[3] - x[0]) / (x[2]*x[1] - bend)
		level := x[3] + bend*at
		return 2*level*level*level - at
	}
	x := []float64{0.5, 2, 0.4, 2, 1}
	d := s.differentiate(t, modelOf(t, f), s.spec(mode), x[2:3], solver.Batch{Z0: x[:1], Inputs: x[1:2],
		Spans: []solver.Span{{T1: 4}}, Signals: solver.Signals{Times: []float64{0, 4}, Values: x[3:]}},
		solver.Objective{Cotangent: []float64{2}, EventTimes: []float64{-1}, ForSignals: true})
	near(t, "the gradient", slices.Concat(d.Z0, d.Inputs, d.Theta, d.Signals), differences(value, x), s.choose(2e-3, 1e-5))
}

// eventsOfMethods are found on the dense output of each method.
func (s Suite) eventsOfMethods(t *testing.T) {
	m := modelOf(t, ball(bounce()))
	for _, method := range solver.Methods() {
		spec := s.spec(solver.Adjoint)
		if spec.Method = method; method.Orders().Estimate == 0 {
			spec.Controller.Step = 1. / 256
		}
		if !s.supports(t, m, spec) {
			continue
		}
		d := s.differentiate(t, m, spec, []float64{9.81, 0.8}, solver.Batch{Z0: []float64{1, 0}, Spans: []solver.Span{{T1: 1}}},
			solver.Objective{Cotangent: []float64{1, 0}})
		value := func(x []float64) float64 {
			_, h, _ := bounces(x[0], x[1], x[2], 2, 1)
			return h
		}
		x, bound := []float64{1, 9.81, 0.8}, s.choose(1e-3, 1e-5)
		if method.Orders().Dense < 2 || method.Orders().Result < 2 { // a parabola is not exact
			bound = 0.2
		}
		near(t, method.String()+": z1", d.Z1[:1], []float64{value(x)}, bound)
		near(t, method.String()+": gradient", append(d.Z0[:1:1], d.Theta...), differences(value, x), 10*bound)
	}
}

func (s Suite) bouncingBall(t *testing.T, mode solver.Gradient) {
	h0, theta := []float64{1, 2, 0.5}, []float64{9.81, 0.8}
	b := solver.Batch{Z0: []float64{1, 0, 2, 0, 0.5, 0}, Spans: []solver.Span{{T1: 1.5}}}
	o := solver.Objective{Cotangent: []float64{1, 0, 1, 0, 1, 0}, EventTimes: []float64{0, 1, 0, 1, 0, 1}}
	d := s.differentiate(t, modelOf(t, ball(bounce())), s.spec(mode), theta, b, o)
	value := func(x []float64) (sum float64) {
		for i := range h0 {
			times, h, _ := bounces(x[i], x[3], x[4], 10, 1.5)
			if sum += h; times[1] < 1.5 {
				sum += times[1]
			}
		}
		return sum
	}
	for i, h := range h0 {
		times, z, v := bounces(h, theta[0], theta[1], len(d.Events[i])+1, 1.5)
		near(t, "z1", d.Z1[2*i:2*i+2], []float64{z, v}, s.choose(1e-3, 1e-6))
		if times[len(times)-1] < 1.5 {
			t.Errorf("sample %d bounces %d times", i, len(d.Events[i]))
		}
		for k, e := range d.Events[i] {
			near(t, "time", []float64{e.T}, times[k:k+1], s.choose(1e-4, 1e-6))
			near(t, "speed after", e.After[1:], []float64{-0.8 * e.Before[1]}, s.choose(1e-5, 1e-12))
		}
	}
	near(t, "gradient", []float64{d.Z0[0], d.Z0[2], d.Z0[4], d.Theta[0], d.Theta[1]},
		differences(value, append(slices.Clone(h0), theta...)), s.choose(2e-2, 1e-5))
}

// turns is a circle, [cos, sin] from its start, with a parameter for its speed.
func turns(events ...graph.Event) graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "speed"}}, Events: events,
		Func: func(_, z *node, theta []*node) (*node, error) {
			return expr.Columns(expr.Neg(expr.Mul(theta[0], expr.Col(z, 1))), expr.Mul(theta[0], expr.Col(z, 0))), nil
		}}
}

// above is a condition on a component of the state.
func above(i int, level float64) graph.MomentFunc {
	return func(m graph.Moment) (*node, error) { return expr.Shift(-level, expr.Col(m.Z, i)), nil }
}

// noted are events without effect: they do not change a bit, and their times have gradients.
func (s Suite) noted(t *testing.T, mode solver.Gradient) {
	b := solver.Batch{Z0: []float64{1, 0}, Spans: []solver.Span{{T1: 7}}, Times: []float64{2}}
	o := solver.Objective{Cotangent: []float64{1, 1}, Saved: []float64{0, 1}}
	plain := s.differentiate(t, modelOf(t, turns()), s.spec(mode), []float64{1.1}, b, o)
	m := modelOf(t, turns(graph.Event{Condition: above(0, 0.5)}, graph.Event{Condition: above(1, 0.5), Direction: graph.Rising}))
	seen := s.differentiate(t, m, s.spec(mode), []float64{1.1}, b, o)
	if mode != solver.Discrete { // whose last stage has a cotangent now
		sameDerivative(t, seen, plain)
	}
	same(t, "z1", seen.Z1, plain.Z1)
	third := math.Pi / 3
	var got []float64
	for _, e := range seen.Events[0] {
		got = append(got, e.T*1.1)
	}
	near(t, "times", got, []float64{third / 2, third, 5 * third, 6.5 * third, 7 * third}, s.choose(1e-4, 1e-6))
	o.EventTimes = []float64{0, 0, 1, 2}
	timed := s.differentiate(t, m, s.spec(mode), []float64{1.1}, b, o)
	want := plain.Theta[0] - (5*third+2*6.5*third)/(1.1*1.1)
	near(t, "∂L/∂speed", timed.Theta, []float64{want}, s.choose(2e-3, 1e-5))
}

// orderOfEvents has two in one step, and two at one time.
func (s Suite) orderOfEvents(t *testing.T) {
	turn := func(i int, name string) graph.Event { // a wall at 1 of component i, whose speed turns round
		return graph.Event{Name: name, Condition: above(i, 1), Direction: graph.Rising,
			Reset: func(m graph.Moment) (*node, error) {
				c := []*node{expr.Col(m.Z, 0), expr.Col(m.Z, 1), expr.Col(m.Z, 2), expr.Col(m.Z, 3)}
				c[i+2] = expr.Neg(c[i+2])
				return expr.Columns(c...), nil
			}}
	}
	flight := graph.Field{Dim: 4, Events: []graph.Event{turn(0, "east"), turn(1, "north")},
		Func: func(_, z *node, _ []*node) (*node, error) {
			return expr.Columns(expr.Cols(z, 2, 4), zeros(expr.Cols(z, 0, 2))), nil
		}}
	got := s.solve(t, modelOf(t, flight), s.spec(solver.NoGradient), nil, solver.Batch{
		Z0: []float64{0, 0, 1, 1.01, 0, 0, 1.01, 1, 0, 0, 1, 1}, Spans: []solver.Span{{T1: 1.5}}})
	near(t, "z1", got.Z1, []float64{0.5, 0.485, -1, -1.01, 0.485, 0.5, -1.01, -1, 0.5, 0.5, -1, -1}, s.choose(1e-5, 1e-9))
	for i, want := range [][]int{{1, 0}, {0, 1}, {0, 1}} {
		var order []int
		for _, e := range got.Events[i] {
			order = append(order, e.Event)
		}
		if i < 2 && !slices.Equal(order, want) || len(order) != 2 {
			t.Errorf("sample %d has the events %v, want %v", i, order, want)
		}
	}
}

// doubleRoots cross and return within a step, and by how little it shows; what only touches zero is no crossing.
func (s Suite) doubleRoots(t *testing.T) {
	f := graph.Field{Dim: 1, Inputs: 1, // constant slope, so that there is one step; the condition is a parabola of z
		InputFunc: func(_, z, _ *node, _ []*node) (*node, error) { return expr.Shift(1, zeros(z)), nil },
		Events: []graph.Event{{Condition: func(m graph.Moment) (*node, error) { // (z − 0.7)² − u
			return expr.Sub(expr.Square(expr.Shift(-0.7, m.Z)), m.Inputs), nil
		}}}}
	depths := []float64{1e-1, 1e-2, 1e-4, 1e-6, -1e-4}
	spec := s.spec(solver.NoGradient)
	spec.Controller.FirstStep = 2
	got := s.solve(t, modelOf(t, f), spec, nil, solver.Batch{Z0: make([]float64, len(depths)), Inputs: depths,
		Spans: []solver.Span{{T1: 2}}})
	for i, depth := range depths {
		var times []float64
		for _, e := range got.Events[i] {
			times = append(times, e.T)
		}
		if depth < 0 {
			near(t, "times", times, nil, 0)
		} else if depth > s.choose(1e-5, 0) {
			near(t, "times", times, []float64{0.7 - math.Sqrt(depth), 0.7 + math.Sqrt(depth)}, s.choose(1e-3, 1e-6))
		}
		if got.Stats[i].Tried() != 1 {
			t.Errorf("depth %v takes %d steps", depth, got.Stats[i].Tried())
		}
	}
}

// eventAtStart begins where the condition is zero.
func (s Suite) eventAtStart(t *testing.T) {
	b := solver.Batch{Z0: []float64{0, 2, 0, -2, 1, 0}, Spans: []solver.Span{{T1: 0.5}, {T1: 0.35}, {T1: 0.5}}}
	up := s.solve(t, modelOf(t, ball(bounce())), s.spec(solver.NoGradient), []float64{9.81, 0.5}, b)
	// The first goes up and comes back, the second is turned at once, the third falls from where it is.
	first := 2 * 2 / 9.81
	second := 2 * 1 / 9.81
	for i, want := range [][]float64{{first}, {0, second, second + second/2}, {math.Sqrt(2 / 9.81)}} {
		var times []float64
		for _, e := range up.Events[i] {
			times = append(times, e.T)
		}
		near(t, "times", times, want, s.choose(1e-4, 1e-6))
	}
	end := s.solve(t, modelOf(t, ball(terminal())), s.spec(solver.NoGradient), []float64{9.81}, b)
	near(t, "ends", []float64{end.End[0].T, end.End[1].T}, []float64{first, 0}, s.choose(1e-4, 1e-6))
}

// eventBackward solves towards smaller times: a ball thrown back to where it left the ground.
func (s Suite) eventBackward(t *testing.T) {
	for _, mode := range solver.Gradients() {
		d := s.differentiate(t, modelOf(t, ball(terminal())), s.spec(mode), []float64{10},
			solver.Batch{Z0: []float64{1, -1}, Spans: []solver.Span{{T0: 3, T1: 1}}},
			solver.Objective{Cotangent: []float64{0, 0}, EventTimes: []float64{1}})
		// height 1 − v·s − 5·s² with v = −1, s back in time
		left := func(x []float64) float64 {
			return 3 - (-x[1]+math.Sqrt(x[1]*x[1]+2*x[2]*x[0]))/x[2]
		}
		x := []float64{1, -1, 10}
		near(t, mode.String()+": time", []float64{d.End[0].T}, []float64{left(x)}, s.choose(1e-4, 1e-6))
		near(t, mode.String()+": gradient", append(d.Z0, d.Theta...), differences(left, x), s.choose(1e-3, 1e-5))
	}
}

// manyConditions are thirty levels, half of them too high.
func (s Suite) manyConditions(t *testing.T) {
	var levels []graph.Event
	for k := range 30 {
		levels = append(levels, graph.Event{Condition: above(1, float64(k+1)/15), Direction: graph.Rising})
	}
	got := s.solve(t, modelOf(t, turns(levels...)), s.spec(solver.NoGradient), []float64{1}, solver.Batch{
		Z0: []float64{1.0001, 0}, Spans: []solver.Span{{T1: 2}}})
	if len(got.Events[0]) != 15 {
		t.Fatalf("%d events, want 15", len(got.Events[0]))
	}
	for k, e := range got.Events[0] {
		near(t, "time", []float64{e.T}, []float64{math.Asin(float64(k+1) / 15 / 1.0001)}, s.choose(1e-2, 1e-6))
	}
}

// accumulation is a ball that comes to rest in finite time, and one that lies.
func (s Suite) accumulation(t *testing.T) {
	solve := func(spec solver.Spec, theta []float64, b solver.Batch) *solver.Solution {
		got, err := s.compile(t, modelOf(t, ball(bounce())), spec).Solve(context.Background(), theta, b)
		return must(t, got, err)
	}
	got := solve(s.spec(solver.NoGradient), []float64{10, 0.5}, solver.Batch{
		Z0: []float64{5, 0, 5, 0}, Spans: []solver.Span{{T1: 2.5}, {T1: 3.5}}})
	if got.End[0].Status != solver.OK || got.End[1].Status != solver.TooManyEvents {
		t.Errorf("the ends are %+v", got.End)
	}
	near(t, "rest", []float64{got.End[1].T}, []float64{3}, s.choose(1e-2, 1e-6)) // 1 + 2·(1/2 + 1/4 + …)
	spec := s.spec(solver.NoGradient)
	spec.EventLimit = 3
	got = solve(spec, []float64{10, 0.9}, solver.Batch{Z0: []float64{5, 0}, Spans: []solver.Span{{T1: 10}}})
	if got.End[0].Status != solver.TooManyEvents || len(got.Events[0]) != 3 {
		t.Errorf("with a limit of 3 the end is %+v after %d events", got.End[0], len(got.Events[0]))
	}
}

// crowd is a batch of bouncing balls.
func balls(n int) (solver.Batch, solver.Objective) {
	b := solver.Batch{Spans: []solver.Span{{T1: 1.2}}, Times: []float64{0.3, 0.9}}
	var o solver.Objective
	for i := range n {
		b.Z0 = append(b.Z0, 0.2+0.05*float64(i), math.Sin(float64(i)))
		o.Cotangent = append(o.Cotangent, 1, 0.1*float64(i%5))
		o.Saved = append(o.Saved, 1, 0, float64(i%3), 1)
		o.EventTimes = append(o.EventTimes, 1, -0.5)
	}
	return b, o
}

// eventsAlone have the bits that they have in a batch.
func (s Suite) eventsAlone(t *testing.T, mode solver.Gradient) {
	m, theta := modelOf(t, ball(bounce())), []float64{9.81, 0.75}
	b, o := balls(40)
	program := s.compile(t, m, s.spec(mode))
	all, err := program.Differentiate(context.Background(), theta, b, o)
	if must(t, all, err); all.Err() != nil {
		t.Fatal(all.Err())
	}
	for _, i := range []int{0, 7, 39} {
		one := b
		one.Z0 = b.Z0[2*i : 2*i+2]
		d, err := program.Differentiate(context.Background(), theta, one, solver.Objective{Cotangent: o.Cotangent[2*i : 2*i+2],
			Saved: o.Saved[4*i : 4*i+4], EventTimes: o.EventTimes[2*i : 2*i+2]})
		must(t, d, err)
		same(t, "z1", d.Z1, all.Z1[2*i:2*i+2])
		same(t, "∂L/∂z0", d.Z0, all.Z0[2*i:2*i+2])
		same(t, "saved", d.Saved, all.Saved[4*i:4*i+4])
		for k, e := range d.Events[0] {
			same(t, "event", append(slices.Clone(e.After), e.T), append(slices.Clone(all.Events[i][k].After), all.Events[i][k].T))
		}
	}
}

// eventsInLimitedRecords have the bits of those in large ones.
func (s Suite) eventsInLimitedRecords(t *testing.T) {
	b, o := balls(4)
	b.Jumps, b.Amounts = []float64{0, 0.5}, slices.Repeat([]float64{0.1, 0, 0, 1}, 4)
	for _, mode := range []solver.Gradient{solver.Adjoint, solver.Discrete} {
		spec := s.spec(mode)
		spec.Controller.MaxStep = 1. / 32
		gradient := func(limit int64) *solver.Derivative {
			spec.RecordLimit = limit
			d, err := s.compile(t, modelOf(t, ball(bounce())), spec).Differentiate(context.Background(), []float64{9.81, 0.75},
				b, o)
			return supported(t, d, err)
		}
		want := gradient(0)
		if want.Err() != nil {
			t.Fatal(want.Err())
		}
		for _, limit := range limits() {
			got := gradient(limit)
			sameDerivative(t, got, want)
			same(t, "amounts", got.Amounts, want.Amounts)
		}
	}
}

// eventsInTraining have the gradient of Differentiate, whole and in parts.
func (s Suite) eventsInTraining(t *testing.T, mode solver.Gradient) {
	m, theta := modelOf(t, ball(bounce())), []float64{9.81, 0.75}
	h, err := graph.LowerHead(graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.MeanSquaredError()})
	m.Head = must(t, h, err)
	b, _ := balls(12)
	b.Times = nil
	b.Jumps, b.JumpOffsets = []float64{0.1, 0.5, 0.2}, []int{0, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}
	b.Amounts = []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6}
	data := solver.Data{Batch: b, Objective: solver.Objective{Labels: slices.Repeat([]float64{0.3}, 12)}}
	program := s.compile(t, m, s.spec(mode))
	d, err := program.Differentiate(context.Background(), theta, b, data.Objective)
	if must(t, d, err); d.Err() != nil {
		t.Fatal(d.Err())
	}
	session, err := program.Train(data, solver.Optimizer{Rule: solver.SGD, Rate: 1}, solver.NewOptimizerState(theta))
	must(t, session, err)
	whole := make([]int, 12)
	for i := range whole {
		whole[i] = i
	}
	sum, err := session.Accumulate(context.Background(), whole, 0, solver.LeafCount(12, solver.ControlSample))
	if err == nil {
		near(t, "the loss of the parts", []float64{sum.Subtrees[0].Loss}, []float64{d.Loss}, s.choose(1e-5, 1e-12))
	}
	must(t, 0, session.Run(context.Background(), [][]int{whole}, nil, func(solver.Iteration) {}))
	state, err := session.State()
	must(t, state, err)
	for i, v := range state.Theta {
		near(t, "∂L/∂θ", []float64{theta[i] - v}, d.Theta[i:i+1], s.choose(1e-4, 1e-9))
	}
}

// eventsInSteps: where an event ends a step, what is kept of it is the state before the event.
func (s Suite) eventsInSteps(t *testing.T) {
	for what, e := range map[string]graph.Event{"terminal": terminal(), "bounce": bounce()} {
		theta := []float64{9.81, 0.75}[:1+len(e.Params)]
		got, err := s.compile(t, modelOf(t, ball(e)), s.spec(solver.NoGradient)).Solve(context.Background(), theta,
			solver.Batch{Z0: []float64{1, 0}, Spans: []solver.Span{{T1: 1}}, KeepSteps: true})
		got = supported(t, got, err)
		times, z := got.Steps.Of(0)
		k := slices.Index(times, got.Events[0][0].T)
		if k < 0 {
			t.Fatalf("%s: no step ends at %v, where the event is: %v", what, got.Events[0][0].T, times)
		}
		same(t, what, z[2*k:2*k+2], got.Events[0][0].Before)
	}
}

// infiniteResets fail the sample, whether the solve would go on after them or not, with the state before them.
func (s Suite) infiniteResets(t *testing.T) {
	for _, ends := range []bool{true, false} {
		e := graph.Event{Condition: height, Direction: graph.Falling, Terminal: ends, Reset: func(m graph.Moment) (*node, error) {
			return expr.Div(expr.Shift(1, zeros(m.Z)), zeros(m.Z)), nil
		}}
		got, err := s.compile(t, modelOf(t, ball(e)), s.spec(solver.NoGradient)).Solve(context.Background(), []float64{9.81},
			solver.Batch{Z0: []float64{1, 0, 100, 0}, Spans: []solver.Span{{T1: 1}}})
		got = supported(t, got, err)
		wantStatus(t, got, solver.NonFinite, solver.OK)
		same(t, fmt.Sprintf("the state, terminal %t,", ends), got.Z1[:2], got.Events[0][0].Before)
	}
}

// wrongEvents are reported before any work.
func (s Suite) wrongEvents(t *testing.T) {
	spec := s.spec(solver.Adjoint)
	spec.Controller.Control = solver.ControlBatch
	if _, err := s.Backend.Compile(modelOf(t, ball(bounce())), spec); err == nil {
		t.Error("events with one step for all are no error")
	}
	for what, spoil := range map[string]func(*solver.Model){
		"no condition": func(m *solver.Model) { m.Events[0].Condition = nil },
		"direction":    func(m *solver.Model) { m.Events[0].Direction = 2 },
		"wide":         func(m *solver.Model) { m.Events[0].Condition = m.Events[0].Reset },
		"narrow":       func(m *solver.Model) { m.Events[0].Reset = m.Events[0].Condition },
	} {
		m := modelOf(t, ball(bounce()))
		if spoil(&m); m.Check() == nil {
			t.Errorf("%s is no error", what)
		}
	}
	program := s.compile(t, modelOf(t, ball()), s.spec(solver.Adjoint))
	b := solver.Batch{Z0: []float64{1, 0}, Spans: []solver.Span{{T1: 1}}}
	if _, err := program.Differentiate(context.Background(), []float64{1}, b,
		solver.Objective{Cotangent: []float64{1, 0}, EventTimes: []float64{1}}); err == nil {
		t.Error("cotangents of events that a model does not have are no error")
	}
}
