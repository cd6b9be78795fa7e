package graph

import (
	"math"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"neuralode/plan"
)

type (
	gnode = gorgonia.Node
	shape = tensor.Shape
)

// opCase is an expression of t [batch, 1], z [batch, 3] and parameters, used as a field of dimension 3.
type opCase struct {
	params   []Param
	positive bool // draw z and θ from [0.5, 1.5]
	f        func(e *expr, t, z *gnode, w []*gnode) *gnode
}

func (c opCase) field() Field {
	return Field{Dim: 3, Params: c.params, Func: func(t, z *gnode, w []*gnode) (*gnode, error) {
		var e expr
		f := c.f(&e, t, z, w)
		return f, e.err
	}}
}

// ask draws a question for six samples from where the case is defined.
func (c opCase) ask(p *plan.Plan) question {
	q := ask(newRand(7), p, 6)
	if c.positive {
		for _, x := range [][]float64{q.theta, q.inputs["z"]} {
			for i := range x {
				x[i] = math.Abs(x[i]) + 0.5
			}
		}
	}
	return q
}

// unaryCase applies f to z.
func unaryCase(f builder1) opCase {
	return opCase{f: func(e *expr, _, z *gnode, _ []*gnode) *gnode { return e.do1(f, z) }}
}

func positive(c opCase) opCase {
	c.positive = true
	return c
}

// with declares parameters p0, p1, ... of the given shapes.
func with(f func(e *expr, t, z *gnode, w []*gnode) *gnode, shapes ...[]int) opCase {
	c := opCase{f: f}
	for i, s := range shapes {
		c.params = append(c.params, Param{"p" + string(rune('0'+i)), s})
	}
	return c
}

func broadcast(f builderB, left, right []byte) builder2 {
	return func(a, b *gnode) (*gnode, error) { return f(a, b, left, right) }
}

func reshape(dims ...int) builder1 {
	return func(a *gnode) (*gnode, error) { return gorgonia.Reshape(a, shape(dims)) }
}

func transposed(a *gnode) (*gnode, error) { return gorgonia.Transpose(a) }

func along(f func(a *gnode, along ...int) (*gnode, error), axes ...int) builder1 {
	return func(a *gnode) (*gnode, error) { return f(a, axes...) }
}

func compare(f func(a, b *gnode, same bool) (*gnode, error)) builder2 {
	return func(a, b *gnode) (*gnode, error) { return f(a, b, true) }
}

func cases() map[string]opCase {
	all := map[string]opCase{}
	for _, group := range []map[string]opCase{elementwiseCases(), productCases(), broadcastCases(), reductionCases(),
		movingCases(), sharedCases(), builderCases()} {
		for name, c := range group {
			all[name] = c
		}
	}
	return all
}

func elementwiseCases() map[string]opCase {
	binary := func(f builder2) opCase {
		return with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(f, z, e.do2(gorgonia.Mul, z, w[0]))
		}, []int{3, 3})
	}
	masked := func(f builder2) opCase {
		return with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.HadamardProd, z, e.do2(f, z, e.do2(gorgonia.Mul, z, w[0])))
		}, []int{3, 3})
	}
	return map[string]opCase{
		"swish": unaryCase(func(a *gnode) (*gnode, error) {
			var e expr
			return e.do2(gorgonia.HadamardProd, a, e.do1(gorgonia.Sigmoid, a)), e.err
		}),
		"add": binary(gorgonia.Add), "sub": binary(gorgonia.Sub), "mul": binary(gorgonia.HadamardProd),
		"div": positive(binary(gorgonia.HadamardDiv)), "pow": positive(binary(gorgonia.Pow)),
		"lt": masked(compare(gorgonia.Lt)), "lte": masked(compare(gorgonia.Lte)), "gt": masked(compare(gorgonia.Gt)),
		"gte": masked(compare(gorgonia.Gte)), "eq": masked(compare(gorgonia.Eq)), "ne": masked(compare(gorgonia.Ne)),
		"scalar add": unaryCase(func(a *gnode) (*gnode, error) { return gorgonia.Add(gorgonia.NewConstant(0.3), a) }),
		"scalar mul": unaryCase(func(a *gnode) (*gnode, error) { return gorgonia.Mul(gorgonia.NewConstant(0.3), a) }),
		"scalar pow": positive(unaryCase(func(a *gnode) (*gnode, error) { return gorgonia.Pow(a, gorgonia.NewConstant(2.5)) })),
		"scalar div": positive(unaryCase(func(a *gnode) (*gnode, error) { return gorgonia.HadamardDiv(gorgonia.NewConstant(2.5), a) })),
		"scalar parameter": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.HadamardProd, e.do2(gorgonia.Sub, z, w[0]), e.do1(gorgonia.Exp, w[1]))
		}, []int{}, []int{}),
		"identity": unaryCase(func(a *gnode) (*gnode, error) { return a, nil }),
		"used twice": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Mul, e.do1(gorgonia.Tanh, e.do2(gorgonia.Mul, z, w[0])), w[0])
		}, []int{3, 3}),
	}
}

