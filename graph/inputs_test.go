package graph_test

import (
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/plan"
)

// TestInputs lowers dz/dt = u·U + u0·z, where u0 is the first of three inputs: at z = 5, u = (1, 2, 3), U = (10, 20,
// 30) and the cotangent 2, the derivatives are 2·U + (2·5, 0, 0) for u, 2·1 for z and 2·u for U.
func TestInputs(t *testing.T) {
	p, err := graph.LowerField(graph.Field{Dim: 1, Inputs: 3, Params: []graph.Param{{Name: "U", Shape: []int{3, 1}}},
		InputFunc: func(_, z, u *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			first := gorgonia.Must(graph.Slice(u, 1, 0, 1, 1))
			return gorgonia.Add(gorgonia.Must(gorgonia.Mul(u, theta[0])),
				gorgonia.Must(gorgonia.HadamardProd(first, z)))
		}})
	if err != nil {
		t.Fatal(err)
	}
	m := plan.NewMachine(p)
	m.SetTheta([]float64{10, 20, 30})
	m.Forward(1, map[string][]float64{"t": {0}, "z": {5}, "inputs": {1, 2, 3}})
	m.VJP(map[string][]float64{"f": {2}})
	theta := make([]float64, 3)
	m.ThetaGrad(theta)
	for what, x := range map[string][2][]float64{
		"f": {m.Output("f"), {145}}, "∂/∂z": {m.InputGrad("z"), {2}}, "∂/∂u": {m.InputGrad("inputs"), {30, 40, 60}}, "∂/∂U": {theta, {2, 4, 6}},
	} {
		for i, want := range x[1] {
			if x[0][i] != want {
				t.Errorf("%s is %v, want %v", what, x[0], x[1])
				break
			}
		}
	}
}

// TestInputsWithoutAFunction refuses a field of which Func and Inputs, InputFunc do not fit together.
func TestInputsWithoutAFunction(t *testing.T) {
	plain := func(_, z *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) { return z, nil }
	fed := func(_, z, _ *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) { return z, nil }
	named := []graph.Param{{Name: "inputs"}}
	for what, x := range map[string]struct {
		field graph.Field
		want  string // in the error; "" for none
	}{
		"inputs":                     {graph.Field{Dim: 1, Inputs: 2, InputFunc: fed}, ""},
		"a parameter named inputs":   {graph.Field{Dim: 1, Func: plain, Params: named}, ""},
		"inputs with Func":           {graph.Field{Dim: 1, Inputs: 2, Func: plain}, "InputFunc set: false"},
		"both functions":             {graph.Field{Dim: 1, Inputs: 2, Func: plain, InputFunc: fed}, "Func set: true"},
		"InputFunc without inputs":   {graph.Field{Dim: 1, InputFunc: fed}, "Inputs 0"},
		"negative":                   {graph.Field{Dim: 1, Inputs: -1, InputFunc: fed}, "Inputs -1"},
		"a parameter in its place":   {graph.Field{Dim: 1, Inputs: 2, InputFunc: fed, Params: named}, `"inputs"`},
		"neither function, no input": {graph.Field{Dim: 1}, "Func set: false"},
	} {
		_, err := graph.LowerField(x.field)
		if (err == nil) != (x.want == "") || err != nil && !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", what, err, x.want)
		}
	}
}
