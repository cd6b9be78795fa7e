package graph

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"neuralode/plan"
)

// derivative is the field of which each component is ∂(Σ f)/∂z, taken as often as order says.
func derivative(f Field, order int) Field {
	inner := f.Func
	f.Func = func(t, z *gnode, w []*gnode) (*gnode, error) {
		y, err := inner(t, z, w)
		for range order {
			if err == nil {
				y, err = Grad(y, z)
			}
		}
		return y, err
	}
	return f
}

// slopes answers with central differences of Σ f for z, sample by sample.
func slopes(p *plan.Plan, q question) []float64 {
	const h = 1e-6
	m := plan.NewMachine(p)
	m.SetTheta(q.theta)
	z := q.inputs["z"]
	width := len(z) / q.batch
	sum := func(sample int) (s float64) {
		m.Forward(q.batch, q.inputs)
		for _, y := range m.Output("f")[sample*width : (sample+1)*width] {
			s += y
		}
		return s
	}
	g := make([]float64, len(z))
	for i, at := range z {
		z[i] = at + h
		up := sum(i / width)
		z[i] = at - h
		g[i] = (up - sum(i/width)) / (2 * h)
		z[i] = at
	}
	return g
}

// TestGradMatchesDifferences takes the first and the second derivative of every operation inside a field. Their VJPs,
// which are derivatives of second and third order, are compared with differences too.
func TestGradMatchesDifferences(t *testing.T) {
	for name, c := range cases() {
		t.Run(name, func(t *testing.T) {
			if name == "column and row" {
				refuse(t, derivative(c.field(), 1), `is not made of node "z"`)
				return
			}
			below, err := lowerField(c.field())
			if err != nil {
				t.Fatal(err)
			}
			for order := 1; order <= 2; order++ {
				f := derivative(c.field(), order)
				raw, err := lowerField(f)
				if err != nil {
					t.Fatalf("order %d: %v", order, err)
				}
				q := c.ask(raw)
				got := interpret(t, raw, q)
				near(t, fmt.Sprintf("order %d", order), got.outputs["f"], slopes(below, q), 1e-6)
				agree(t, fmt.Sprintf("VJP of order %d", order), got, differences(raw, "f", q), 1e-6)
				agree(t, fmt.Sprintf("fused, order %d", order), interpret(t, plan.Fuse(raw), q), got, 1e-12)
				agree(t, fmt.Sprintf("TapeMachine, order %d", order), got, tape(t, f.trace, q), 1e-11)
				below = raw
			}
		})
	}
}

// TestGradOfIdioms takes the derivative of what people write, and compares it with differences of plain Go.
func TestGradOfIdioms(t *testing.T) {
	for _, i := range slices.Concat(parameterIdioms(), matrixIdioms(), productIdioms(), stateIdioms(), scalarIdioms()) {
		if len(i.refused) > 0 {
			continue
		}
		t.Run(i.name, func(t *testing.T) {
			f := Field{Dim: i.dim, Params: i.params,
				Func: func(t, z *gnode, w []*gnode) (*gnode, error) { return i.f(t, z, w), nil }}
			p, err := LowerField(derivative(f, 1))
			if err != nil {
				t.Fatal(err)
			}
			q := opCase{positive: true}.ask(p)
			got := interpret(t, p, q)
			agree(t, "VJP", got, differences(p, "f", q), 1e-5)
			const h = 1e-6
			for s := range q.batch {
				z := q.inputs["z"][s*i.dim : (s+1)*i.dim]
				total := func() float64 { return sum(i.want(q.inputs["t"][s], z, q.theta), identity) }
				for j, at := range z {
					z[j] = at + h
					up := total()
					z[j] = at - h
					near(t, "derivative", got.outputs["f"][s*i.dim+j:s*i.dim+j+1], []float64{(up - total()) / (2 * h)},
						1e-6)
					z[j] = at
				}
			}
		})
	}
}

// TestGradOfRandomExpressions does so for combinations of operations.
func TestGradOfRandomExpressions(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newRecipe(rt).field()
		inner := f.Func
		f.Func = func(t, z *gnode, w []*gnode) (*gnode, error) {
			y, err := inner(t, z, w)
			if err != nil {
				return nil, err
			}
			return gorgonia.Add(y, gorgonia.Must(gorgonia.Square(z))) // made of z for certain
		}
		below, err := lowerField(f)
		if err != nil {
			rt.Fatal(err)
		}
		f = derivative(f, 1)
		raw, err := lowerField(f)
		if err != nil {
			rt.Fatal(err)
		}
		q := ask(newRand(rapid.Uint64().Draw(rt, "seed")), raw, rapid.IntRange(1, 4).Draw(rt, "batch"))
		got := interpret(t, raw, q)
		agree(rt, "TapeMachine", got, tape(t, f.trace, q), 1e-10)
		agree(rt, "fused", interpret(t, plan.Fuse(raw), q), got, 1e-10)
		near(rt, "differences", got.outputs["f"], slopes(below, q), 1e-5)
		agree(rt, "differences of the gradient", got, differences(raw, "f", q), 1e-5)
	})
}

