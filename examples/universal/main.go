// Command universal learns the part of an equation that is not known: a universal differential equation (Rackauckas et
// al. 2020). Of the animals in examples/lotkavolterra it knows how prey grows and predators die when they do not meet.
// What comes of a meeting, −xy for prey and xy for predators, is a small network that it fits to the observations. Run
// it here.
package main

import (
	"context"
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"neuralode"
	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

const (
	hidden     = 6
	iterations = 1500
)

// meeting is the network: two animals in, the change of both out.
var meeting = []graph.Param{{Name: "w0", Shape: []int{hidden, 2}}, {Name: "b0", Shape: []int{hidden}},
	{Name: "w1", Shape: []int{2, hidden}}, {Name: "b1", Shape: []int{2}}}

func met(z *expr.Node, p []*expr.Node) *expr.Node {
	return expr.Affine(expr.Tanh(expr.Affine(z, p[0], p[1])), p[2], p[3])
}

// known is the part that is known: prey grows at the rate 1.5, predators die at the rate 3.
func known(z *expr.Node) *expr.Node {
	return expr.Columns(expr.Scale(1.5, expr.Col(z, 0)), expr.Scale(-3, expr.Col(z, 1)))
}

var field = graph.Field{Dim: 2, Params: meeting, Func: func(t, z *expr.Node, p []*expr.Node) (*expr.Node, error) {
	return expr.Add(known(z), met(z, p)), nil
}}

func main() {
	fitted, err := fit(iterations)
	if err != nil {
		log.Fatal(err)
	}
	for _, z := range [][2]float64{{3, 1}, {2, 2}} {
		fmt.Printf("prey %v, predators %v: the network says %.0f, and it is %v\n", z[0], z[1],
			says(fitted.Theta, z[0], z[1]), [2]float64{-z[0] * z[1], z[0] * z[1]})
	}
}

func fit(iterations int) (*neuralode.Fitted, error) {
	series, err := dataset.ReadSeries("../lotkavolterra/animals.csv", dataset.SeriesOptions{})
	if err != nil {
		return nil, err
	}
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		return nil, err
	}
	ode, err := neuralode.New(backend, field, nil, solver.AccurateSpec())
	if err != nil {
		return nil, err
	}
	defer ode.Close()
	rng := rand.New(rand.NewPCG(1, 0))
	var theta []float64
	for _, p := range ode.Params() {
		for range p.Len() {
			theta = append(theta, 0.3*rng.NormFloat64())
		}
	}
	return ode.Fit(context.Background(), theta, series, neuralode.FitOptions{Iterations: iterations})
}

// says is what the network says of so much prey and so many predators, in plain Go: its parameters lie one after the
// other.
func says(theta []float64, prey, predators float64) (change [2]float64) {
	w0, b0, w1, b1 := theta[:2*hidden], theta[2*hidden:3*hidden], theta[3*hidden:5*hidden], theta[5*hidden:]
	for k := range change {
		change[k] = b1[k]
		for i := range hidden {
			change[k] += w1[k*hidden+i] * math.Tanh(w0[2*i]*prey+w0[2*i+1]*predators+b0[i])
		}
	}
	return change
}
