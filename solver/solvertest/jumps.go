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

// jumps checks states that jump at given times: what they are after it, and derivatives for amounts and times.
func (s Suite) jumps(t *testing.T) {
	t.Run("doses", s.everyGradient(s.doses))
	t.Run("maps", s.everyGradient(s.jumpMaps))
	t.Run("stops", s.everyGradient(s.timesOfStops))
	t.Run("backward", s.jumpsBackward)
	t.Run("with events", s.everyGradient(s.jumpsWithEvents))
	t.Run("wrong", s.wrongJumps)
}

// decay is dz/dt = rate·z.
func decay() graph.Field {
	return graph.Field{Dim: 1, Params: []graph.Param{{Name: "rate"}},
		Func: func(_, z *node, theta []*node) (*node, error) { return expr.Mul(theta[0], z), nil }}
}

// dosed is the solution at t of dz/dt = rate·z with doses at times before t.
func dosed(z0, rate, t float64, times, amounts []float64) float64 {
	z := z0 * math.Exp(rate*t)
	for j, at := range times {
		if at < t {
			z += amounts[j] * math.Exp(rate*(t-at))
		}
	}
	return z
}

// doses are shared by all samples, or each sample's own: some at the beginning, two at one time, one at the end, which
// has no effect, and one at a save time, which sees the state before it.
func (s Suite) doses(t *testing.T, mode solver.Gradient) {
	shared := solver.Batch{Z0: []float64{1, 0, 2}, Spans: []solver.Span{{T1: 4}}, Times: []float64{0, 1.5, 2},
		Jumps: []float64{0, 1.5, 3, 3, 4}, Amounts: []float64{1, 2, 0.5, 0.25, 9, 0, 1, 1, 1, 9, 3, 0, 0, -1, 9}}
	own := solver.Batch{Z0: []float64{1, 0, 2}, Spans: []solver.Span{{T1: 4}}, Times: []float64{1, 3.5},
		Jumps: []float64{1, 2, 0, 0.1}, JumpOffsets: []int{0, 2, 2, 4}, Amounts: []float64{1, 2, 3, -1}}
	spec := s.spec(mode)
	spec.Controller.MaxStep = 0.25 // at rest steps grow, and the derivative of Discrete is that of the steps
	program := s.compile(t, modelOf(t, decay()), spec)
	for what, b := range map[string]solver.Batch{"shared": shared, "own": own} {
		k := len(b.Times)
		o := solver.Objective{Cotangent: []float64{1, -2, 0.5}, Saved: slices.Repeat([]float64{1}, 3*k), ForStops: true}
		d, err := program.Differentiate(context.Background(), []float64{-0.4}, b, o)
		if d = supported(t, d, err); d.Err() != nil {
			t.Fatal(d.Err())
		}
		value := func(i int, x []float64) float64 { // z0, rate, times, amounts
			n := (len(x) - 2) / 2
			times, amounts := x[2:2+n], x[2+n:]
			sum := o.Cotangent[i] * dosed(x[0], x[1], 4, times, amounts)
			for _, at := range b.Times {
				sum += dosed(x[0], x[1], at, times, amounts)
			}
			return sum
		}
		theta := 0.0
		for i := range 3 {
			from, to := b.JumpRows(i)
			near(t, what+": z1", d.Z1[i:i+1], []float64{dosed(b.Z0[i], -0.4, 4, b.JumpsOf(i), b.Amounts[from:to])},
				s.choose(1e-4, 1e-7))
			for j, at := range b.Times {
				near(t, what+": saved", d.Saved[i*k+j:i*k+j+1], []float64{dosed(b.Z0[i], -0.4, at, b.JumpsOf(i),
					b.Amounts[from:to])}, s.choose(1e-4, 1e-7))
			}
			x := slices.Concat([]float64{b.Z0[i], -0.4}, b.JumpsOf(i), b.Amounts[from:to])
			want := differences(func(x []float64) float64 { return value(i, x) }, x)
			theta += want[1]
			near(t, what+": ∂L/∂z0", d.Z0[i:i+1], want[:1], s.choose(1e-4, 1e-6))
			n := to - from
			near(t, what+": ∂L/∂amounts", d.Amounts[from:to], want[2+n:], s.choose(1e-4, 1e-6))
			for j, at := range b.JumpsOf(i) {
				if at != 0 && at != 4 && !slices.Contains(b.Times, at) { // where the loss has a kink
					near(t, what+": ∂L/∂times", d.Jumps[from+j:from+j+1], want[2+j:3+j], s.choose(1e-4, 1e-6))
				}
			}
		}
		near(t, what+": ∂L/∂θ", d.Theta, []float64{theta}, s.choose(2e-4, 1e-6))
	}
}

