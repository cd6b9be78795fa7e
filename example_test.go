package neuralode_test

import (
	"context"
	"fmt"
	"log"

	"gorgonia.org/gorgonia"

	"neuralode"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// Example solves a damped pendulum written as a Gorgonia expression and differentiates the end of its swing for the
// start and for both parameters.
func Example() {
	pendulum := graph.Field{
		Dim:    2,
		Params: []graph.Param{{Name: "gravity"}, {Name: "damping"}},
		Func: func(t, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			angle, speed := expr.Col(z, 0), expr.Col(z, 1)
			pull, drag := expr.Mul(theta[0], expr.Sin(angle)), expr.Mul(theta[1], speed)
			return expr.Columns(speed, expr.Neg(expr.Add(pull, drag))), nil
		},
	}

	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	spec := solver.DefaultSpec()
	spec.Precision, spec.Gradient = solver.Float64, solver.Discrete
	spec.Controller.Rtol, spec.Controller.Atol = 1e-8, 1e-10
	ode, err := neuralode.New(backend, pendulum, nil, spec)
	if err != nil {
		log.Fatal(err)
	}
	defer ode.Close()

	theta := []float64{9.81, 0.2}
	z0 := []float64{1, 0, 2, 0} // two pendulums, each angle and speed
	d, err := ode.VJP(context.Background(), theta, z0, []float64{1, 0, 1, 0}, 0, 1)
	if err == nil {
		err = d.Err() // a sample that failed numerically
	}
	if err != nil {
		log.Fatal(err)
	}
	for i := range 2 {
		fmt.Printf("angle %.4f after %d steps, d angle/d start %.4f\n", d.Z1[2*i], d.Stats[i].Accepted, d.Z0[2*i])
	}
	fmt.Printf("d(sum of angles)/d(gravity, damping) %.4f\n", d.Theta)
	// Output:
	// angle -0.8789 after 34 steps, d angle/d start -0.8008
	// angle -1.3133 after 32 steps, d angle/d start 0.2134
	// d(sum of angles)/d(gravity, damping) [-0.1815 1.3186]
}

// ExampleODE_SolveBatch_stops looks for a push of a tenth of a second in a quiet stretch: steps miss it, unless they
// stop where it begins and ends.
func ExampleODE_SolveBatch_stops() {
	pushed := graph.Field{Dim: 1, Func: func(t, z *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) {
		begun := gorgonia.Must(gorgonia.Gt(t, expr.Number(7.1), true))
		over := gorgonia.Must(gorgonia.Gt(t, expr.Number(7.2), true))
		return expr.Sub(expr.Scale(10, expr.Sub(begun, over)), expr.Scale(0.1, z)), nil
	}}
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	ode, err := neuralode.New(backend, pushed, nil, solver.DefaultSpec())
	if err != nil {
		log.Fatal(err)
	}
	defer ode.Close()
	batch := solver.Batch{Z0: []float64{0}, Spans: []solver.Span{{T1: 10}}}
	for _, stops := range [][]float64{nil, {7.1, 7.2}} {
		batch.Stops = stops
		s, err := ode.SolveBatch(context.Background(), nil, batch)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("stops %v: z(10) = %.3f\n", stops, s.Z1[0])
	}
	// Output:
	// stops []: z(10) = 0.000
	// stops [7.1 7.2]: z(10) = 0.752
}

// ExampleWithLift makes the initial state of two features by a linear map, whose parameters are trained with the others:
// here dz/dt = −z from z(0) = 2x₁ − x₂ + 0.5.
func ExampleWithLift() {
	decay := graph.Field{Dim: 1, Func: func(t, z *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) {
		return expr.Neg(z), nil
	}}
	lift, err := graph.PerceptronLift([]int{2, 1}, graph.Tanh)
	if err != nil {
		log.Fatal(err)
	}
	model, err := neuralode.Lower(decay, nil)
	if err == nil {
		model, err = neuralode.WithLift(model, lift)
	}
	if err != nil {
		log.Fatal(err)
	}
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	ode, err := neuralode.Compile(backend, model, solver.AccurateSpec())
	if err != nil {
		log.Fatal(err)
	}
	defer ode.Close()
	theta := []float64{2, -1, 0.5} // lift.0.weight, lift.0.bias
	batch := solver.Batch{Features: []float64{1, 3, 2, 0}, Spans: []solver.Span{{T1: 1}}}
	d, err := ode.Differentiate(context.Background(), theta, batch, solver.Objective{Cotangent: []float64{1, 0}})
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("z(1) %.4f, of the first: d z(1)/dθ %.4f\n", d.Z1, d.Theta)
	// Output:
	// z(1) [-0.1839 1.6555], of the first: d z(1)/dθ [0.3679 1.1036 0.3679]
}
