package graph

import (
	"errors"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// refuse lowers a field of dimension 3 and wants an error that holds every part.
func refuse(t *testing.T, f Field, parts ...string) {
	t.Helper()
	p, err := LowerField(f)
	if err == nil {
		t.Fatalf("lowered to %d instructions, want an error", len(p.ForwardCode))
	}
	for _, part := range append(parts, "graph: ") {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}

func TestMixedSamplesAreRefused(t *testing.T) {
	row := func(e *expr, z, w *gnode) *gnode {
		return e.do2(broadcast(gorgonia.BroadcastAdd, nil, []byte{0}), z, w)
	}
	for name, c := range map[string]struct {
		field opCase
		want  string
	}{
		"sum over the batch": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return row(e, z, e.do1(reshape(1, 3), e.do1(along(gorgonia.Sum, 0), z)))
		}}, "samples"},
		"mean over the batch": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return row(e, z, e.do1(reshape(1, 3), e.do1(along(gorgonia.Mean, 0), z)))
		}}, "samples"},
		"maximum over the batch": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return row(e, z, e.do1(reshape(1, 3), e.do1(along(gorgonia.Max, 0), z)))
		}}, "samples"},
		"sum of everything": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do2(gorgonia.HadamardProd, e.do1(along(gorgonia.Sum), z), z)
		}}, "samples"},
		"softmax over the batch": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do1(func(a *gnode) (*gnode, error) { return gorgonia.SoftMax(a, 0) }, z)
		}}, "samples"},
		"own softmax of the transpose": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do1(transposed, e.do1(SoftMax, e.do1(transposed, z)))
		}}, "samples"},
		"own log-sum-exp of the transpose": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return row(e, z, e.do1(transposed, e.do1(LogSumExp, e.do1(transposed, z))))
		}}, "samples"},
		"samples times samples": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do2(gorgonia.Mul, e.do2(gorgonia.Mul, z, e.do1(transposed, z)), z)
		}}, "samples"},
		"covariance": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do2(gorgonia.Mul, z, e.do2(gorgonia.Mul, e.do1(transposed, z), z))
		}}, "samples"},
		"flattening": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			b := z.Shape()[0]
			return e.do1(reshape(b, 3), e.do1(gorgonia.Sin, e.do1(reshape(3*b), z)))
		}}, "batch"},
		"reading columns as rows": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			b := z.Shape()[0]
			return e.do1(transposed, e.do1(reshape(3, b), z))
		}}, "samples"},
		"a slice of samples": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return row(e, z, e.do1(reshape(1, 3), e.do1(func(a *gnode) (*gnode, error) {
				return gorgonia.Slice(a, gorgonia.S(0))
			}, z)))
		}}, "samples"},
		"an own slice of samples": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return row(e, z, e.do1(func(a *gnode) (*gnode, error) { return Slice(a, 0, 0, 1, 1) }, z))
		}}, "samples"},
		"joined samples": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			twice := e.do2(func(a, b *gnode) (*gnode, error) { return gorgonia.Concat(0, a, b) }, z, z)
			return e.do1(func(a *gnode) (*gnode, error) {
				return gorgonia.Slice(a, gorgonia.S(0, z.Shape()[0]))
			}, twice)
		}}, "batch"},
		"the batch size": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode { return e.scale(1/float64(z.Shape()[0]), z) }}, "batch size"},
		"a row per sample": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			c := e.do1(func(z *gnode) (*gnode, error) {
				return Constant(z.Graph(), z.Shape()[0], 3, make([]float64, z.Shape().TotalSize()))
			}, z)
			return e.do2(gorgonia.Add, z, c)
		}}, "batch size"},
		"parameters per sample": {with(func(e *expr, _, z *gnode, w []*gnode) *gnode { return e.do2(gorgonia.Add, z, w[0]) }, []int{5, 3}), "batch size"},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, c.field.field(), c.want) })
	}
}

func TestUnsupportedOperationsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		f    builder1
		want []string
	}{
		"ceil": {gorgonia.Ceil, []string{"ceil", "make steps of comparisons"}},
		"one's own": {func(a *gnode) (*gnode, error) { return gorgonia.ApplyOp(&strangeOp{base{"Strange", 1}}, a) },
			[]string{"graph.strangeOp Strange", "supported: ", "Tanh", "HadamardProd", "graph.LogSoftMax"}},
		"log2":    {gorgonia.Log2, []string{"log2", "ln 2"}},
		"invSqrt": {gorgonia.InverseSqrt, []string{"invSqrt", "gorgonia.Inverse of gorgonia.Sqrt"}},
		"log softmax": {func(a *gnode) (*gnode, error) { return gorgonia.LogSoftMax(a, 1) },
			[]string{"graph.LogSoftMax"}},
		"dropout": {func(a *gnode) (*gnode, error) { return gorgonia.Dropout(a, 0.5) }, []string{"not supported"}},
		"three axes": {func(a *gnode) (*gnode, error) {
			var e expr
			return e.do1(reshape(a.Shape()[0], 3), e.do1(gorgonia.Sin, e.do1(reshape(a.Shape()[0], 3, 1), a))), e.err
		}, []string{"at most two axes"}},
		"foreign input": {func(a *gnode) (*gnode, error) {
			var e expr
			ones := e.do1(reshape(3), gorgonia.NewTensor(a.Graph(), gorgonia.Float64, 1, gorgonia.WithShape(3),
				gorgonia.WithName("ones")))
			return e.do2(gorgonia.OuterProd, e.do1(along(gorgonia.Sum, 1), a), ones), e.err
		}, []string{"neither an argument nor a parameter"}},
		"plain matrix constant": {func(a *gnode) (*gnode, error) {
			c := gorgonia.NewConstant(tensor.New(tensor.WithShape(3, 3), tensor.WithBacking(make([]float64, 9))))
			return gorgonia.Mul(a, a.Graph().AddNode(c))
		}, []string{"graph.Constant"}},
		"float32 constant": {func(a *gnode) (*gnode, error) { return gorgonia.Add(a, gorgonia.NewConstant(float32(2))) }, nil},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, unaryCase(c.f).field(), c.want...) })
	}
}

// strangeOp is an operation that this package does not know.
type strangeOp struct{ base }

func (op *strangeOp) InferShape(sizes ...gorgonia.DimSizer) (tensor.Shape, error) {
	in, err := shapesOf(sizes)
	return in[0], err
}

func (op *strangeOp) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) { return inputs[0], nil }

func TestWrongUseIsAnError(t *testing.T) {
	good := func(_, z *gnode, _ []*gnode) (*gnode, error) { return z, nil }
	for name, c := range map[string]struct {
		field Field
		want  []string
	}{
		"no function":      {Field{Dim: 3}, []string{"Func"}},
		"no dimension":     {Field{Func: good}, []string{"positive Dim"}},
		"duplicate names":  {Field{Dim: 3, Func: good, Params: []Param{{"w", nil}, {"w", []int{2}}}}, []string{`"w"`, "used twice"}},
		"reserved name":    {Field{Dim: 3, Func: good, Params: []Param{{"z", nil}}}, []string{`"z"`, "reserved"}},
		"empty name":       {Field{Dim: 3, Func: good, Params: []Param{{"", nil}}}, []string{"empty"}},
		"parameter rank":   {Field{Dim: 3, Func: good, Params: []Param{{"w", []int{1, 2, 3}}}}, []string{`"w"`, "3 axes"}},
		"parameter length": {Field{Dim: 3, Func: good, Params: []Param{{"w", []int{0}}}}, []string{`"w"`, "positive"}},
		"narrow result":    {Field{Dim: 3, Func: func(t, _ *gnode, _ []*gnode) (*gnode, error) { return t, nil }}, []string{"(5, 1)", "[batch, 3]"}},
		"nil result":       {Field{Dim: 3, Func: func(_, _ *gnode, _ []*gnode) (*gnode, error) { return nil, nil }}, []string{"nil"}},
		"user's error":     {Field{Dim: 3, Func: func(_, _ *gnode, _ []*gnode) (*gnode, error) { return nil, errors.New("no luck") }}, []string{"no luck", "building the field"}},
		"panic":            {Field{Dim: 3, Func: func(_, z *gnode, _ []*gnode) (*gnode, error) { panic("oh") }}, []string{"panic: oh", "building the field with batch size 5"}},
		"inner axes": {with(func(e *expr, _, z *gnode, w []*gnode) *gnode { return e.do2(gorgonia.Mul, z, w[0]) }, []int{4, 3}).field(),
			[]string{"building the field"}},
		"another graph": {Field{Dim: 3, Func: func(_, z *gnode, _ []*gnode) (*gnode, error) {
			return gorgonia.NewMatrix(gorgonia.NewGraph(), gorgonia.Float64, gorgonia.WithShape(z.Shape()...),
				gorgonia.WithName("x")), nil
		}}, []string{"another graph"}},
		"another graph per batch size": {Field{Dim: 3, Func: func(_, z *gnode, _ []*gnode) (*gnode, error) {
			if z.Shape()[0] == batchSizes[0] {
				return gorgonia.Sin(z)
			}
			return gorgonia.Cos(z)
		}}, []string{"another batch size"}},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, c.field, c.want...) })
	}
}

