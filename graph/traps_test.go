package graph

import (
	"math"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neuralode/plan"
)

// The tests in this file hold Gorgonia's known faults against this package. Where a fault can be shown on Gorgonia
// itself, a failing demonstration means that it was mended upstream and the defence may go.

// run binds the inputs, runs the graph and returns what was read from the nodes.
func run(t *testing.T, g *gorgonia.ExprGraph, inputs map[*gnode][]float64, results ...*gnode) [][]float64 {
	t.Helper()
	for n, data := range inputs {
		let(t, n, data)
	}
	values := make([]gorgonia.Value, len(results))
	for i, n := range results {
		gorgonia.Read(n, &values[i])
	}
	vm := gorgonia.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	out := make([][]float64, len(results))
	for i := range results {
		out[i] = content(t, values[i], results[i])
	}
	return out
}

func must(t *testing.T, n *gnode, err error) *gnode {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// vjp differentiates a unary expression of a matrix of the given shape, with a cotangent of ones.
func vjp(t *testing.T, f builder1, x []float64, dims ...int) (y, grad []float64) {
	t.Helper()
	g := gorgonia.NewGraph()
	in := input(g, "x", dims...)
	out, err := f(in)
	must(t, out, err)
	ones := input(g, "ones", out.Shape()...)
	grads, err := gorgonia.Backpropagate(gorgonia.Nodes{out}, gorgonia.Nodes{ones}, gorgonia.Nodes{in})
	if err != nil {
		t.Fatal(err)
	}
	c := make([]float64, out.Shape().TotalSize())
	for i := range c {
		c[i] = 1
	}
	r := run(t, g, map[*gnode][]float64{in: x, ones: c}, out, grads[0])
	return r[0], r[1]
}

// Trap 1: a second differentiation of one graph reuses the first one's derivatives. Each lowering builds its own
// graphs and differentiates each once.
func TestTrapSecondDifferentiation(t *testing.T) {
	g := gorgonia.NewGraph()
	x := input(g, "x", 2)
	sq, err := gorgonia.Square(x)
	must(t, sq, err)
	one, err := gorgonia.Sum(sq)
	must(t, one, err)
	ten, err := gorgonia.HadamardProd(sq, gorgonia.NewConstant(10.0))
	must(t, ten, err)
	other, err := gorgonia.Sum(ten)
	must(t, other, err)
	g1, err1 := gorgonia.Grad(one, x)
	g2, err2 := gorgonia.Grad(other, x)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	r := run(t, g, map[*gnode][]float64{x: {1, 2}}, g1[0], g2[0])
	if r[1][0] == 20 {
		t.Errorf("the second gradient is right now: %v", r)
	}

	f := unaryCase(gorgonia.Square).field()
	for range 2 {
		p, err := LowerField(f)
		if err != nil {
			t.Fatal(err)
		}
		q := ask(newRand(1), p, 4)
		agree(t, "lowered twice", interpret(t, p, q), differences(p, "f", q), 1e-7)
	}
}

// Trap 2: the gradient of a gradient is wrong for the same reason. Grad's is right, and lowering refuses Gorgonia's
// (TestMisuseIsRefused).
func TestTrapSecondOrder(t *testing.T) {
	g := gorgonia.NewGraph()
	x := input(g, "x", 2)
	cube, err := gorgonia.Cube(x)
	must(t, cube, err)
	sum, err := gorgonia.Sum(cube)
	must(t, sum, err)
	first, err := gorgonia.Grad(sum, x)
	if err != nil {
		t.Fatal(err)
	}
	again, err := gorgonia.Sum(first[0])
	must(t, again, err)
	if second, err := gorgonia.Grad(again, x); err == nil {
		if r := run(t, g, map[*gnode][]float64{x: {1, 2}}, second[0]); r[0][0] == 6 && r[0][1] == 12 {
			t.Errorf("second derivatives are right now: %v", r)
		}
	}
	once, err := Grad(sum, x)
	must(t, once, err)
	twice, err := Grad(once, x)
	must(t, twice, err)
	near(t, "Grad of Grad", run(t, g, map[*gnode][]float64{x: {1, 2}}, twice)[0], []float64{6, 12}, 0)
}

// Trap 2, too: the gradient of gorgonia.Slice is an operation that has no gradient for what it puts into the slice, and
// that of a matrix times a vector an outer product, of which the gradient is wrong. Grad makes neither.
func TestTrapSecondOrderOfSliceAndVector(t *testing.T) {
	g := gorgonia.NewGraph()
	x, v := input(g, "x", 3, 2), input(g, "v", 2)
	part, err := gorgonia.Slice(x, nil, gorgonia.S(0))
	must(t, part, err)
	y, err := gorgonia.HadamardProd(part, gorgonia.Must(gorgonia.Mul(x, v)))
	must(t, y, err)
	theirs, err := gorgonia.Grad(gorgonia.Must(gorgonia.Sum(y)), x)
	if err != nil {
		t.Fatal(err)
	}
	var slice, vector bool
	for _, n := range g.AllNodes() {
		switch opType(n.Op()) {
		case "sliceIncrOp":
			slice = !n.Op().(gorgonia.SDOp).DiffWRT(2)[1]
		case "linAlgBinOp":
			vector = vector || opField(n.Op(), "āBinaryOperator").Uint() == outerProduct
		}
	}
	if !slice || !vector {
		t.Errorf("second derivatives of %v may be right now: of the slice %t, of the vector %t", theirs, !slice,
			!vector)
	}

	g = gorgonia.NewGraph()
	x, v = input(g, "x", 3, 2), input(g, "v", 2)
	y = gorgonia.Must(gorgonia.HadamardProd(gorgonia.Must(gorgonia.Slice(x, nil, gorgonia.S(0))),
		gorgonia.Must(gorgonia.Mul(x, v))))
	once, err := Grad(y, x) // of x₀(x₀v₀ + x₁v₁): (2x₀v₀ + x₁v₁, x₀v₁)
	must(t, once, err)
	twice, err := Grad(once, x) // of the sum of both: (2v₀ + v₁, v₁)
	must(t, twice, err)
	r := run(t, g, map[*gnode][]float64{x: {1, 2, 3, 4, 5, 6}, v: {7, 11}}, once, twice)
	near(t, "first", r[0], []float64{36, 11, 86, 33, 136, 55}, 0)
	near(t, "second", r[1], []float64{25, 11, 25, 11, 25, 11}, 0)
}

// Trap 3: inputs of equal name are one node. Duplicates are refused before a graph is built, see TestWrongUseIsAnError.
func TestTrapEqualNames(t *testing.T) {
	g := gorgonia.NewGraph()
	if a, b := input(g, "w", 2), input(g, "w", 2); a != b {
		t.Error("inputs of equal name are two nodes now")
	}
}

// Trap 3, too: an input that a function makes itself does not become an argument or a parameter of that name, whose
// value would be lost.
func TestTrapInputNamedAsAnArgument(t *testing.T) {
	for _, name := range []string{"t", "z", "p0", "cotangent"} {
		two := with(func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			two := gorgonia.NewScalar(z.Graph(), gorgonia.Float64, gorgonia.WithName(name), gorgonia.WithValue(2.0))
			return e.do2(gorgonia.HadamardProd, z, two)
		}, []int{})
		refuse(t, two.field(), "neither an argument nor a parameter")
		matrix := opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do2(gorgonia.HadamardProd, z, input(z.Graph(), name, z.Shape()...))
		}}
		refuse(t, matrix.field(), "neither an argument nor a parameter")
	}
}