// TestGradForms takes one derivative, 2z sin z + z² cos z of z² sin z, in the forms in which one writes it.
func TestGradForms(t *testing.T) {
	energy := func(e *expr, z *gnode) *gnode {
		return e.do2(gorgonia.HadamardProd, e.do1(gorgonia.Square, z), e.do1(gorgonia.Sin, z))
	}
	zero := func(z *gnode) *gnode { return gorgonia.Must(fill(z, 0)) }
	for name, f := range map[string]func(e *expr, z *gnode) *gnode{
		"matrix":           func(e *expr, z *gnode) *gnode { return e.do2(Grad, energy(e, z), z) },
		"vector":           func(e *expr, z *gnode) *gnode { return e.do2(Grad, e.do1(along(gorgonia.Sum, 1), energy(e, z)), z) },
		"column":           func(e *expr, z *gnode) *gnode { return e.do2(Grad, e.sum(energy(e, z)), z) },
		"sum of the batch": func(e *expr, z *gnode) *gnode { return e.do2(Grad, e.do1(along(gorgonia.Sum), energy(e, z)), z) },
		"by a node on the way": func(e *expr, z *gnode) *gnode {
			h := e.do1(gorgonia.Neg, z)
			return e.do2(Grad, energy(e, h), h) // −2z sin(−z) + z² cos(−z)
		},
		"twice, the second after the first": func(e *expr, z *gnode) *gnode {
			first := e.do2(Grad, e.do1(gorgonia.Cube, z), z)
			return e.do2(gorgonia.Add, e.do2(Grad, energy(e, z), z),
				e.do2(gorgonia.Sub, first, e.do2(Grad, e.do1(gorgonia.Cube, z), z)))
		},
		"by itself": func(e *expr, z *gnode) *gnode {
			return e.do2(gorgonia.HadamardProd, e.do2(Grad, z, z), e.do2(Grad, energy(e, z), z))
		},
		"of what does not change": func(e *expr, z *gnode) *gnode {
			still := e.do2(Grad, e.do2(gorgonia.HadamardProd, e.do2(compare(gorgonia.Gt), z, zero(z)), zero(z)), z)
			return e.do2(gorgonia.Add, still, e.do2(Grad, energy(e, z), z))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode { return f(e, z) }}
			p, err := LowerField(c.field())
			if err != nil {
				t.Fatal(err)
			}
			q := c.ask(p)
			got := interpret(t, p, q)
			for i, z := range q.inputs["z"] {
				s, c := math.Sincos(z)
				near(t, "∂y/∂z", got.outputs["f"][i:i+1], []float64{2*z*s + z*z*c}, 1e-14)
				near(t, "∂²y/∂z²", got.inputGrads["z"][i:i+1], []float64{q.cotangent[i] * ((2-z*z)*s + 4*z*c)}, 1e-14)
			}
		})
	}
}

// TestGradForParameters takes the gradient of a regulariser, Σ w³, inside a field: z⊙3w².
func TestGradForParameters(t *testing.T) {
	p, err := LowerField(with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
		g := e.do2(Grad, e.do1(along(gorgonia.Sum), e.do1(gorgonia.Cube, w[0])), w[0])
		return e.do2(broadcast(gorgonia.BroadcastHadamardProd, nil, []byte{0}), z, g)
	}, []int{1, 3}).field())
	if err != nil {
		t.Fatal(err)
	}
	q := ask(newRand(3), p, 2)
	got := interpret(t, p, q)
	theta := make([]float64, 3)
	for i, z := range q.inputs["z"] {
		w := q.theta[i%3]
		near(t, "f", got.outputs["f"][i:i+1], []float64{3 * w * w * z}, 1e-14)
		theta[i%3] += q.cotangent[i] * 6 * w * z
	}
	near(t, "∂/∂w", got.theta, theta, 1e-14)
}

