package graph_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"gorgonia.org/gorgonia"

	"neuralode"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// A pendulum by its Hamiltonian H = p²/2 − g cos q: dq/dt = ∂H/∂p, dp/dt = −∂H/∂q. For a Hamiltonian neural network
// (Greydanus et al. 2019) H is a network of z = (q, p). The solution keeps H.
func ExampleGrad() {
	pendulum := graph.Field{
		Dim:    2,
		Params: []graph.Param{{Name: "g"}},
		Func: func(t, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			q, p := expr.Col(z, 0), expr.Col(z, 1)
			kinetic := expr.Scale(0.5, expr.Square(p))
			potential := expr.Mul(theta[0], expr.Cos(q))
			energy := expr.Sub(kinetic, potential) // [batch, 1]: one number per sample
			return expr.Columns(expr.Grad(energy, p), expr.Neg(expr.Grad(energy, q))), nil
		},
	}

	theta, z0 := []float64{9.81}, []float64{1, 0}
	d := vjp(pendulum, theta, z0, []float64{1, 0}, 2)
	energy := func(z []float64) float64 { return z[1]*z[1]/2 - 9.81*math.Cos(z[0]) }
	fmt.Printf("angle %.4f, energy %.4f, at the start %.4f\n", d.Z1[0], energy(d.Z1), energy(z0))
	fmt.Printf("d(angle)/d(start) %.4f, d(angle)/d(g) %.4f\n", d.Z0, d.Theta)
	// Output:
	// angle 0.9208, energy -5.3004, at the start -5.3004
	// d(angle)/d(start) [0.6292 -0.1367], d(angle)/d(g) [0.1150]
}

// A continuous normalizing flow (Chen et al. 2018): x follows f, and the last component gathers −tr ∂f/∂x, the change
// of the logarithm of the density. The trace takes one row of the Jacobian for each component of x.
func ExampleGrad_divergence() {
	const dim = 2
	flow := graph.Field{
		Dim:    dim + 1,
		Params: []graph.Param{{Name: "w", Shape: []int{dim, dim}}},
		Func: func(t, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			x := expr.Cols(z, 0, dim)
			f := expr.Tanh(expr.MatMul(x, theta[0]))
			trace := expr.Col(expr.Grad(expr.Col(f, 0), x), 0)
			for i := 1; i < dim; i++ {
				trace = expr.Add(trace, expr.Col(expr.Grad(expr.Col(f, i), x), i)) // ∂fᵢ/∂xᵢ
			}
			return expr.Columns(f, expr.Neg(trace)), nil
		},
	}

	theta := []float64{0.5, 0.3, -0.2, 0.4}
	d := vjp(flow, theta, []float64{1, -1, 0}, []float64{0, 0, 1}, 1)
	fmt.Printf("x %.4f, change of log density %.4f, its derivative for w %.4f\n", d.Z1[:dim], d.Z1[dim], d.Theta)
	// Output:
	// x [1.6984 -1.0082], change of log density -0.6533, its derivative for w [0.0167 -0.0426 -0.4115 -0.9524]
}

// vjp solves from 0 to t1 and differentiates the product of cotangent and z(t1).
func vjp(field graph.Field, theta, z0, cotangent []float64, t1 float64) *solver.Derivative {
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	spec := solver.DefaultSpec()
	spec.Precision, spec.Gradient = solver.Float64, solver.Discrete
	spec.Controller.Rtol, spec.Controller.Atol = 1e-9, 1e-11
	ode, err := neuralode.New(backend, field, nil, spec)
	if err != nil {
		log.Fatal(err)
	}
	defer ode.Close()
	d, err := ode.VJP(context.Background(), theta, z0, cotangent, 0, t1)
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		log.Fatal(err)
	}
	return d
}