// Trap 3 for constants: equal names make one of two, whatever their values; see TestMisuseIsRefused.
func TestTrapNamedConstants(t *testing.T) {
	g := gorgonia.NewGraph()
	a := g.AddNode(gorgonia.NewConstant(2.0, gorgonia.WithName("c")))
	b := g.AddNode(gorgonia.NewConstant(3.0, gorgonia.WithName("c")))
	if a != b {
		t.Error("constants of equal name are two nodes now")
	}
}

// Trap 4: slices are told apart by bounds modulo 256. Wide Gorgonia slices are refused, the package's own are right.
func TestTrapWideSlices(t *testing.T) {
	const width = 600
	g := gorgonia.NewGraph()
	x := input(g, "x", 2, width)
	a, err := gorgonia.Slice(x, nil, gorgonia.S(0, 64))
	must(t, a, err)
	b, err := gorgonia.Slice(x, nil, gorgonia.S(256, 320))
	must(t, b, err)
	if a != b {
		t.Error("wide slices are two nodes now")
	}
	both := func(slice func(z *gnode, from, to int) (*gnode, error), join func(a, b *gnode) (*gnode, error)) Field {
		return Field{Dim: width, Func: func(_, z *gnode, _ []*gnode) (*gnode, error) {
			var e expr
			head := e.do1(func(z *gnode) (*gnode, error) { return slice(z, 0, 256) }, z)
			next := e.do1(func(z *gnode) (*gnode, error) { return slice(z, 256, 512) }, z)
			tail := e.do1(func(z *gnode) (*gnode, error) { return slice(z, 512, 600) }, z)
			return e.do2(join, e.do2(join, e.do1(gorgonia.Sin, next), e.do1(gorgonia.Cos, head)), tail), e.err
		}}
	}
	theirs := func(z *gnode, from, to int) (*gnode, error) { return gorgonia.Slice(z, nil, gorgonia.S(from, to)) }
	ours := func(z *gnode, from, to int) (*gnode, error) { return Slice(z, 1, from, to, 1) }
	joinTheirs := func(a, b *gnode) (*gnode, error) { return gorgonia.Concat(1, a, b) }
	joinOurs := func(a, b *gnode) (*gnode, error) { return Concat(1, a, b) }
	refuse(t, both(theirs, joinOurs), "255", "graph.Slice")
	refuse(t, both(ours, joinTheirs), "255", "graph.Concat")

	p, err := LowerField(both(ours, joinOurs))
	if err != nil {
		t.Fatal(err)
	}
	q := ask(newRand(4), p, 2)
	got := interpret(t, p, q)
	for i, z := range q.inputs["z"] {
		row, col := i/width, i%width
		to, want, slope := col, z, 1.0
		switch {
		case col < 256:
			to, want, slope = col+256, math.Cos(z), -math.Sin(z)
		case col < 512:
			to, want, slope = col-256, math.Sin(z), math.Cos(z)
		}
		at := row*width + to
		if got.outputs["f"][at] != want || math.Abs(got.inputGrads["z"][i]-slope*q.cotangent[at]) > 1e-15 {
			t.Fatalf("component %d: output %g, want %g; gradient %g, want %g", col, got.outputs["f"][at], want,
				got.inputGrads["z"][i], slope*q.cotangent[at])
		}
	}
}