// TestGradOfPowersAtZero: augmented states begin at 0, where 0·0⁻¹ is not a number.
func TestGradOfPowersAtZero(t *testing.T) {
	for _, c := range []struct{ power, first, second, third float64 }{{0, 0, 0, 0}, {1, 1, 0, 0}, {2, 0, 2, 0},
		{3, 0, 0, 6}} {
		f := unaryCase(func(z *gnode) (*gnode, error) { return gorgonia.Pow(z, gorgonia.NewConstant(c.power)) }).field()
		for order, want := range [][]float64{1: {c.first, c.second}, 2: {c.second, c.third}} {
			if order == 0 {
				continue
			}
			p, err := LowerField(derivative(f, order))
			if err != nil {
				t.Fatal(err)
			}
			got := interpret(t, p, question{1, nil, map[string][]float64{"t": {0}, "z": {0, 0, 0}}, []float64{1, 1, 1}})
			near(t, fmt.Sprintf("z^%v, derivative %d at 0", c.power, order), got.outputs["f"][:1], want[:1], 0)
			near(t, fmt.Sprintf("z^%v, derivative %d at 0", c.power, order+1), got.inputGrads["z"],
				[]float64{want[1], want[1], want[1]}, 0)
		}
	}
}

// TestGradOfSquares: the derivative of a power of 2 is a product, as that of gorgonia.Square is.
func TestGradOfSquares(t *testing.T) {
	p, err := LowerField(derivative(unaryCase(func(z *gnode) (*gnode, error) {
		return gorgonia.Pow(z, gorgonia.NewConstant(2.0))
	}).field(), 1))
	if err != nil {
		t.Fatal(err)
	}
	if code := mnemonics(append(p.ForwardCode, p.BackwardCode...)); strings.Contains(code, "pow") {
		t.Errorf("the derivative is %s", code)
	}
}

func TestGradIsRefused(t *testing.T) {
	grad := func(f func(e *expr, t, z *gnode, w []*gnode) *gnode) func(e *expr, t, z *gnode, w []*gnode) *gnode {
		return func(e *expr, t, z *gnode, w []*gnode) *gnode { return e.do2(Grad, f(e, t, z, w), z) }
	}
	for name, c := range map[string]struct {
		field opCase
		want  string
	}{
		"of a node not made of x": {opCase{f: grad(func(e *expr, t, z *gnode, _ []*gnode) *gnode { return e.do1(gorgonia.Sin, t) })}, `not made of node "z"`},
		"by a copy": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do2(Grad, e.do1(gorgonia.Sin, z), e.do1(gorgonia.Neg, z))
		}}, "not made of"},
		"of an operation with a wrong derivative": {opCase{f: grad(func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do1(gorgonia.InverseSqrt, z)
		})}, "gorgonia.Inverse of gorgonia.Sqrt"},
		"of an outer product": {with(grad(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.OuterProd, e.do1(along(gorgonia.Sum, 1), z), w[0])
		}), []int{3}), "gorgonia.BroadcastHadamardProd"},
		"of a wide Gorgonia slice": {opCase{f: grad(func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			wide := e.do2(gorgonia.Mul, z, e.do1(func(z *gnode) (*gnode, error) {
				return Constant(z.Graph(), 3, 300, make([]float64, 900))
			}, z))
			return e.do1(func(a *gnode) (*gnode, error) { return gorgonia.Slice(a, nil, gorgonia.S(256, 258)) }, wide)
		})}, "graph.Slice"},
		"square of a sum over the batch": {opCase{f: grad(func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do1(gorgonia.Square, e.do1(along(gorgonia.Sum), z))
		})}, "mixes samples"},
		"largest of the batch": {opCase{f: grad(func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do1(along(gorgonia.Max, 0), z)
		})}, "mixes samples"},
		"mean of the batch": {opCase{f: grad(func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do1(along(gorgonia.Mean), e.do1(gorgonia.Square, z))
		})}, "mean over samples"},
		"first sample": {opCase{f: grad(func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do1(func(z *gnode) (*gnode, error) { return Slice(z, 0, 0, 1, 1) }, z)
		})}, "batch size"},
		"by a parameter, summed over the batch": {with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Mul, z, e.do2(Grad, e.do1(gorgonia.Sin, e.do2(gorgonia.Mul, z, w[0])), w[0]))
		}, []int{3, 3}), "mixes samples"},
		"of a node of another graph": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do2(Grad, z, input(gorgonia.NewGraph(), "x", 5, 3))
		}}, "two graphs"},
		"by a constant": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			two := z.Graph().AddNode(gorgonia.NewConstant(2.0))
			return e.do2(Grad, e.do2(gorgonia.Pow, z, two), two)
		}}, "graph.Param"},
		"of nil": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode { return e.do2(Grad, nil, z) }}, "nil"},
		"of a whole number": {opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do2(Grad, gorgonia.NewMatrix(z.Graph(), gorgonia.Int, gorgonia.WithShape(5, 3),
				gorgonia.WithName("n")), z)
		}}, "want float64"},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, c.field.field(), c.want) })
	}
}