func productCases() map[string]opCase {
	return map[string]opCase{
		"x W": with(func(e *expr, _, z *gnode, w []*gnode) *gnode { return e.do2(gorgonia.Mul, z, w[0]) }, []int{3, 3}),
		"x Wᵀ": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Mul, z, e.do1(transposed, w[0]))
		}, []int{3, 3}),
		"(W xᵀ)ᵀ": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			h := e.do1(gorgonia.Tanh, e.do2(gorgonia.Mul, w[0], e.do1(transposed, z)))
			return e.do1(transposed, e.do2(gorgonia.Mul, e.do1(transposed, w[1]), h))
		}, []int{4, 3}, []int{4, 3}),
		"(W xᵀ + b)ᵀ": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			h := e.do2(gorgonia.Mul, w[0], e.do1(transposed, z))
			h = e.do2(broadcast(gorgonia.BroadcastAdd, nil, []byte{1}), h, w[1])
			return e.do1(transposed, e.do1(gorgonia.Sigmoid, h))
		}, []int{3, 3}, []int{3, 1}),
		"low rank": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Mul, z, e.do2(gorgonia.Mul, w[0], w[1]))
		}, []int{3, 2}, []int{2, 3}),
		"x (W − Wᵀ)": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Mul, z, e.do2(gorgonia.Sub, w[0], e.do1(transposed, w[0])))
		}, []int{3, 3}),
		"matrix vector": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Mul, e.column(e.do2(gorgonia.Mul, z, w[0])), w[1])
		}, []int{3}, []int{1, 3}),
	}
}

func broadcastCases() map[string]opCase {
	row := func(f builderB) opCase {
		return with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(broadcast(f, nil, []byte{0}), z, w[0])
		}, []int{1, 3})
	}
	return map[string]opCase{
		"row add": row(gorgonia.BroadcastAdd), "row sub": row(gorgonia.BroadcastSub), "row mul": row(gorgonia.BroadcastHadamardProd),
		"row div": positive(row(gorgonia.BroadcastHadamardDiv)), "row pow": positive(row(gorgonia.BroadcastPow)),
		"row on the left": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(broadcast(gorgonia.BroadcastSub, []byte{0}, nil), w[0], z)
		}, []int{1, 3}),
		"vector add": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(broadcast(gorgonia.BroadcastAdd, nil, []byte{0}), z, e.do1(reshape(1, 3), w[0]))
		}, []int{3}),
		"column mul": {f: func(e *expr, t, z *gnode, _ []*gnode) *gnode {
			return e.do2(broadcast(gorgonia.BroadcastHadamardProd, nil, []byte{1}), z, t)
		}},
		"column and row": with(func(e *expr, t, _ *gnode, w []*gnode) *gnode {
			return e.do2(broadcast(gorgonia.BroadcastHadamardProd, []byte{1}, []byte{0}), t, w[0])
		}, []int{1, 3}),
		"one by one": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(broadcast(gorgonia.BroadcastHadamardProd, nil, []byte{0, 1}), z, w[0])
		}, []int{1, 1}),
		"shared only": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(broadcast(gorgonia.BroadcastAdd, nil, []byte{0}), e.scale(0, z), w[0])
		}, []int{1, 3}),
		"time": with(func(e *expr, t, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Add, z, e.do2(gorgonia.Mul, e.do1(gorgonia.Sin, t), w[0]))
		}, []int{1, 3}),
		"constant matrix": unaryCase(func(z *gnode) (*gnode, error) {
			var e expr
			c := e.do1(func(*gnode) (*gnode, error) { return Constant(z.Graph(), 1, 3, []float64{1, -2, 0.5}) }, z)
			w := e.do1(func(*gnode) (*gnode, error) {
				return Constant(z.Graph(), 3, 3, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9})
			}, z)
			return e.do2(broadcast(gorgonia.BroadcastAdd, nil, []byte{0}), e.do2(gorgonia.Mul, z, w), c), e.err
		}),
	}
}