// Trap 4, too: two operations of one's own with equal hash codes on equal operands are one node. The name, which is
// what is hashed, holds every parameter.
func TestOwnOperationsHashAllParameters(t *testing.T) {
	seen := map[uint32]string{}
	add := func(op gorgonia.Op) {
		if other, ok := seen[op.Hashcode()]; ok {
			t.Errorf("%v and %s have one hash code", op, other)
		}
		seen[op.Hashcode()] = op.String()
	}
	for axis := range 2 {
		for _, to := range []int{320, 321, 576} {
			for stride := 1; stride < 3; stride++ {
				add(newSlice(cut{axis, 64, to, stride}))
				add(newScatter(cut{axis, 64, to, stride}, 600))
				add(newScatter(cut{axis, 64, to, stride}, 856))
			}
		}
		add(newConcat(axis, 2))
		add(newConcat(axis, 3))
	}
	add(&softMaxOp{base{"SoftMax", 1}})
	add(&logSumExpOp{base{"LogSumExp", 1}})
}

// Trap 5: Gorgonia refuses to differentiate by what has no effect; here that gradient is zero.
func TestTrapNoEffect(t *testing.T) {
	f := with(func(e *expr, _, _ *gnode, w []*gnode) *gnode {
		return e.do2(broadcast(gorgonia.BroadcastAdd, nil, []byte{0}), e.scale(0, e.do1(reshape(1, 3), w[1])),
			e.do1(reshape(1, 3), w[1]))
	}, []int{2}, []int{3}).field()
	f.Func = func(t, z *gnode, w []*gnode) (*gnode, error) {
		var e expr
		return e.do2(broadcast(gorgonia.BroadcastHadamardProd, []byte{1}, []byte{0}), t, e.do1(reshape(1, 3), w[1])),
			e.err
	}
	p, err := LowerField(f)
	if err != nil {
		t.Fatal(err)
	}
	if p.InputGrad("z") != plan.None || p.ParamGrads[0] != plan.None || p.ParamGrads[1] == plan.None {
		t.Errorf("gradients %v, %v; want none for z and p0", p.InputGrads, p.ParamGrads)
	}

	// Nothing has an effect: there is no VJP at all.
	f.Func = func(_, z *gnode, _ []*gnode) (*gnode, error) {
		var e expr
		one := e.do1(func(z *gnode) (*gnode, error) { return gorgonia.Gte(z, z, true) }, z)
		return one, e.err
	}
	p, err = LowerField(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := interpret(t, p, ask(newRand(1), p, 2)).outputs["f"]; got[0] != 1 {
		t.Errorf("output %v, want ones", got)
	}
}

// Trap 6: where ranks do not fit, Gorgonia panics instead of returning an error.
func TestTrapPanics(t *testing.T) {
	refuse(t, with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
		return e.do2(gorgonia.Div, z, w[0])
	}, []int{1, 3}).field(), "building the field", "panic")
}

