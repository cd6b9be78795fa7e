// Command oscillator fits the three numbers of a damped oscillator that a force drives, x″ = −stiffness·x − damping·x' +
// force/mass: the force was measured at twenty times a second, the position at some of these, the velocity not at all.
// oscillator.csv was made with a stiffness of 4, a damping of 0.5 and a mass of 0.5, and noise on the position. Run it
// here.
//
// The same from the command line, with a network for what is not known to be linear:
//
//	neuralode train --data oscillator.csv --inputs force --interpolation hermite --second-order
package main

import (
	"context"
	"fmt"
	"log"

	"neuralode"
	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

func main() {
	numbers := []graph.Param{{Name: "stiffness"}, {Name: "damping"}, {Name: "mass"}}
	field := graph.Field{Dim: 2, Inputs: 1, Params: numbers,
		InputFunc: func(t, z, force *expr.Node, p []*expr.Node) (*expr.Node, error) {
			x, v := expr.Col(z, 0), expr.Col(z, 1)
			pull := expr.Add(expr.Mul(p[0], x), expr.Mul(p[1], v))
			return expr.Columns(v, expr.Sub(expr.Div(force, p[2]), pull)), nil
		}}
	series, err := dataset.ReadSeries("oscillator.csv", dataset.SeriesOptions{Inputs: []string{"force"}})
	if err != nil {
		log.Fatal(err)
	}
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	ode, err := neuralode.New(backend, field, nil, solver.AccurateSpec())
	if err != nil {
		log.Fatal(err)
	}
	defer ode.Close()
	start := []float64{series.X[0], 0} // the velocity is found too
	fitted, err := ode.Fit(context.Background(), []float64{1, 1, 1}, series, neuralode.FitOptions{Starts: start})
	if err != nil {
		log.Fatal(err)
	}
	for i, p := range numbers {
		fmt.Printf("%s %.2f\n", p.Name, fitted.Theta[i])
	}
}
