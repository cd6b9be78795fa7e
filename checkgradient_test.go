package neuralode_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode"
	"neuralode/gradcheck"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// ExampleODE_CheckGradient finds a parameter whose derivative is not what it seems: a heater that is on below a
// threshold. Nearly everywhere the field does not change with the threshold, but the solution does.
func ExampleODE_CheckGradient() {
	heater := graph.Field{Dim: 1, Params: []graph.Param{{Name: "threshold"}},
		Func: func(_, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			below := gorgonia.Must(gorgonia.Lt(z, theta[0], true))
			return gorgonia.Add(below, gorgonia.NewConstant(1.0)) // rises twice as fast below
		}}
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	ode, err := neuralode.New(backend, heater, nil, solver.DefaultSpec())
	if err != nil {
		log.Fatal(err)
	}
	defer ode.Close()
	batch := solver.Batch{Z0: []float64{0}, Spans: []solver.Span{{T0: 0, T1: 1}}}
	_, err = ode.CheckGradient(context.Background(), []float64{1}, batch, solver.Objective{Cotangent: []float64{1}})
	var wrong *gradcheck.Error
	if errors.As(err, &wrong) {
		for _, f := range wrong.Faults {
			if f.Gradient == solver.Adjoint {
				fmt.Printf("%s: %.3g, differences say %.3f\n", f.Of, f.Got, f.Want)
			}
		}
	}
	// Output:
	// z0: 1, differences say 0.500
	// threshold: 0, differences say 0.500
}

// TestCheckGradient checks a rotation with its loss at times of each sample's own, one of them masked: what is right
// passes, and the report has the closed form's derivative for omega.
func TestCheckGradient(t *testing.T) {
	head := &graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.MeanSquaredError()}
	o := open(t, rotation(), head)
	omega := 0.8
	b := solver.Batch{Z0: []float64{1, 0, 2, 0}, Spans: []solver.Span{{T0: 0, T1: 2}},
		Times: []float64{0.5, 1, 1.5}, Offsets: []int{0, 1, 3}}
	goal := solver.Objective{AtTimes: true, Labels: []float64{0, 0, 9}, Mask: []bool{false, false, true}}
	r, err := o.CheckGradient(context.Background(), []float64{omega}, b, goal)
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for _, s := range []struct{ size, t float64 }{{1, 0.5}, {2, 1}} { // of (size·cos ωt)², halved: two rows count
		want -= s.size * s.size * 2 * math.Cos(omega*s.t) * math.Sin(omega*s.t) * s.t / 2
	}
	last := r.Differences[len(r.Differences)-1]
	if last.Of != "omega" || math.Abs(last.Value-want) > 1e-8 {
		t.Errorf("%s %v, want %v", last.Of, last.Value, want)
	}
	goal.ForTimes = true
	b.Times[2], goal.Mask = 2, nil
	if r, err = o.CheckGradient(context.Background(), []float64{omega}, b, goal); err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Differences { // ∂L/∂t0 of the mean over three rows of (size·cos ω(t−t0) − label)²
		if d.Of != "t0" {
			continue
		}
		want := 0.0
		for _, s := range []struct{ size, t, label float64 }{{1, 0.5, 0}, {2, 1, 0}, {2, 2, 9}} {
			want += 2. / 3 * (s.size*math.Cos(omega*s.t) - s.label) * s.size * omega * math.Sin(omega*s.t)
		}
		if math.Abs(d.Value-want) > 1e-8 {
			t.Errorf("t0: %v, want %v", d.Value, want)
		}
	}
	_, err = o.CheckGradient(context.Background(), nil, b, goal)
	if err == nil || !strings.Contains(err.Error(), "θ has 0 numbers") {
		t.Errorf("error %v", err)
	}
}

// TestCheckGradientOfEvents checks what ends in a terminal event, after which there is no loss: at times, and of the
// time of the event itself.
func TestCheckGradientOfEvents(t *testing.T) {
	ground := graph.Event{Terminal: true, Condition: func(m graph.Moment) (*expr.Node, error) { return expr.Col(m.Z, 0), nil }}
	ball := graph.Field{Dim: 2, Params: []graph.Param{{Name: "gravity"}}, Events: []graph.Event{ground},
		Func: func(_, z *expr.Node, theta []*expr.Node) (*expr.Node, error) {
			speed := expr.Col(z, 1)
			return expr.Columns(speed, expr.Sub(expr.Scale(0, speed), theta[0])), nil
		}}
	o := open(t, ball, &graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.MeanSquaredError()})
	b := solver.Batch{Z0: []float64{1, 0.5}, Spans: []solver.Span{{T1: 2}}, Times: []float64{0.2, 0.4, 1.5}}
	for what, goal := range map[string]solver.Objective{
		"at times":   {AtTimes: true, Labels: []float64{0, 1, 2}, ForTimes: true},
		"cotangents": {Cotangent: []float64{0, 1}, Saved: []float64{1, 0, 0, 1, 1, 1}, EventTimes: []float64{2}},
	} {
		r, err := o.CheckGradient(context.Background(), []float64{9.81}, b, goal)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		for _, d := range r.Differences {
			if !(d.Uncertainty <= 1e-6*max(1, math.Abs(d.Value))) {
				t.Errorf("%s: the difference of %s is %v, uncertain by %v", what, d.Of, d.Value, d.Uncertainty)
			}
		}
	}
}
