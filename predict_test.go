package neuralode_test

import (
	"context"
	"math"
	"testing"

	"neuralode"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// TestPredict reads a rotation out at t1, at times of each sample's own, and where a sample fails: the outputs are
// those of the closed form.
func TestPredict(t *testing.T) {
	o := open(t, rotation(), &graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.MeanSquaredError()})
	const omega = 0.8
	b := solver.Batch{Z0: []float64{1, 0, math.NaN(), 0, 0, 1}, Spans: []solver.Span{{T1: 2}}}
	p, err := o.Predict(context.Background(), []float64{omega}, b)
	if err != nil {
		t.Fatal(err)
	}
	near(t, []float64{p.Out[0], p.Out[2]}, math.Cos(2*omega), math.Sin(2*omega))
	if !math.IsNaN(p.Out[1]) || p.Err() == nil || p.ErrOf(0) != nil || p.ErrOf(1) == nil {
		t.Errorf("outputs %v, error %v", p.Out, p.Err())
	}
	b = solver.Batch{Z0: []float64{1, 0, 0, 1}, Spans: []solver.Span{{T1: 2}}, Times: []float64{0.5, 1.5, 2},
		Offsets: []int{0, 1, 3}}
	if p, err = o.Predict(context.Background(), []float64{omega}, b); err != nil {
		t.Fatal(err)
	}
	near(t, p.Out, math.Cos(0.5*omega), math.Sin(1.5*omega), math.Sin(2*omega))
	if _, err := open(t, rotation(), nil).Predict(context.Background(), []float64{omega}, b); err == nil {
		t.Error("an ODE without a head predicts")
	}
}

// TestPredictAtTheEvent reads out the time at which a terminal event ended the solve, as the loss does.
func TestPredictAtTheEvent(t *testing.T) {
	clock := graph.Field{Dim: 1, Params: []graph.Param{{Name: "speed"}},
		Func: func(_, _ *expr.Node, theta []*expr.Node) (*expr.Node, error) { return theta[0], nil },
		Events: []graph.Event{{Terminal: true,
			Condition: func(m graph.Moment) (*expr.Node, error) { return expr.Shift(-1, m.Z), nil }}}}
	readout := graph.Readout{TimeFunc: func(at, z *expr.Node, _ []*expr.Node) (*expr.Node, error) {
		return expr.Add(at, expr.Scale(0, z)), nil
	}}
	o := open(t, clock, &graph.Head{Dim: 1, Readout: readout, Loss: graph.MeanSquaredError()})
	b := solver.Batch{Z0: []float64{0, -9}, Spans: []solver.Span{{T1: 2}}}
	p, err := o.Predict(context.Background(), []float64{2}, b)
	if err != nil {
		t.Fatal(err)
	}
	near(t, p.Out, 0.5, 2)
}

// TestCompileTwice lowers once and compiles twice, from the state of one session to another's: two and two iterations
// are four.
func TestCompileTwice(t *testing.T) {
	model, err := neuralode.Lower(rotation(),
		&graph.Head{Dim: 2, Readout: graph.Component(0), Loss: graph.MeanSquaredError()})
	if err != nil {
		t.Fatal(err)
	}
	data := solver.Labelled([]float64{1, 0}, []float64{0}, solver.Span{T1: 1.5})
	state := solver.NewOptimizerState([]float64{0.8})
	train := func(from solver.OptimizerState, iterations int) solver.OptimizerState {
		o, err := neuralode.Compile(solver.Reference(), model, solver.DefaultSpec())
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		session, err := o.TrainFrom(data, solver.DefaultOptimizer(0.1), from)
		if err != nil {
			t.Fatal(err)
		}
		batches := make([][]int, iterations)
		for i := range batches {
			batches[i] = []int{0}
		}
		if err := session.Run(context.Background(), batches, nil, func(solver.Iteration) {}); err != nil {
			t.Fatal(err)
		}
		end, err := session.State()
		if err != nil {
			t.Fatal(err)
		}
		return end
	}
	if once, twice := train(state, 4), train(train(state, 2), 2); once.Theta[0] != twice.Theta[0] {
		t.Errorf("θ is %v after two and two iterations, %v after four", twice.Theta, once.Theta)
	}
}
