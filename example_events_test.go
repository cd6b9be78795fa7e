package neuralode_test

import (
	"context"
	"fmt"
	"log"

	"neuralode"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// ExampleODE_Solve_events lets a ball fall that gives back 0.8 of its speed where it meets the ground.
func ExampleODE_Solve_events() {
	backend, _, _ := neuralode.Open("cpu")
	ball := graph.Field{Dim: 2, Func: func(t, z *expr.Node, _ []*expr.Node) (*expr.Node, error) {
		return expr.Columns(expr.Col(z, 1), expr.Shift(-9.81, expr.Scale(0, t))), nil
	}, Events: []graph.Event{{Direction: graph.Falling,
		Condition: func(m graph.Moment) (*expr.Node, error) { return expr.Col(m.Z, 0), nil },
		Reset:     func(m graph.Moment) (*expr.Node, error) { return expr.Scale(-0.8, m.Z), nil }}}}
	ode, _ := neuralode.New(backend, ball, nil, solver.AccurateSpec())
	s, _ := ode.Solve(context.Background(), nil, []float64{1, 0}, 0, 2)
	for _, bounce := range s.Events[0] {
		fmt.Printf("at %.6f it meets the ground at %.4f and leaves at %.4f\n", bounce.T, bounce.Before[1], bounce.After[1])
	}
	// Output:
	// at 0.451524 it meets the ground at -4.4294 and leaves at 3.5436
	// at 1.173961 it meets the ground at -3.5436 and leaves at 2.8348
	// at 1.751912 it meets the ground at -2.8348 and leaves at 2.2679
}

// ExampleODE_Differentiate_jumps asks how what is left of a drug in the end depends on each of three doses, and on when
// it is taken.
func ExampleODE_Differentiate_jumps() {
	drug := graph.Field{Dim: 1, Params: []graph.Param{{Name: "elimination"}},
		Func: func(t, z *expr.Node, theta []*expr.Node) (*expr.Node, error) {
			return expr.Neg(expr.Mul(theta[0], z)), nil
		}}
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	ode, err := neuralode.New(backend, drug, nil, solver.AccurateSpec())
	if err != nil {
		log.Fatal(err)
	}
	defer ode.Close()
	taken := solver.Batch{Z0: []float64{0}, Spans: []solver.Span{{T1: 24}},
		Jumps: []float64{0, 8, 16}, Amounts: []float64{2, 1, 1}} // hours, milligrams
	d, err := ode.Differentiate(context.Background(), []float64{0.1}, taken,
		solver.Objective{Cotangent: []float64{1}, ForStops: true})
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f mg are left\nof a milligram of each dose %.4f\nfor an hour later %.4f\n", d.Z1[0], d.Amounts, d.Jumps)
	// Output:
	// 0.8327 mg are left
	// of a milligram of each dose [0.0907 0.2019 0.4493]
	// for an hour later [0.0181 0.0202 0.0449]
}
