package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/plan"
)

// augmented appends a learnt row to features, and names what has no effect.
func augmented() Lift {
	return Lift{Features: 2, Dim: 3, Params: []Param{{"start", []int{1}}, {"idle", []int{2}}},
		Func: func(x *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			var e expr
			zero := e.do2(gorgonia.HadamardProd, e.do1(func(x *gorgonia.Node) (*gorgonia.Node, error) {
				return Slice(x, 1, 0, 1, 1)
			}, x), gorgonia.NewConstant(0.0))
			column := e.do2(func(a, b *gorgonia.Node) (*gorgonia.Node, error) {
				return gorgonia.BroadcastAdd(a, b, nil, []byte{0})
			}, zero, e.row(theta[0]))
			return e.do2(func(a, b *gorgonia.Node) (*gorgonia.Node, error) { return Concat(1, a, b) }, x, column), e.err
		}}
}

func TestLiftMatchesTapeMachineAndDifferences(t *testing.T) {
	lifts := map[string]Lift{"augmented": augmented()}
	for name, sizes := range map[string][]int{"linear": {5, 3}, "to one": {2, 1}, "mlp": {5, 8, 6, 3}} {
		l, err := PerceptronLift(sizes, Softplus)
		if err != nil {
			t.Fatal(err)
		}
		lifts[name] = l
	}
	for name, l := range lifts {
		t.Run(name, func(t *testing.T) {
			raw, err := lower("lift", l.Params, l.trace)
			if err != nil {
				t.Fatal(err)
			}
			q := ask(newRand(3), raw, 6)
			want := tape(t, l.trace, q)
			agree(t, "unfused", interpret(t, raw, q), want, 1e-12)
			fused, err := LowerLift(l)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, "fused", interpret(t, fused, q), want, 1e-12)
			agree(t, "differences", interpret(t, raw, q), differences(raw, "z0", q), 1e-7)
		})
	}
}

func TestWrongLifts(t *testing.T) {
	mixes := Lift{Features: 2, Dim: 2, Func: func(x *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) {
		return gorgonia.BroadcastAdd(x, gorgonia.Must(gorgonia.Sum(x, 0)), nil, []byte{0})
	}}
	narrow := augmented()
	narrow.Dim = 4
	for what, l := range map[string]Lift{"nothing": {}, "mixed samples": mixes, "another width": narrow,
		"a taken name": {Features: 1, Dim: 1, Params: []Param{{"x", []int{1}}}, Func: mixes.Func}} {
		if _, err := LowerLift(l); err == nil || !strings.HasPrefix(err.Error(), "graph: ") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := PerceptronLift([]int{3}, Tanh); err == nil {
		t.Error("a lift of one width is no error")
	}
	if _, err := PerceptronLift([]int{3, 0}, activationCount); err == nil || strings.Count(err.Error(), "graph:") != 2 {
		t.Errorf("a width of 0 and no activation: %v", err)
	}
}

// TestMLPWithInputsAndOrder: a field with constants, of second order, or with all that there is.
func TestMLPWithInputsAndOrder(t *testing.T) {
	for _, m := range []MLP{
		{Sizes: []int{3, 7, 3}, Inputs: 2},
		{Sizes: []int{4, 7, 2}, SecondOrder: true},
		{Sizes: []int{4, 7, 5, 2}, SecondOrder: true, Inputs: 1, Time: true, Activation: Softplus},
	} {
		t.Run(fmt.Sprintf("%+v", m), func(t *testing.T) {
			f, err := m.Field()
			if err != nil {
				t.Fatal(err)
			}
			raw, err := lowerField(f)
			if err != nil {
				t.Fatal(err)
			}
			q := ask(newRand(1), raw, 6)
			q.theta = m.Init(newRand(2))
			want := tape(t, f.trace, q)
			agree(t, "unfused", interpret(t, raw, q), want, 1e-12)
			agree(t, "fused", interpret(t, plan.Fuse(raw), q), want, 1e-12)
			agree(t, "differences", interpret(t, raw, q), differences(raw, "f", q), 1e-7)
			for i := range 6 {
				z, rates := q.inputs["z"][i*f.Dim:][:f.Dim], want.outputs["f"][i*f.Dim:]
				if m.SecondOrder && !slices.Equal(rates[:f.Dim/2], z[f.Dim/2:]) {
					t.Errorf("the positions of %v change by %v, want the velocities", z, rates)
				}
			}
		})
	}
	for _, m := range []MLP{{Sizes: []int{4, 7, 4}, SecondOrder: true}, {Sizes: []int{3, 1}, SecondOrder: true},
		{Sizes: []int{2, 2}, Inputs: -1}} {
		if m.Check() == nil {
			t.Errorf("%+v is no error", m)
		}
	}
}
