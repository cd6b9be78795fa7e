// Command pendulum solves a damped pendulum, and says how the end of its swing depends on gravity and damping.
package main

import (
	"context"
	"fmt"
	"log"

	"neuralode"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

func main() {
	pendulum := graph.Field{Dim: 2, Params: []graph.Param{{Name: "gravity"}, {Name: "damping"}},
		Func: func(t, z *expr.Node, theta []*expr.Node) (*expr.Node, error) {
			angle, speed := expr.Col(z, 0), expr.Col(z, 1)
			pull, drag := expr.Mul(theta[0], expr.Sin(angle)), expr.Mul(theta[1], speed)
			return expr.Columns(speed, expr.Neg(expr.Add(pull, drag))), nil
		}}
	backend, _, err := neuralode.Open("auto") // a GPU where there is one
	check(err)
	spec := solver.DefaultSpec()
	spec.Precision, spec.Controller.Rtol, spec.Controller.Atol = solver.Float64, 1e-8, 1e-10
	ode, err := neuralode.New(backend, pendulum, nil, spec)
	check(err)
	defer ode.Close()
	theta, start, cotangent := []float64{9.81, 0.2}, []float64{1, 0}, []float64{1, 0} // of the angle at the end
	d, err := ode.VJP(context.Background(), theta, start, cotangent, 0, 1)
	check(err)
	check(d.Err()) // a sample that failed has a status; the others do not notice
	fmt.Printf("angle %.4f, d angle/d start %.4f, d angle/d(gravity, damping) %.4f\n", d.Z1[0], d.Z0, d.Theta)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
