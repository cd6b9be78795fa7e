package neuralode_test

import (
	"context"
	"fmt"
	"log"

	"gorgonia.org/gorgonia"

	"neuralode"
	"neuralode/graph"
	"neuralode/solver"
)

// Example solves a damped pendulum written as a Gorgonia expression and differentiates the end of its swing for the
// start and for both parameters.
func Example() {
	pendulum := graph.Field{
		Dim:    2,
		Params: []graph.Param{{Name: "gravity"}, {Name: "damping"}},
		Func: func(t, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			angle := gorgonia.Must(graph.Slice(z, 1, 0, 1, 1))
			speed := gorgonia.Must(graph.Slice(z, 1, 1, 2, 1))
			pull := gorgonia.Must(gorgonia.HadamardProd(gorgonia.Must(gorgonia.Sin(angle)), theta[0]))
			drag := gorgonia.Must(gorgonia.HadamardProd(speed, theta[1]))
			slowing := gorgonia.Must(gorgonia.Add(pull, drag))
			return graph.Concat(1, speed, gorgonia.Must(gorgonia.Neg(slowing)))
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
