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

// stepsOfDiffrax is what bench/peers/methods.py prints: diffrax 0.7.2 in float64, ten steps of 0.1.
var stepsOfDiffrax = []struct {
	method           string
	z1, start, theta []float64
}{
	{"euler", []float64{4.0523279254267335, 0.26289597929541136},
		[]float64{1.3900475660590288, -2.0430815314785584},
		[]float64{2.5666781470556446, -0.9043651134441683, 1.0200051914363366, -1.8877428772689386}},
	{"midpoint", []float64{4.298095517671986, 0.3626312881226115},
		[]float64{0.9689732296195834, -2.3710631827010484},
		[]float64{2.526255172726478, -0.9344816516455111, 1.2245467547938158, -2.6354876058362153}},
	{"heun", []float64{4.303748662003466, 0.36219045038158915},
		[]float64{0.9599638700591275, -2.3647315216666676},
		[]float64{2.525743293822324, -0.930931164403489, 1.2331869469353767, -2.653465753917314}},
	{"ralston", []float64{4.299988673119724, 0.3624841665634837},
		[]float64{0.9659714899449927, -2.3689536686502235},
		[]float64{2.5260990788245454, -0.9332992349281892, 1.2274313542546542, -2.641482071808137}},
	{"bosh3", []float64{4.304154431612503, 0.3644160963884794},
		[]float64{0.9274361645022563, -2.3732831323514283},
		[]float64{2.508743914675251, -0.9324659998690406, 1.2469434593690543, -2.6967954182471523}},
	{"tsit5", []float64{4.304052427997372, 0.3644923540258435},
		[]float64{0.926591821307254, -2.3730208114153415},
		[]float64{2.5074646913763163, -0.9321298599390504, 1.247056130162763, -2.69794409044867}},
	{"dopri5", []float64{4.304052478009778, 0.36449232975984247},
		[]float64{0.9265919192882656, -2.3730209863827287},
		[]float64{2.507465194020718, -0.9321300309482254, 1.2470561562293574, -2.697943947922301}},
	{"dopri8", []float64{4.304052450243147, 0.36449236872983787},
		[]float64{0.9265920350685923, -2.373020926593574},
		[]float64{2.507464850198292, -0.9321299111558263, 1.247056025801736, -2.69794382033807}},
}

// TestMethodsAgainstDiffrax holds the steps of each explicit method that diffrax has, and the derivatives through them,
// to diffrax's.
func TestMethodsAgainstDiffrax(t *testing.T) {
	pair := graph.Field{Dim: 2, Params: []graph.Param{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}},
		Func: func(t, z *expr.Node, p []*expr.Node) (*expr.Node, error) {
			x, y := expr.Col(z, 0), expr.Col(z, 1)
			xy := expr.Mul(x, y)
			grows := expr.Sub(expr.Mul(p[0], x), expr.Mul(p[1], xy))
			return expr.Columns(expr.Add(grows, expr.Sin(t)), expr.Sub(expr.Mul(p[3], xy), expr.Mul(p[2], y))), nil
		}}
	for _, want := range stepsOfDiffrax {
		method, err := solver.MethodNamed(want.method)
		if err != nil {
			t.Fatal(err)
		}
		spec := solver.AccurateSpec()
		spec.Method, spec.Gradient, spec.Controller.Step = method, solver.Discrete, 0.1
		backend, _, err := neuralode.Open("cpu")
		if err != nil {
			t.Fatal(err)
		}
		ode, err := neuralode.New(backend, pair, nil, spec)
		if err != nil {
			t.Fatal(err)
		}
		d, err := ode.VJP(context.Background(), []float64{1.5, 1, 3, 1}, []float64{1.2, 0.7}, []float64{1, -2}, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		for what, got := range map[string][2][]float64{"z(t1)": {d.Z1, want.z1}, "∂L/∂z0": {d.Z0, want.start},
			"∂L/∂θ": {d.Theta, want.theta}} {
			for i, v := range got[1] {
				if !(math.Abs(got[0][i]-v) <= 1e-12*math.Abs(v)) {
					t.Errorf("%s: %s is %v, want %v", want.method, what, got[0], got[1])
					break
				}
			}
		}
		if err := ode.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