func reductionCases() map[string]opCase {
	// over combines z with a reduction of z over its features.
	over := func(f builder1) opCase {
		return with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			h := e.do2(gorgonia.Mul, z, w[0])
			return e.stretch(gorgonia.BroadcastHadamardProd, z, e.column(e.do1(f, h)))
		}, []int{3, 4})
	}
	return map[string]opCase{
		"sum": over(along(gorgonia.Sum, 1)), "mean": over(along(gorgonia.Mean, 1)), "max": over(along(gorgonia.Max, 1)),
		"norm":        over(func(a *gnode) (*gnode, error) { return gorgonia.Norm(a, 1, 2) }),
		"log-sum-exp": over(LogSumExp),
		"Gorgonia's softmax": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do1(func(a *gnode) (*gnode, error) { return gorgonia.SoftMax(a, 1) }, e.do2(gorgonia.Mul, z, w[0]))
		}, []int{3, 3}),
		"sum of a transpose": unaryCase(func(z *gnode) (*gnode, error) {
			var e expr
			s := e.do1(along(gorgonia.Sum, 0), e.do1(gorgonia.Square, e.do1(transposed, z)))
			return e.stretch(gorgonia.BroadcastAdd, z, e.column(s)), e.err
		}),
		"sum of a parameter": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			rows := e.do1(reshape(1, 3), e.do1(along(gorgonia.Sum, 0), e.do1(gorgonia.Square, w[0])))
			all := e.do1(along(gorgonia.Sum), e.do1(gorgonia.Sin, w[0]))
			return e.do2(gorgonia.HadamardProd, all, e.do2(broadcast(gorgonia.BroadcastAdd, nil, []byte{0}), z, rows))
		}, []int{2, 3}),
		"vectors and columns": {f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			vector := e.do1(gorgonia.Square, e.do1(along(gorgonia.Sum, 1), e.do1(gorgonia.Sin, z)))
			column := e.do1(gorgonia.Exp, e.do1(func(z *gnode) (*gnode, error) { return Slice(z, 1, 0, 1, 1) }, z))
			return e.stretch(gorgonia.BroadcastHadamardProd, z, e.do2(gorgonia.HadamardProd, vector, column))
		}},
		"stretched sum": {f: func(e *expr, t, z *gnode, _ []*gnode) *gnode {
			wide := e.do2(broadcast(gorgonia.BroadcastHadamardProd, nil, []byte{1}), e.do1(gorgonia.Square, z), t)
			return e.stretch(gorgonia.BroadcastSub, z, e.column(e.do1(along(gorgonia.Sum, 1), wide)))
		}},
	}
}