// multiplied is dz/dt = rate·z, and at jumps c·z + amount·(1 + t)·u + rate.
func multiplied() graph.Field {
	return graph.Field{Dim: 1, Inputs: 1, Params: []graph.Param{{Name: "rate"}},
		InputFunc: func(_, z, _ *node, theta []*node) (*node, error) { return expr.Mul(theta[0], z), nil },
		Jump: &graph.Jump{Width: 1, Params: []graph.Param{{Name: "c"}, {Name: "rate"}},
			Func: func(m graph.Moment) (*node, error) {
				given := expr.Mul(expr.Mul(m.Amount, expr.Shift(1, m.T)), m.Inputs)
				return expr.Add(expr.Add(expr.Mul(m.Theta[0], m.Z), given), m.Theta[1]), nil
			}}}
}

// jumpMaps have parameters, one of them the field's too, read time, inputs and amounts.
func (s Suite) jumpMaps(t *testing.T, mode solver.Gradient) {
	value := func(x []float64) float64 { // z0, u, rate, c, two times, two amounts
		z, at := x[0], 0.0
		for j := range 2 {
			z *= math.Exp(x[2] * (x[4+j] - at))
			at = x[4+j]
			z = x[3]*z + x[6+j]*(1+at)*x[1] + x[2]
		}
		return z * math.Exp(x[2]*(2-at))
	}
	x := []float64{1, 0.5, -0.7, 1.5, 0.5, 1.25, 1, -2}
	d := s.differentiate(t, modelOf(t, multiplied()), s.spec(mode), x[2:4], solver.Batch{Z0: x[:1], Inputs: x[1:2],
		Spans: []solver.Span{{T1: 2}}, Jumps: x[4:6], Amounts: x[6:]}, solver.Objective{Cotangent: []float64{1}, ForStops: true})
	near(t, "z1", d.Z1, []float64{value(x)}, s.choose(1e-4, 1e-7))
	near(t, "the gradient", slices.Concat(d.Z0, d.Inputs, d.Theta, d.Jumps, d.Amounts), differences(value, x),
		s.choose(2e-4, 1e-6))
}

// timesOfStops moves a pulse of the field, which is at the stops.
func (s Suite) timesOfStops(t *testing.T, mode solver.Gradient) {
	b := solver.Batch{Z0: []float64{0.5, 0.5}, Spans: []solver.Span{{T1: 10}}, Inputs: []float64{7.1, 7.2, 3, 4},
		Times: []float64{8}, Stops: []float64{7.1, 7.2, 3, 4}, StopOffsets: []int{0, 2, 4}}
	spec := s.spec(mode)
	spec.Controller.MaxStep = 0.5
	program := s.compile(t, solver.Model{Field: lower(t, pulsed())}, spec)
	d, err := program.Differentiate(context.Background(), []float64{pulseForce, pulseRate}, b,
		solver.Objective{Cotangent: []float64{1, 1}, Saved: []float64{2, 2}, ForStops: true})
	if d = supported(t, d, err); d.Err() != nil {
		t.Fatal(d.Err())
	}
	value := func(x []float64) float64 {
		sum := 0.0
		for i := range 2 {
			z, _, _ := pulse(0.5, x[2*i], x[2*i+1], 10)
			saved, _, _ := pulse(0.5, x[2*i], x[2*i+1], 8)
			sum += z + 2*saved
		}
		return sum
	}
	near(t, "∂L/∂ of the pulse", d.Stops, differences(value, b.Stops), s.choose(2e-4, 1e-6))
}