func TestWrongHeads(t *testing.T) {
	for name, h := range map[string]Head{
		"no loss":         {Dim: 2, Readout: Components()},
		"no read-out":     {Dim: 2, Loss: MeanSquaredError()},
		"component":       {Dim: 2, Readout: Component(2), Loss: MeanSquaredError()},
		"outputs":         {Dim: 2, Readout: Linear(0), Loss: MeanSquaredError()},
		"label width":     {Dim: 2, Readout: Linear(3), Loss: Loss{LabelWidth: 2, Func: MeanSquaredError().Func}},
		"loss per output": {Dim: 2, Readout: Components(), Loss: Loss{Func: func(a, _ *gnode) (*gnode, error) { return a, nil }}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := LowerHead(h); err == nil || !strings.Contains(err.Error(), "graph: ") {
				t.Errorf("error %v, want one of this package", err)
			}
		})
	}
}

func TestWrongMLPs(t *testing.T) {
	for _, m := range []MLP{{}, {Sizes: []int{2}}, {Sizes: []int{2, 3}}, {Sizes: []int{2, 0, 2}},
		{Sizes: []int{2, 2}, Activation: activationCount}} {
		if _, err := m.Field(); err == nil {
			t.Errorf("%v is a field", m)
		}
	}
	for a := range activationCount {
		if b, err := ParseActivation(a.String()); err != nil || b != a {
			t.Errorf("%v parses as %v, %v", a, b, err)
		}
	}
	if _, err := ParseActivation("step"); err == nil || !strings.Contains(err.Error(), "softplus") {
		t.Errorf("error %v does not list the activations", err)
	}
}

func TestOwnBuildersRefuseWrongOperands(t *testing.T) {
	g := gorgonia.NewGraph()
	m, v := input(g, "m", 5, 3), input(g, "v", 3)
	for name, f := range map[string]func() (*gnode, error){
		"slice of a vector": func() (*gnode, error) { return Slice(v, 0, 0, 1, 1) },
		"slice of nil":      func() (*gnode, error) { return Slice(nil, 0, 0, 1, 1) },
		"slice beyond":      func() (*gnode, error) { return Slice(m, 1, 2, 4, 1) },
		"empty slice":       func() (*gnode, error) { return Slice(m, 1, 2, 2, 1) },
		"third axis":        func() (*gnode, error) { return Slice(m, 2, 0, 1, 1) },
		"no stride":         func() (*gnode, error) { return Slice(m, 1, 0, 1, 0) },
		"concat of nothing": func() (*gnode, error) { return Concat(1) },
		"concat of ranks":   func() (*gnode, error) { return Concat(1, m, v) },
		"concat of heights": func() (*gnode, error) { return Concat(0, m, input(g, "w", 5, 2)) },
		"softmax":           func() (*gnode, error) { return SoftMax(input(g, "s")) },
		"log softmax":       func() (*gnode, error) { return LogSoftMax(input(g, "s")) },
		"log-sum-exp":       func() (*gnode, error) { return LogSumExp(nil) },
		"constant":          func() (*gnode, error) { return Constant(g, 2, 2, []float64{1}) },
		"activation":        func() (*gnode, error) { return activationCount.Apply(m) },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := f(); err == nil {
				t.Error("no error")
			}
		})
	}
}
