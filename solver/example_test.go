package solver_test

import (
	"context"
	"fmt"
	"log"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// Example solves dz/dt = z², which ends at t = 1/z(0): of three samples one does not come to t1. It has a status, the
// others do not notice.
func Example() {
	field, err := graph.LowerField(graph.Field{Dim: 1,
		Func: func(_, z *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Square(z) }})
	if err != nil {
		log.Fatal(err)
	}
	spec := solver.DefaultSpec()
	spec.Precision = solver.Float64
	spec.Controller.Rtol, spec.Controller.Atol = 1e-8, 1e-10
	program, err := solver.Reference().Compile(solver.Model{Field: field}, spec)
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()
	batch := solver.Batch{Z0: []float64{0.5, 2, -1}, Spans: []solver.Span{{T0: 0, T1: 1}}}
	s, err := program.Solve(context.Background(), nil, batch)
	if err != nil {
		log.Fatal(err)
	}
	for i, end := range s.End {
		if end.Status == solver.OK {
			fmt.Printf("sample %d: z(1) = %.6f after %d steps\n", i, s.Z1[i], s.Stats[i].Accepted)
		} else {
			fmt.Printf("sample %d: %v at t = %.4f\n", i, end.Status, end.T)
		}
	}
	// Output:
	// sample 0: z(1) = 1.000000 after 12 steps
	// sample 1: step underflow at t = 0.5000
	// sample 2: z(1) = -0.500000 after 13 steps
}

// ExampleSchedule gives the learning rates of a cosine after a warm-up.
func ExampleSchedule() {
	s := solver.Schedule{Decline: solver.CosineRate, Rate: 1e-2, Warmup: 10, Iterations: 100}
	for _, iteration := range []int{0, 5, 10, 55, 99} {
		fmt.Printf("%d: %.5f\n", iteration, s.At(iteration))
	}
	// Output:
	// 0: 0.00000
	// 5: 0.00500
	// 10: 0.01000
	// 55: 0.00500
	// 99: 0.00000
}