func movingCases() map[string]opCase {
	cols := func(from, to int) builder1 {
		return func(a *gnode) (*gnode, error) { return gorgonia.Slice(a, nil, gorgonia.S(from, to)) }
	}
	own := func(axis, from, to, stride int) builder1 {
		return func(a *gnode) (*gnode, error) { return Slice(a, axis, from, to, stride) }
	}
	concat := func(axis int) builder2 {
		return func(a, b *gnode) (*gnode, error) { return gorgonia.Concat(axis, a, b) }
	}
	ours := func(axis int) builder2 { return func(a, b *gnode) (*gnode, error) { return Concat(axis, a, b) } }
	return map[string]opCase{
		"slice and concat": {f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do2(concat(1), e.do1(gorgonia.Sin, e.do1(cols(1, 3), z)),
				e.do1(gorgonia.Cos, e.column(e.do1(cols(0, 1), z))))
		}},
		"own slice and concat": {f: func(e *expr, _, z *gnode, _ []*gnode) *gnode {
			return e.do2(ours(1), e.do1(gorgonia.Sin, e.do1(own(1, 1, 3, 1), z)),
				e.do1(gorgonia.Cos, e.do1(own(1, 0, 1, 1), z)))
		}},
		"stride": {f: func(e *expr, t, z *gnode, _ []*gnode) *gnode {
			return e.do2(ours(1), e.do1(own(1, 0, 3, 2), e.do1(gorgonia.Square, z)), t)
		}},
		"rows of a parameter": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			a := e.do2(gorgonia.Mul, z, e.do1(own(0, 1, 4, 1), w[0]))
			return e.do2(gorgonia.Add, a, e.do2(gorgonia.Mul, z, e.do1(own(0, 0, 3, 1), w[0])))
		}, []int{4, 3}),
		"Gorgonia's rows of a parameter": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			top := e.do1(func(a *gnode) (*gnode, error) { return gorgonia.Slice(a, gorgonia.S(0, 1)) }, w[0])
			rest := e.do1(func(a *gnode) (*gnode, error) { return gorgonia.Slice(a, gorgonia.S(1, 4)) }, w[0])
			return e.do2(broadcast(gorgonia.BroadcastAdd, nil, []byte{0}), e.do2(gorgonia.Mul, z, rest),
				e.do1(reshape(1, 3), top))
		}, []int{4, 3}),
		"concat of parameters": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Mul, z, e.do2(concat(0), w[0], e.do2(ours(0), w[1], w[0])))
		}, []int{1, 3}, []int{1, 3}),
		"concat with a shared row": with(func(e *expr, t, z *gnode, w []*gnode) *gnode {
			wide := e.do2(broadcast(gorgonia.BroadcastHadamardProd, nil, []byte{0}), e.do2(ours(1), z, t), w[0])
			return e.do2(gorgonia.Mul, wide, w[1])
		}, []int{1, 4}, []int{4, 3}),
		"reshape of a parameter": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Mul, z, e.do1(reshape(3, 3), w[0]))
		}, []int{9}),
		"reshape of a wide parameter": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Mul, e.do2(gorgonia.Mul, z, e.do1(reshape(3, 4), w[0])), e.do1(reshape(4, 3), w[0]))
		}, []int{2, 6}),
		"column reshape": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.stretch(gorgonia.BroadcastSub, z, e.do2(gorgonia.Mul, z, e.do1(reshape(3, 1), w[0])))
		}, []int{3}),
	}
}

// sharedCases compute with parameters alone before they meet a sample.
func sharedCases() map[string]opCase {
	return map[string]opCase{
		"function of a parameter": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Mul, z,
				e.do2(gorgonia.HadamardDiv, e.do1(gorgonia.Tanh, w[0]), e.do1(gorgonia.Exp, w[1])))
		}, []int{3, 3}, []int{3, 3}),
		"unused parameter": with(func(e *expr, _, z *gnode, w []*gnode) *gnode { return e.do2(gorgonia.Mul, z, w[1]) }, []int{2}, []int{3, 3}),
		"normalised parameter": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			return e.do2(gorgonia.Mul, z, e.do1(SoftMax, w[0]))
		}, []int{3, 3}),
		"stretched parameter": with(func(e *expr, _, z *gnode, w []*gnode) *gnode {
			m := e.do2(broadcast(gorgonia.BroadcastAdd, []byte{1}, []byte{0}), w[0], w[1])
			return e.do2(gorgonia.Mul, z, e.do1(gorgonia.Sin, m))
		}, []int{3, 1}, []int{1, 3}),
	}
}

func TestOperationsMatchTapeMachineAndDifferences(t *testing.T) {
	for name, c := range cases() {
		t.Run(name, func(t *testing.T) {
			raw, err := lowerField(c.field())
			if err != nil {
				t.Fatal(err)
			}
			q := c.ask(raw)
			want := tape(t, c.field().trace, q)
			agree(t, "unfused", interpret(t, raw, q), want, 1e-12)
			agree(t, "fused", interpret(t, plan.Fuse(raw), q), want, 1e-12)
			agree(t, "differences", interpret(t, raw, q), differences(raw, "f", q), 1e-6)
		})
	}
}
