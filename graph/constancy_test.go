package graph

import (
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/plan"
)

// TestFieldsWithoutState lowers fields that do not depend on z, nor perhaps on anything: f and its VJP are known.
func TestFieldsWithoutState(t *testing.T) {
	same := func(_, _ *gnode, w []*gnode) (*gnode, error) { return w[0], nil }
	for name, c := range map[string]struct {
		f     Field
		theta []float64
		want  []float64 // f of one sample at t = 3
		grad  []float64 // ∂(c·f)/∂θ for cotangents 1, 2, ...
	}{
		"time": {f: Field{Dim: 1, Func: func(t, _ *gnode, _ []*gnode) (*gnode, error) { return t, nil }}, want: []float64{3}},
		"time beside a parameter": {
			f:     Field{Dim: 1, Params: []Param{{Name: "w"}}, Func: func(t, _ *gnode, _ []*gnode) (*gnode, error) { return t, nil }},
			theta: []float64{7}, want: []float64{3}, grad: []float64{0}},
		"a comparison": {
			f:    Field{Dim: 2, Func: func(_, z *gnode, _ []*gnode) (*gnode, error) { return gorgonia.Gte(z, z, true) }},
			want: []float64{1, 1}},
		"a number": {f: Field{Dim: 1, Params: []Param{{Name: "w"}}, Func: same}, theta: []float64{7}, want: []float64{7}, grad: []float64{1}},
		"one in brackets": {f: Field{Dim: 1, Params: []Param{{Name: "w", Shape: []int{1}}}, Func: same},
			theta: []float64{7}, want: []float64{7}, grad: []float64{1}},
		"a vector": {f: Field{Dim: 3, Params: []Param{{Name: "w", Shape: []int{3}}}, Func: same},
			theta: []float64{7, 8, 9}, want: []float64{7, 8, 9}, grad: []float64{1, 2, 3}},
		"a vector as long as a batch": {f: Field{Dim: batchSizes[0], Params: []Param{{Name: "w", Shape: []int{5}}}, Func: same},
			theta: []float64{5, 6, 7, 8, 9}, want: []float64{5, 6, 7, 8, 9}, grad: []float64{1, 2, 3, 4, 5}},
		"a row": {f: Field{Dim: 2, Params: []Param{{Name: "w", Shape: []int{1, 2}}}, Func: func(_, _ *gnode, w []*gnode) (*gnode, error) {
			return gorgonia.Square(w[0])
		}}, theta: []float64{7, 8}, want: []float64{49, 64}, grad: []float64{14, 32}},
		"constants": {f: Field{Dim: 2, Func: func(_, z *gnode, _ []*gnode) (*gnode, error) {
			return Constant(z.Graph(), 1, 2, []float64{4, 5})
		}}, want: []float64{4, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := LowerField(c.f)
			if err != nil {
				t.Fatal(err)
			}
			if !p.HasVJP() || p.InputGrad("z") != plan.None {
				t.Errorf("a VJP: %t, gradient for z %v; want one that is zero for z", p.HasVJP(), p.InputGrad("z"))
			}
			m := plan.NewMachine(p)
			m.SetTheta(c.theta)
			z, cotangent := make([]float64, 2*c.f.Dim), make([]float64, 2*c.f.Dim)
			for i := range cotangent {
				cotangent[i] = float64(1 + i%c.f.Dim)
			}
			m.Forward(2, map[string][]float64{"t": {3, 3}, "z": z})
			if got := m.Output("f"); !slices.Equal(got, append(slices.Clone(c.want), c.want...)) {
				t.Errorf("f is %v, want %v for each of two samples", got, c.want)
			}
			m.VJP(map[string][]float64{"f": cotangent})
			got := make([]float64, len(c.theta))
			m.ThetaGrad(got)
			for i := range got {
				if got[i] != 2*c.grad[i] {
					t.Errorf("gradient %v, want twice %v", got, c.grad)
				}
			}
		})
	}
}

// TestSamplesDoNotMeetInRows: what is one row for all samples must not come from them.
func TestSamplesDoNotMeetInRows(t *testing.T) {
	refuse(t, Field{Dim: 3, Func: func(_, z *gnode, _ []*gnode) (*gnode, error) { return gorgonia.Sum(z, 0) }}, "samples")
	refuse(t, Field{Dim: 3, Params: []Param{{Name: "w", Shape: []int{2}}}, Func: func(_, _ *gnode, w []*gnode) (*gnode, error) {
		return w[0], nil
	}}, `"w"`, "(2)", "[batch, 3]")
}