// TestGradInAHead takes derivatives in a read-out and in a loss: a force −∂V/∂z of a potential with parameters, and a
// penalty on the gradient of an energy of the outputs.
func TestGradInAHead(t *testing.T) {
	force := Readout{
		Params: func(dim int) []Param { return []Param{{"w", []int{dim, 4}}} },
		Func: func(z *gnode, w []*gnode) (*gnode, error) {
			var e expr
			v := e.do1(gorgonia.Softplus, e.do2(gorgonia.Mul, z, w[0]))
			return e.do1(gorgonia.Neg, e.do2(Grad, v, z)), e.err
		},
	}
	penalty := Loss{Func: func(out, y *gnode) (*gnode, error) {
		var e expr
		energy := e.do2(gorgonia.HadamardProd, e.do1(gorgonia.Sin, out), y)
		return e.sum(e.do1(gorgonia.Square, e.do2(Grad, energy, out))), e.err
	}}
	h := Head{Dim: 2, Readout: force, Loss: penalty}
	p, err := LowerHead(h)
	if err != nil {
		t.Fatal(err)
	}
	q := ask(newRand(5), p, 3)
	got := interpret(t, p, q)
	agree(t, "differences", got, differences(p, "loss", q), 1e-6)
	z, y := q.inputs["z"], q.inputs["label"]
	for i := range 3 {
		loss := 0.0
		for j := range 2 {
			out := 0.0
			for k := range 4 { // −∂V/∂z = −Σ sigmoid(z·w) w
				s := z[2*i]*q.theta[k] + z[2*i+1]*q.theta[4+k]
				out -= q.theta[4*j+k] / (1 + math.Exp(-s))
			}
			near(t, "force", got.outputs["out"][2*i+j:2*i+j+1], []float64{out}, 1e-13)
			loss += math.Pow(math.Cos(out)*y[2*i+j], 2)
		}
		near(t, "loss", got.outputs["loss"][i:i+1], []float64{loss}, 1e-13)
	}
}

// TestGradLeavesNoTrace: what Gorgonia differentiates afterwards is right, in any order.
func TestGradLeavesNoTrace(t *testing.T) {
	g := gorgonia.NewGraph()
	x := input(g, "x", 2)
	cube := must(t, gorgonia.Must(gorgonia.Cube(x)), nil)
	first, err := Grad(cube, x) // 3x²
	must(t, first, err)
	second, err := Grad(first, x) // 6x
	must(t, second, err)
	for _, n := range g.AllNodes() {
		if n.Deriv() != nil || len(n.DerivOf()) > 0 {
			t.Errorf("node %v was left with a derivative", n)
		}
	}
	third, err := gorgonia.Grad(gorgonia.Must(gorgonia.Sum(gorgonia.Must(gorgonia.HadamardProd(second, x)))), x) // 12x
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, g, map[*gnode][]float64{x: {1, -2}}, first, second, third[0])
	near(t, "first", r[0], []float64{3, 12}, 0)
	near(t, "second", r[1], []float64{6, -12}, 0)
	near(t, "third", r[2], []float64{12, -24}, 0)
}

