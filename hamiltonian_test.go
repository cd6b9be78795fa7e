package neuralode_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode"
	"neuralode/graph"
	"neuralode/solver"
)

// The tests in this file solve fields that are derivatives themselves, in the gradient modes.

type gnode = gorgonia.Node

// cols are columns from and below to.
func cols(x *gnode, from, to int) *gnode { return gorgonia.Must(graph.Slice(x, 1, from, to, 1)) }

func transpose(w *gnode) *gnode { return gorgonia.Must(gorgonia.Transpose(w)) }

// hamiltonianNet is dz/dt = (∂H/∂p, −∂H/∂q) for H = w2·tanh(w1·(q, p)), with the derivative by graph.Grad or by hand.
func hamiltonianNet(byHand bool) graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "w1", Shape: []int{4, 2}},
		{Name: "w2", Shape: []int{1, 4}}},
		Func: func(_, z *gnode, w []*gnode) (*gnode, error) {
			h := gorgonia.Must(gorgonia.Tanh(gorgonia.Must(gorgonia.Mul(z, transpose(w[0])))))
			d, err := graph.Grad(gorgonia.Must(gorgonia.Mul(h, transpose(w[1]))), z)
			if byHand {
				slope := gorgonia.Must(gorgonia.Sub(gorgonia.NewConstant(1.0), gorgonia.Must(gorgonia.Square(h))))
				d, err = gorgonia.Mul(gorgonia.Must(gorgonia.BroadcastHadamardProd(slope, w[1], nil, []byte{0})), w[0])
			}
			if err != nil {
				return nil, err
			}
			return graph.Concat(1, cols(d, 1, 2), gorgonia.Must(gorgonia.Neg(cols(d, 0, 1))))
		}}
}

// flow is a continuous normalizing flow: x [2] follows f = tanh(x·W1 + t·u)·W2 and the last component
// −div f = −Σ ∂fᵢ/∂xᵢ, so that it ends as the change of the log density.
func flow() graph.Field {
	params := []graph.Param{{Name: "w1", Shape: []int{2, 5}}, {Name: "u", Shape: []int{1, 5}},
		{Name: "w2", Shape: []int{5, 2}}}
	return graph.Field{Dim: 3, Params: params,
		Func: func(t, z *gnode, w []*gnode) (*gnode, error) {
			x := cols(z, 0, 2)
			h := gorgonia.Must(gorgonia.Add(gorgonia.Must(gorgonia.Mul(x, w[0])), gorgonia.Must(gorgonia.Mul(t, w[1]))))
			f := gorgonia.Must(gorgonia.Mul(gorgonia.Must(gorgonia.Tanh(h)), w[2]))
			var trace *gnode
			for i := range 2 {
				row, err := graph.Grad(cols(f, i, i+1), x)
				if err != nil {
					return nil, err
				}
				if trace == nil {
					trace = cols(row, i, i+1)
				} else {
					trace = gorgonia.Must(gorgonia.Add(trace, cols(row, i, i+1)))
				}
			}
			return graph.Concat(1, f, gorgonia.Must(gorgonia.Neg(trace)))
		}}
}

func compiled(t *testing.T, f graph.Field, mode solver.Gradient) *neuralode.ODE {
	t.Helper()
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	spec := solver.DefaultSpec()
	spec.Precision, spec.Gradient = solver.Float64, mode
	spec.Controller.Rtol, spec.Controller.Atol = 1e-10, 1e-12
	o, err := neuralode.New(backend, f, nil, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

// checkVJP compares an ODE's VJP with central differences of its solution.
func checkVJP(t *testing.T, o *neuralode.ODE, theta, z0, cotangent []float64) *solver.Derivative {
	t.Helper()
	d, err := o.VJP(context.Background(), theta, z0, cotangent, 0, 1)
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	loss := func() (sum float64) {
		for i, z := range ends(t, o, theta, z0) {
			sum += cotangent[i] * z
		}
		return sum
	}
	near(t, d.Z0, differences(z0, loss)...)
	near(t, d.Theta, differences(theta, loss)...)
	return d
}

func ends(t *testing.T, o *neuralode.ODE, theta, z0 []float64) []float64 {
	t.Helper()
	s, err := o.Solve(context.Background(), theta, z0, 0, 1)
	if err == nil {
		err = s.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.Z1
}

// differences is the slope of f for each of x, which f reads.
func differences(x []float64, f func() float64) []float64 {
	const h = 1e-5
	g := make([]float64, len(x))
	for i, at := range x {
		x[i] = at + h
		up := f()
		x[i] = at - h
		g[i] = (up - f()) / (2 * h)
		x[i] = at
	}
	return g
}

func TestHamiltonianNet(t *testing.T) {
	theta := []float64{.3, -.5, .7, .2, -.4, .6, .1, .9, .5, -.3, .8, .4}
	energy := func(z []float64) (h float64) {
		for k := range 4 {
			h += theta[8+k] * math.Tanh(theta[2*k]*z[0]+theta[2*k+1]*z[1])
		}
		return h
	}
	for _, mode := range solver.Gradients() {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			z0, cotangent := []float64{1, 0.5, -0.3, 2}, []float64{1, 0, 0.5, -1}
			d := checkVJP(t, compiled(t, hamiltonianNet(false), mode), theta, z0, cotangent)
			want := checkVJP(t, compiled(t, hamiltonianNet(true), mode), theta, z0, cotangent)
			near(t, d.Z1, want.Z1...)
			near(t, d.Theta, want.Theta...)
			near(t, d.Z0, want.Z0...)
			for i := range 2 {
				near(t, []float64{energy(d.Z1[2*i:])}, energy(z0[2*i:]))
			}
		})
	}
}

// TestFlow compares the divergence that a flow has gathered with the logarithm of the determinant of its Jacobian,
// which is made of solutions from neighbouring starts, and its derivatives with differences.
func TestFlow(t *testing.T) {
	theta := []float64{.8, -.5, .7, .2, -.4, .6, -.9, .1, .9, .5, .3, -.2, .4, .1, -.6, .9, -.3, .8, .4, -.7, .2, .5,
		-.1, .6, .3}
	for _, mode := range solver.Gradients() {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			o := compiled(t, flow(), mode)
			z0 := []float64{0.4, -0.7, 0, 1.1, 0.2, 0}
			d := checkVJP(t, o, theta, z0, []float64{0.3, -1, 1, 0.2, 0.7, 1})
			for i := range 2 {
				x := slices.Clone(z0[3*i : 3*i+3])
				jacobian := make([][]float64, 2)
				for row := range 2 {
					jacobian[row] = differences(x, func() float64 { return ends(t, o, theta, x)[row] })
				}
				det := jacobian[0][0]*jacobian[1][1] - jacobian[0][1]*jacobian[1][0]
				near(t, d.Z1[3*i+2:3*i+3], -math.Log(det))
			}
		})
	}
}