// Trap 7: Sum and narrow slices drop the axis; the reshapes that restore it vanish in the plan.
func TestTrapDroppedAxes(t *testing.T) {
	f := unaryCase(func(z *gnode) (*gnode, error) {
		var e expr
		first := e.do1(func(z *gnode) (*gnode, error) { return gorgonia.Slice(z, nil, gorgonia.S(0)) }, z)
		sum := e.do1(along(gorgonia.Sum, 1), z)
		return e.stretch(gorgonia.BroadcastAdd, z, e.column(e.do2(gorgonia.HadamardProd, first, sum))), e.err
	}).field()
	p, err := LowerField(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := mnemonics(p.ForwardCode); got != "slice reduce/add binary/mul binary/add" {
		t.Errorf("forward code is %q", got)
	}
	q := ask(newRand(1), p, 5)
	agree(t, "dropped axes", interpret(t, p, q), tape(t, f.trace, q), 1e-13)
}

// Trap 8: broadcasts of rows were doubted for batch size 1 and width 1.
func TestTrapBroadcastOfOne(t *testing.T) {
	m := MLP{Sizes: []int{1, 1, 1}, Time: true}
	f, err := m.Field()
	if err != nil {
		t.Fatal(err)
	}
	p, err := LowerField(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range []int{1, 2, 5} {
		q := ask(newRand(1), p, batch)
		agree(t, "width 1", interpret(t, p, q), tape(t, f.trace, q), 1e-13)
	}
}

// Trap 9: Gorgonia's shapes are static. A plan takes any batch size.
func TestTrapStaticShapes(t *testing.T) {
	f, err := MLP{Sizes: []int{2, 4, 2}}.Field()
	if err != nil {
		t.Fatal(err)
	}
	p, err := LowerField(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range []int{1, 3, 5, 7, 64} {
		q := ask(newRand(1), p, batch)
		agree(t, "batch", interpret(t, p, q), tape(t, f.trace, q), 1e-13)
	}
}

// Trap 10, a check of the Go version at start by an old assume-no-moving-gc, shows as a panic of every test here.

// Matrix constants are named by their printed form, which leaves elements out.
func TestTrapConstants(t *testing.T) {
	a, b := make([]float64, 600), make([]float64, 600)
	b[300] = 7
	plain := func(x []float64) *gnode {
		return gorgonia.NewConstant(tensor.New(tensor.WithShape(1, 600), tensor.WithBacking(x)))
	}
	g := gorgonia.NewGraph()
	if g.AddNode(plain(a)) != g.AddNode(plain(b)) {
		t.Error("large constants are two nodes now")
	}
	x, err := Constant(g, 1, 600, a)
	must(t, x, err)
	y, err := Constant(g, 1, 600, b)
	must(t, y, err)
	z, err := Constant(g, 1, 600, a)
	must(t, z, err)
	if x == y || x != z {
		t.Error("Constant does not tell constants apart by content")
	}
}

// SoftMax and LogSoftMax of one operand are one node.
func TestTrapLogSoftMax(t *testing.T) {
	g := gorgonia.NewGraph()
	x := input(g, "x", 2, 3)
	a, err := gorgonia.SoftMax(x, 1)
	must(t, a, err)
	b, err := gorgonia.LogSoftMax(x, 1)
	must(t, b, err)
	if a != b {
		t.Error("SoftMax and LogSoftMax are two nodes now")
	}
	_, err = LowerField(unaryCase(func(z *gnode) (*gnode, error) {
		var e expr
		return e.do1(gorgonia.Log, e.do1(func(z *gnode) (*gnode, error) { return gorgonia.SoftMax(z, 1) }, z)), e.err
	}).field())
	if err == nil || !strings.Contains(err.Error(), "graph.LogSoftMax") {
		t.Errorf("error %v, want the remedy graph.LogSoftMax", err)
	}
}

// LogSumExp of Gorgonia does not compute log Σ exp; this package's does.
func TestTrapLogSumExp(t *testing.T) {
	x := []float64{0.5, 1, -2, 3, 0, 1}
	want := []float64{math.Log(math.Exp(0.5) + math.E + math.Exp(-2)), math.Log(math.Exp(3) + 1 + math.E)}
	y, grad := vjp(t, LogSumExp, x, 2, 3)
	near(t, "LogSumExp", y, want, 1e-14)
	near(t, "its gradient", grad[:1], []float64{math.Exp(0.5 - want[0])}, 1e-14)
	g := gorgonia.NewGraph()
	if n, err := gorgonia.LogSumExp(input(g, "x", 2, 3), 1); err == nil {
		t.Errorf("Gorgonia's LogSumExp builds now: %v", n.Shape())
	}
}

// The gradients of InverseSqrt and Log2 are wrong, and both are refused.
func TestTrapWrongGradients(t *testing.T) {
	if _, g := vjp(t, gorgonia.InverseSqrt, []float64{4}, 1, 1); math.Abs(g[0]+1.0/16) < 1e-9 {
		t.Error("the gradient of InverseSqrt is right now")
	}
	if _, g := vjp(t, gorgonia.Log2, []float64{4}, 1, 1); math.Abs(g[0]-0.25/math.Ln2) < 1e-9 {
		t.Error("the gradient of Log2 is right now")
	}
}

// mnemonics lists instructions, with the function of those that have one.
func mnemonics(code []plan.Instr) string {
	var list []string
	for _, in := range code {
		s := in.Op.String()
		if in.Fn != plan.Identity {
			s += "/" + in.Fn.String()
		}
		list = append(list, s)
	}
	return strings.Join(list, " ")
}