// TestMisuseIsRefused: what a function does to its graph besides adding nodes is refused with the remedy, in a field,
// in a read-out and in a loss.
func TestMisuseIsRefused(t *testing.T) {
	energy := func(z *gnode) *gnode { return gorgonia.Must(gorgonia.Sum(gorgonia.Must(gorgonia.Cube(z)))) }
	zeros := func(z *gnode) gorgonia.Value {
		return tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(z.Shape()...))
	}
	for name, c := range map[string]struct {
		f    builder1
		want []string
	}{
		"Grad": {func(z *gnode) (*gnode, error) {
			d, err := gorgonia.Grad(energy(z), z)
			return d[0], err
		}, []string{`"z"`, "use graph.Grad"}},
		"Backpropagate": {func(z *gnode) (*gnode, error) {
			y := gorgonia.Must(gorgonia.Sin(z))
			d, err := gorgonia.Backpropagate(gorgonia.Nodes{y}, gorgonia.Nodes{z}, gorgonia.Nodes{z})
			return d[0], err
		}, []string{"use graph.Grad"}},
		"Grad thrown away": {func(z *gnode) (*gnode, error) {
			_, err := gorgonia.Grad(energy(z), z)
			return z, err
		}, []string{"use graph.Grad"}},
		"Grad in a helper's node": {func(z *gnode) (*gnode, error) {
			h := gorgonia.Must(gorgonia.Tanh(z))
			if _, err := gorgonia.Backpropagate(gorgonia.Nodes{energy(h)},
				gorgonia.Nodes{z.Graph().AddNode(gorgonia.NewConstant(1.0))},
				gorgonia.Nodes{h}); err != nil {
				return nil, err
			}
			return h, nil
		}, []string{"use graph.Grad"}},
		"Grad of a vector": {func(z *gnode) (*gnode, error) {
			_, err := gorgonia.Grad(gorgonia.Must(gorgonia.Sum(z, 1)), z)
			return nil, err
		}, []string{"use graph.Grad"}},
		"Grad for a slice": {func(z *gnode) (*gnode, error) {
			q := gorgonia.Must(Slice(z, 1, 0, 1, 1))
			_, err := gorgonia.Grad(energy(q), q)
			return nil, err
		}, []string{"use graph.Grad"}},
		"Backpropagate for what has no effect": {func(z *gnode) (*gnode, error) {
			y, h := gorgonia.Must(gorgonia.Sin(z)), gorgonia.Must(gorgonia.Cos(z))
			_, err := gorgonia.Backpropagate(gorgonia.Nodes{y}, gorgonia.Nodes{z}, gorgonia.Nodes{h})
			return nil, err
		}, []string{"use graph.Grad"}},
		"value of an argument": {func(z *gnode) (*gnode, error) { return z, gorgonia.Let(z, zeros(z)) },
			[]string{`"z"`, "no effect", "graph.Constant"}},
		"value of a result": {func(z *gnode) (*gnode, error) {
			y := gorgonia.Must(gorgonia.Sin(z))
			return y, gorgonia.UnsafeLet(y, zeros(z))
		}, []string{"sin", "no effect"}},
		"Set": {func(z *gnode) (*gnode, error) {
			gorgonia.Set(z, gorgonia.Must(gorgonia.Sin(z)))
			return z, nil
		}, []string{"gorgonia.Set", "use the node itself"}},
		"Read": {func(z *gnode) (*gnode, error) {
			gorgonia.Read(z, new(gorgonia.Value))
			return z, nil
		}, []string{"gorgonia.Read"}},
		"named constants": {func(z *gnode) (*gnode, error) {
			var e expr
			a, b := gorgonia.NewConstant(2.0, gorgonia.WithName("c")), gorgonia.NewConstant(3.0, gorgonia.WithName("c"))
			return e.do2(gorgonia.Add, e.do2(gorgonia.HadamardProd, z, a), b), e.err
		}, []string{`"c"`, "leave gorgonia.WithName out"}},
	} {
		t.Run(name, func(t *testing.T) {
			refuse(t, unaryCase(c.f).field(), append(c.want, "building the field")...)
			readout := Readout{Func: func(z *gnode, _ []*gnode) (*gnode, error) { return c.f(z) }}
			_, err := LowerHead(Head{Dim: 3, Readout: readout, Loss: MeanSquaredError()})
			mentions(t, err, append(c.want, "read-out: ")...)
			loss := Loss{Func: func(out, y *gnode) (*gnode, error) {
				d, err := c.f(out)
				if err != nil {
					return nil, err
				}
				return gorgonia.Sum(d, 1)
			}}
			_, err = LowerHead(Head{Dim: 3, Readout: Components(), Loss: loss})
			mentions(t, err, append(c.want, "loss: ")...)
		})
	}
}

// TestForeignNodes: a node of another graph, or of an earlier call, is refused with the remedy wherever it stands.
func TestForeignNodes(t *testing.T) {
	other := gorgonia.NewGraph()
	row, matrix := input(other, "row", 1, 3), input(other, "m", 5, 3)
	var kept *gnode
	for name, f := range map[string]builder1{
		"operand":   func(z *gnode) (*gnode, error) { return gorgonia.HadamardProd(z, matrix) },
		"broadcast": func(z *gnode) (*gnode, error) { return gorgonia.BroadcastAdd(z, row, nil, []byte{0}) },
		"own":       func(z *gnode) (*gnode, error) { return Concat(1, z, matrix) },
		"kept": func(z *gnode) (*gnode, error) {
			if kept == nil {
				kept = z
			}
			return gorgonia.HadamardProd(z, kept)
		},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, unaryCase(f).field(), "made of the function's arguments alone") })
	}
}

func mentions(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v lacks %q", err, part)
		}
	}
}