// jumpsBackward takes doses back.
func (s Suite) jumpsBackward(t *testing.T) {
	for _, mode := range solver.Gradients() {
		there, err := s.compile(t, modelOf(t, decay()), s.spec(mode)).Differentiate(context.Background(), []float64{-0.4}, solver.Batch{Z0: []float64{3},
			Spans: []solver.Span{{T0: 4, T1: 1}}, Jumps: []float64{3, 2}, Amounts: []float64{-1, -2}},
			solver.Objective{Cotangent: []float64{1}, ForStops: true})
		there = supported(t, there, err)
		value := func(x []float64) float64 { // z0, rate, times, amounts
			z := x[0] * math.Exp(-x[1]*(4-x[2]))
			z = (z + x[4]) * math.Exp(-x[1]*(x[2]-x[3]))
			return (z + x[5]) * math.Exp(-x[1]*(x[3]-1))
		}
		x := []float64{3, -0.4, 3, 2, -1, -2}
		what := fmt.Sprintf("%v: ", mode)
		near(t, what+"z1", there.Z1, []float64{value(x)}, s.choose(1e-4, 1e-7))
		near(t, what+"the gradient", slices.Concat(there.Z0, there.Theta, there.Jumps, there.Amounts),
			differences(value, x), s.choose(2e-4, 1e-6))
	}
}

// jumpsWithEvents is a tank that is filled at times, leaks, and is emptied by half where it is low.
func (s Suite) jumpsWithEvents(t *testing.T, mode solver.Gradient) {
	f := decay()
	f.Events = []graph.Event{{Name: "low", Condition: above(0, 1), Direction: graph.Falling,
		Reset: func(m graph.Moment) (*node, error) { return expr.Scale(0.5, m.Z), nil }}}
	d := s.differentiate(t, modelOf(t, f), s.spec(mode), []float64{-1}, solver.Batch{Z0: []float64{2},
		Spans: []solver.Span{{T1: 3}}, Jumps: []float64{1.5}, Amounts: []float64{3}},
		solver.Objective{Cotangent: []float64{1}, ForStops: true})
	value := func(x []float64) float64 { // z0, rate, time, amount: falls to 1, is halved, filled, and falls to 1 again
		first := math.Log(x[0]) / -x[1]
		z := 0.5*math.Exp(x[1]*(x[2]-first)) + x[3]
		second := x[2] + math.Log(z)/-x[1]
		return 0.5 * math.Exp(x[1]*(3-second))
	}
	x := []float64{2, -1, 1.5, 3}
	if len(d.Events[0]) != 2 {
		t.Fatalf("%d events, want 2", len(d.Events[0]))
	}
	near(t, "z1", d.Z1, []float64{value(x)}, s.choose(1e-4, 1e-7))
	near(t, "the gradient", slices.Concat(d.Z0, d.Theta, d.Jumps, d.Amounts), differences(value, x), s.choose(5e-4, 1e-5))
}

// wrongJumps are reported before any work.
func (s Suite) wrongJumps(t *testing.T) {
	program := s.compile(t, modelOf(t, decay()), s.spec(solver.NoGradient))
	b := solver.Batch{Z0: []float64{1, 1}, Spans: []solver.Span{{T1: 1}}, Jumps: []float64{0.5}, Amounts: []float64{1, 1}}
	for what, spoil := range map[string]func(*solver.Batch){
		"beyond the end":   func(b *solver.Batch) { b.Jumps = []float64{2} },
		"without amounts":  func(b *solver.Batch) { b.Amounts = nil },
		"too many amounts": func(b *solver.Batch) { b.Amounts = []float64{1, 1, 1} },
		"not a number":     func(b *solver.Batch) { b.Amounts = []float64{1, math.NaN()} },
		"too many offsets": func(b *solver.Batch) { b.JumpOffsets = []int{0, 1, 1, 1} },
	} {
		wrong := b
		spoil(&wrong)
		if _, err := program.Solve(context.Background(), []float64{1}, wrong); err == nil {
			t.Errorf("jumps %s are no error", what)
		}
	}
}
