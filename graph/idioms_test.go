package graph

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// idiom is an expression as people write it, and what it gives for one sample, in plain Go; or how it is refused.
type idiom struct {
	name    string
	dim     int
	params  []Param
	f       func(t, z *gnode, w []*gnode) *gnode
	want    func(t float64, z, w []float64) []float64
	refused []string // parts of the error
}

// ok is gorgonia.Must under a short name; lowering turns its panic into an error.
func ok(n *gnode, err error) *gnode { return gorgonia.Must(n, err) }

func number(x float64) *gnode { return gorgonia.NewConstant(x) }

// times is z times a row of numbers.
func times(z, row *gnode) *gnode { return ok(gorgonia.BroadcastHadamardProd(z, row, nil, []byte{0})) }

func reshaped(x *gnode, dims ...int) *gnode { return ok(gorgonia.Reshape(x, shape(dims))) }

func cols(z *gnode, i ...int) *gnode { return ok(gorgonia.Slice(z, nil, gorgonia.S(i[0], i[1:]...))) }

// each applies f to every component.
func each(f func(x float64) float64) func(t float64, z, w []float64) []float64 {
	return func(_ float64, z, _ []float64) []float64 {
		y := make([]float64, len(z))
		for i, x := range z {
			y[i] = f(x)
		}
		return y
	}
}

// scaled multiplies three components by a function of three parameters.
func scaled(f func(p []float64) []float64) func(t float64, z, w []float64) []float64 {
	return func(_ float64, z, w []float64) []float64 {
		q := f(w)
		return []float64{z[0] * q[0], z[1] * q[1], z[2] * q[2]}
	}
}

// elementwise applies f to every parameter.
func elementwise(f func(float64) float64) func(p []float64) []float64 {
	return func(p []float64) []float64 { return []float64{f(p[0]), f(p[1]), f(p[2])} }
}

// sum is the sum of f over a list.
func sum(x []float64, f func(float64) float64) float64 {
	s := 0.0
	for _, v := range x {
		s += f(v)
	}
	return s
}

func identity(x float64) float64 { return x }
func square(x float64) float64   { return x * x }
func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func softmaxOf(p []float64) []float64 {
	s := sum(p[:3], math.Exp)
	return []float64{math.Exp(p[0]) / s, math.Exp(p[1]) / s, math.Exp(p[2]) / s}
}

func shifted(by func(p []float64) float64) func(p []float64) []float64 {
	return func(p []float64) []float64 {
		s := by(p)
		return []float64{p[0] - s, p[1] - s, p[2] - s}
	}
}

func divided(by func(p []float64) float64) func(p []float64) []float64 {
	return func(p []float64) []float64 {
		s := by(p)
		return []float64{p[0] / s, p[1] / s, p[2] / s}
	}
}

func largest(p []float64) float64 { return math.Max(p[0], math.Max(p[1], p[2])) }
func average(p []float64) float64 { return sum(p, identity) / 3 }
func length(p []float64) float64  { return math.Sqrt(sum(p, square)) }

// rowTimes is the row z times a matrix with m columns.
func rowTimes(z, a []float64, m int) []float64 {
	y := make([]float64, m)
	for i, x := range z {
		for j := range m {
			y[j] += x * a[i*m+j]
		}
	}
	return y
}

// parameterIdioms are functions of three parameters, as a vector [3] and as a row [1, 3], by which z is multiplied.
func parameterIdioms() []idiom {
	last := func(p *gnode) int { return p.Dims() - 1 }
	var list []idiom
	add := func(name string, f func(p *gnode) *gnode, want func(p []float64) []float64) {
		for _, s := range [][]int{{3}, {1, 3}} {
			list = append(list, idiom{name: fmt.Sprint(name, " of ", s), dim: 3, params: []Param{{"p", s}},
				f: func(_, z *gnode, w []*gnode) *gnode { return times(z, f(w[0])) }, want: scaled(want)})
		}
	}
	add("graph.SoftMax", func(p *gnode) *gnode { return ok(SoftMax(p)) }, softmaxOf)
	add("SoftMax", func(p *gnode) *gnode { return ok(gorgonia.SoftMax(p)) }, softmaxOf)
	add("SoftMax along an axis", func(p *gnode) *gnode { return ok(gorgonia.SoftMax(p, last(p))) }, softmaxOf)
	add("exp over its sum", func(p *gnode) *gnode {
		e := ok(gorgonia.Exp(p))
		return ok(gorgonia.HadamardDiv(e, ok(gorgonia.Sum(e))))
	}, softmaxOf)
	add("graph.LogSoftMax", func(p *gnode) *gnode { return ok(LogSoftMax(p)) }, func(p []float64) []float64 {
		return elementwise(math.Log)(softmaxOf(p))
	})
	add("sigmoid of tanh", func(p *gnode) *gnode { return ok(gorgonia.Sigmoid(ok(gorgonia.Tanh(p)))) },
		elementwise(func(x float64) float64 { return logistic(math.Tanh(x)) }))
	add("softplus", func(p *gnode) *gnode { return ok(gorgonia.Softplus(p)) },
		elementwise(func(x float64) float64 { return math.Log1p(math.Exp(x)) }))
	add("sqrt, log and inverse", func(p *gnode) *gnode {
		return ok(gorgonia.Add(ok(gorgonia.Sqrt(p)), ok(gorgonia.Add(ok(gorgonia.Log(p)), ok(gorgonia.Inverse(p))))))
	}, elementwise(func(x float64) float64 { return math.Sqrt(x) + math.Log(x) + 1/x }))
	add("abs and a power", func(p *gnode) *gnode {
		return ok(gorgonia.Pow(ok(gorgonia.Abs(p)), number(2)))
	}, elementwise(square))
	add("two to the", func(p *gnode) *gnode { return ok(gorgonia.Pow(number(2), p)) }, elementwise(math.Exp2))
	add("less the largest", func(p *gnode) *gnode { return ok(gorgonia.Sub(p, ok(gorgonia.Max(p)))) }, shifted(largest))
	add("less the mean", func(p *gnode) *gnode { return ok(gorgonia.Sub(p, ok(gorgonia.Mean(p)))) }, shifted(average))
	add("over its length", func(p *gnode) *gnode {
		return ok(gorgonia.HadamardDiv(p, ok(gorgonia.Sqrt(ok(gorgonia.Sum(ok(gorgonia.Square(p))))))))
	}, divided(length))
	add("standardised", func(p *gnode) *gnode {
		d := ok(gorgonia.Sub(p, ok(gorgonia.Mean(p))))
		return ok(gorgonia.HadamardDiv(d, ok(gorgonia.Sqrt(ok(gorgonia.Mean(ok(gorgonia.Square(d))))))))
	}, func(p []float64) []float64 {
		d := shifted(average)(p)
		return divided(func(d []float64) float64 { return length(d) / math.Sqrt(3) })(d)
	})
	add("times the sum of squares", func(p *gnode) *gnode {
		return ok(gorgonia.HadamardProd(p, ok(gorgonia.Sum(ok(gorgonia.HadamardProd(p, p))))))
	}, divided(func(p []float64) float64 { return 1 / sum(p, square) }))
	add("rectified", func(p *gnode) *gnode { return ok(gorgonia.Rectify(p)) }, elementwise(identity))
	add("graph.Elu", func(p *gnode) *gnode { return ok(Elu(ok(gorgonia.Neg(p)), 1)) },
		elementwise(func(x float64) float64 { return math.Expm1(-x) }))
	add("masked", func(p *gnode) *gnode { return ok(gorgonia.HadamardProd(p, ok(gorgonia.Gt(p, number(0.9), true)))) },
		elementwise(func(x float64) float64 { return map[bool]float64{true: x}[x > 0.9] }))
	add("the larger of itself and its square", func(p *gnode) *gnode {
		return ok(gorgonia.MaxBetween(p, ok(gorgonia.Square(p))))
	}, elementwise(func(x float64) float64 { return math.Max(x, x*x) }))
	add("ravelled", func(p *gnode) *gnode { return ok(gorgonia.Ravel(p)) }, elementwise(identity))
	add("over its number", func(p *gnode) *gnode {
		return ok(gorgonia.HadamardDiv(p, ok(gorgonia.SizeOf(last(p), p))))
	},
		elementwise(func(x float64) float64 { return x / 3 }))
	return append(list,
		idiom{name: "dot product of a vector", dim: 3, params: []Param{{"p", []int{3}}},
			f: func(_, z *gnode, w []*gnode) *gnode {
				return ok(gorgonia.HadamardProd(z, ok(gorgonia.Mul(w[0], w[0]))))
			}, want: scaled(func(p []float64) []float64 { s := sum(p, square); return []float64{s, s, s} })},
		idiom{name: "graph.LogSumExp of a vector", dim: 3, params: []Param{{"p", []int{3}}},
			f: func(_, z *gnode, w []*gnode) *gnode {
				return ok(gorgonia.HadamardProd(z, ok(LogSumExp(w[0]))))
			}, want: scaled(func(p []float64) []float64 {
				s := math.Log(sum(p, math.Exp))
				return []float64{s, s, s}
			})},
		idiom{name: "gorgonia.LogSumExp of a vector", dim: 3, params: []Param{{"p", []int{3}}},
			f: func(_, z *gnode, w []*gnode) *gnode {
				return ok(gorgonia.HadamardProd(z, ok(gorgonia.LogSumExp(w[0], 0))))
			}, refused: []string{"graph.LogSumExp"}},
		idiom{name: "row over its norm", dim: 3, params: []Param{{"p", []int{1, 3}}},
			f: func(_, z *gnode, w []*gnode) *gnode {
				return times(z, ok(gorgonia.BroadcastHadamardDiv(w[0], ok(gorgonia.Norm(w[0], 1, 2)), nil, []byte{1})))
			}, want: scaled(divided(length))},
		idiom{name: "row over its norm without a broadcast", dim: 3, params: []Param{{"p", []int{1, 3}}},
			f: func(_, z *gnode, w []*gnode) *gnode {
				return times(z, ok(gorgonia.HadamardDiv(w[0], ok(gorgonia.Norm(w[0], 1, 2)))))
			}, refused: []string{"(1, 3) and (1)", "BroadcastHadamardDiv"}},
		idiom{name: "one element", dim: 3, params: []Param{{"p", []int{3}}}, f: func(_, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.HadamardProd(z, ok(gorgonia.Slice(w[0], gorgonia.S(1)))))
		}, want: scaled(func(p []float64) []float64 { return []float64{p[1], p[1], p[1]} })},
	)
}

// matrixIdioms take rows, columns, sums and norms of a parameter [3, 3].
func matrixIdioms() []idiom {
	var list []idiom
	add := func(name string, f func(p *gnode) *gnode, want func(p []float64) []float64) {
		list = append(list, idiom{name: name, dim: 3, params: []Param{{"p", []int{3, 3}}},
			f: func(_, z *gnode, w []*gnode) *gnode { return times(z, f(w[0])) }, want: scaled(want)})
	}
	rows := func(f func(row []float64) float64) func(p []float64) []float64 {
		return func(p []float64) []float64 { return []float64{f(p[:3]), f(p[3:6]), f(p[6:9])} }
	}
	columns := func(f func(column []float64) float64) func(p []float64) []float64 {
		return func(p []float64) []float64 {
			return rows(f)([]float64{p[0], p[3], p[6], p[1], p[4], p[7], p[2], p[5], p[8]})
		}
	}
	total := func(x []float64) float64 { return sum(x, identity) }
	add("column", func(p *gnode) *gnode {
		return ok(gorgonia.Slice(p, nil, gorgonia.S(1)))
	}, rows(func(r []float64) float64 { return r[1] }))
	add("column of all rows", func(p *gnode) *gnode { return ok(gorgonia.Slice(p, gorgonia.S(0, 3), gorgonia.S(1))) },
		rows(func(r []float64) float64 { return r[1] }))
	add("row", func(p *gnode) *gnode {
		return ok(gorgonia.Slice(p, gorgonia.S(2)))
	}, columns(func(c []float64) float64 { return c[2] }))
	add("sums of rows", func(p *gnode) *gnode { return ok(gorgonia.Sum(p, 1)) }, rows(total))
	add("sums of columns", func(p *gnode) *gnode { return ok(gorgonia.Sum(p, 0)) }, columns(total))
	add("largest of rows", func(p *gnode) *gnode { return ok(gorgonia.Max(p, 1)) }, rows(largest))
	add("largest of columns", func(p *gnode) *gnode { return ok(gorgonia.Max(p, 0)) }, columns(largest))
	add("means of columns", func(p *gnode) *gnode { return ok(gorgonia.Mean(p, 0)) }, columns(average))
	add("norms of rows", func(p *gnode) *gnode { return ok(gorgonia.Norm(p, 1, 2)) }, rows(length))
	add("third norms of rows", func(p *gnode) *gnode { return ok(gorgonia.Norm(p, 1, 3)) },
		rows(func(r []float64) float64 { return math.Cbrt(sum(r, func(x float64) float64 { return x * x * x })) }))
	add("diagonal", func(p *gnode) *gnode {
		eye := ok(Constant(p.Graph(), 3, 3, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}))
		return ok(gorgonia.Sum(ok(gorgonia.HadamardProd(p, eye)), 1))
	}, func(p []float64) []float64 { return []float64{p[0], p[4], p[8]} })
	add("softmax of columns", func(p *gnode) *gnode {
		return ok(gorgonia.Slice(ok(gorgonia.SoftMax(p, 0)), gorgonia.S(1)))
	},
		columns(func(c []float64) float64 { return softmaxOf(c)[1] }))
	add("softmax of rows", func(p *gnode) *gnode {
		return ok(gorgonia.Slice(ok(gorgonia.SoftMax(p, 1)), nil, gorgonia.S(1)))
	},
		rows(func(r []float64) float64 { return softmaxOf(r)[1] }))
	add("matrix times a row of it", func(p *gnode) *gnode {
		return ok(gorgonia.Mul(p, ok(gorgonia.Slice(p, gorgonia.S(0)))))
	},
		func(p []float64) []float64 {
			return rows(func(r []float64) float64 { return rowTimes(r, p[:3], 1)[0] })(p)
		})
	add("Tensordot with a row of it", func(p *gnode) *gnode {
		return ok(gorgonia.Tensordot([]int{0}, []int{0}, p, ok(gorgonia.Slice(p, gorgonia.S(0)))))
	}, func(p []float64) []float64 {
		return columns(func(c []float64) float64 { return rowTimes(c, p[:3], 1)[0] })(p)
	})
	add("Unconcat", func(p *gnode) *gnode {
		parts, err := gorgonia.Unconcat(p, 0, 3)
		if err != nil {
			panic(err)
		}
		return ok(gorgonia.Add(parts[0], parts[2]))
	}, columns(func(c []float64) float64 { return c[0] + c[2] }))
	return list
}

// productIdioms multiply z with a parameter [3, 3] in the ways that Gorgonia has.
func productIdioms() []idiom {
	p := []Param{{"p", []int{3, 3}}}
	transpose := func(a []float64) []float64 { return []float64{a[0], a[3], a[6], a[1], a[4], a[7], a[2], a[5], a[8]} }
	product := func(f func(p []float64) []float64) func(t float64, z, w []float64) []float64 {
		return func(_ float64, z, w []float64) []float64 { return rowTimes(z, f(w), 3) }
	}
	scaledBy := func(p []float64, by func(p []float64, i int) float64) []float64 {
		q := make([]float64, 9)
		for i := range q {
			q[i] = p[i] / by(p, i)
		}
		return q
	}
	return []idiom{
		{name: "Tensordot", dim: 3, params: p, f: func(_, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.Tensordot([]int{1}, []int{0}, z, w[0]))
		}, want: product(func(p []float64) []float64 { return p })},
		{name: "Tensordot with the transpose", dim: 3, params: p, f: func(_, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.Tensordot([]int{1}, []int{1}, z, w[0]))
		}, want: product(transpose)},
		{name: "Tensordot from the left", dim: 3, params: p, f: func(_, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.Transpose(ok(gorgonia.Tensordot([]int{1}, []int{1}, w[0], z))))
		}, want: product(transpose)},
		{name: "Tensordot over both axes", dim: 3, params: p, f: func(_, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.HadamardProd(z, ok(gorgonia.Tensordot([]int{0, 1}, []int{0, 1}, w[0], w[0]))))
		}, refused: []string{"contracts 2 axes", "gorgonia.Sum of gorgonia.HadamardProd"}},
		{name: "Tensordot over samples", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return ok(gorgonia.Mul(z, ok(gorgonia.Tensordot([]int{0}, []int{0}, z, z))))
		}, refused: []string{"mixes samples"}},
		{name: "weights over the norms of their rows", dim: 3, params: p, f: func(_, z *gnode, w []*gnode) *gnode {
			norms := reshaped(ok(gorgonia.Norm(w[0], 1, 2)), 3, 1)
			return ok(gorgonia.Mul(z, ok(gorgonia.BroadcastHadamardDiv(w[0], norms, nil, []byte{1}))))
		}, want: product(func(p []float64) []float64 {
			return scaledBy(p, func(p []float64, i int) float64 { return length(p[i/3*3 : i/3*3+3]) })
		})},
		{name: "weights over their largest row sum", dim: 3, params: p, f: func(_, z *gnode, w []*gnode) *gnode {
			top := ok(gorgonia.Max(ok(gorgonia.Sum(ok(gorgonia.Abs(w[0])), 1))))
			return ok(gorgonia.Mul(z, ok(gorgonia.HadamardDiv(w[0], top))))
		}, want: product(func(p []float64) []float64 {
			top := largest([]float64{sum(p[:3], math.Abs), sum(p[3:6], math.Abs), sum(p[6:], math.Abs)})
			return scaledBy(p, func([]float64, int) float64 { return top })
		})},
		{name: "symmetric weights", dim: 3, params: p, f: func(_, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.Mul(z, ok(gorgonia.Add(w[0], ok(gorgonia.Transpose(w[0], 1, 0))))))
		}, want: product(func(p []float64) []float64 {
			q := transpose(p)
			for i := range q {
				q[i] += p[i]
			}
			return q
		})},
		{name: "quadratic form", dim: 2, params: []Param{{"a", []int{2, 2}}}, f: func(_, z *gnode, w []*gnode) *gnode {
			q := ok(gorgonia.Sum(ok(gorgonia.HadamardProd(ok(gorgonia.Mul(z, w[0])), z)), 1))
			return ok(gorgonia.BroadcastHadamardProd(ok(gorgonia.Neg(z)), q, nil, []byte{1}))
		}, want: func(_ float64, z, w []float64) []float64 {
			a := rowTimes(z, w, 2)
			q := a[0]*z[0] + a[1]*z[1]
			return []float64{-z[0] * q, -z[1] * q}
		}},
		{name: "weights on the wrong side", dim: 3, params: p, f: func(_, z *gnode, w []*gnode) *gnode { return ok(gorgonia.Mul(w[0], z)) },
			refused: []string{"gorgonia.Mul(z, w)", "gorgonia.Transpose"}},
		{name: "attention", dim: 3, params: p, f: func(_, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.HadamardProd(z, ok(gorgonia.SoftMax(ok(gorgonia.Mul(z, w[0])), 1))))
		}, want: func(_ float64, z, w []float64) []float64 {
			s := softmaxOf(rowTimes(z, w, 3))
			return []float64{z[0] * s[0], z[1] * s[1], z[2] * s[2]}
		}},
	}
}

// stateIdioms take the state apart and put it together.
func stateIdioms() []idiom {
	return []idiom{
		{name: "columns of the whole batch", dim: 2, f: func(_, z *gnode, _ []*gnode) *gnode {
			n := z.Shape()[0]
			x := reshaped(ok(gorgonia.Slice(z, gorgonia.S(0, n), gorgonia.S(0))), n, 1)
			y := reshaped(ok(gorgonia.Slice(z, gorgonia.S(0, n), gorgonia.S(1))), n, 1)
			return ok(gorgonia.Concat(1, y, ok(gorgonia.Neg(x))))
		}, want: func(_ float64, z, _ []float64) []float64 { return []float64{z[1], -z[0]} }},
		{name: "the whole state as a range", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return ok(gorgonia.Sin(ok(gorgonia.Slice(z, gorgonia.S(0, z.Shape()[0]), gorgonia.S(0, 3)))))
		}, want: each(math.Sin)},
		{name: "a part of the batch", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return times(z, ok(gorgonia.Sum(ok(gorgonia.Slice(z, gorgonia.S(1, z.Shape()[0]))), 0)))
		}, refused: []string{"T[1:5:1...]", "another batch size"}},
		{name: "the first five samples", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return ok(gorgonia.Slice(z, gorgonia.S(0, 5)))
		}, refused: []string{"samples"}},
		{name: "features by the batch size", dim: 9, f: func(_, z *gnode, _ []*gnode) *gnode {
			s := ok(gorgonia.Sum(ok(gorgonia.Slice(z, nil, gorgonia.S(0, z.Shape()[0]))), 1))
			return ok(gorgonia.BroadcastSub(z, s, nil, []byte{1}))
		}, refused: []string{"T[:, 0:5:1...]", "another batch size"}},
		{name: "Unconcat", dim: 4, f: func(_, z *gnode, _ []*gnode) *gnode {
			parts, err := gorgonia.Unconcat(z, 1, 2)
			if err != nil {
				panic(err)
			}
			return ok(gorgonia.Concat(1, parts[1], ok(gorgonia.Neg(parts[0]))))
		}, want: func(_ float64, z, _ []float64) []float64 { return []float64{z[2], z[3], -z[0], -z[1]} }},
		{name: "sum as a column", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			s := reshaped(ok(gorgonia.Sum(z, 1)), z.Shape()[0], 1)
			return ok(gorgonia.BroadcastSub(ok(gorgonia.Neg(z)), s, nil, []byte{1}))
		}, want: func(_ float64, z, _ []float64) []float64 {
			s := sum(z, identity)
			return []float64{-z[0] - s, -z[1] - s, -z[2] - s}
		}},
		{name: "smallest feature", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return ok(gorgonia.BroadcastAdd(z, ok(gorgonia.Max(ok(gorgonia.Neg(z)), 1)), nil, []byte{1}))
		}, want: func(_ float64, z, _ []float64) []float64 {
			return shifted(func(z []float64) float64 { return math.Min(z[0], math.Min(z[1], z[2])) })(z)
		}},
		{name: "over its norm", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return ok(gorgonia.BroadcastHadamardDiv(z, ok(gorgonia.Norm(z, 1, 2)), nil, []byte{1}))
		}, want: func(_ float64, z, _ []float64) []float64 { return divided(length)(z) }},
		{name: "layer norm", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			d := ok(gorgonia.BroadcastSub(z, ok(gorgonia.Mean(z, 1)), nil, []byte{1}))
			v := ok(gorgonia.Mean(ok(gorgonia.Square(d)), 1))
			return ok(gorgonia.BroadcastHadamardDiv(d, ok(gorgonia.Sqrt(ok(gorgonia.Add(v, number(1e-5))))), nil,
				[]byte{1}))
		}, want: func(_ float64, z, _ []float64) []float64 {
			d := shifted(average)(z)
			return divided(func(d []float64) float64 { return math.Sqrt(sum(d, square)/3 + 1e-5) })(d)
		}},
		{name: "centres of a radial basis", dim: 2, params: []Param{{"c1", []int{1, 2}}, {"c2", []int{1, 2}}, {"w", []int{2, 2}}},
			f: func(_, z *gnode, w []*gnode) *gnode {
				k := func(c *gnode) *gnode {
					d := ok(gorgonia.BroadcastSub(z, c, nil, []byte{0}))
					return reshaped(ok(gorgonia.Exp(ok(gorgonia.Neg(ok(gorgonia.Sum(ok(gorgonia.Square(d)), 1)))))),
						z.Shape()[0], 1)
				}
				return ok(gorgonia.Mul(ok(gorgonia.Concat(1, k(w[0]), k(w[1]))), w[2]))
			}, want: func(_ float64, z, w []float64) []float64 {
				k := func(a, b float64) float64 { return math.Exp(-square(z[0]-a) - square(z[1]-b)) }
				return rowTimes([]float64{k(w[0], w[1]), k(w[2], w[3])}, w[4:], 2)
			}},
		{name: "column and row of weights", dim: 3, params: []Param{{"w", []int{3, 3}}}, f: func(_, z *gnode, w []*gnode) *gnode {
			c, r := ok(gorgonia.Slice(w[0], nil, gorgonia.S(1))), ok(gorgonia.Slice(w[0], gorgonia.S(2)))
			return times(ok(gorgonia.BroadcastAdd(z, c, nil, []byte{0})), r)
		}, want: func(_ float64, z, w []float64) []float64 {
			return []float64{(z[0] + w[1]) * w[6], (z[1] + w[4]) * w[7], (z[2] + w[7]) * w[8]}
		}},
		{name: "over the number of features", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return ok(gorgonia.HadamardDiv(z, ok(gorgonia.SizeOf(1, z))))
		}, want: each(func(x float64) float64 { return x / 3 })},
		{name: "a sum over all", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return ok(gorgonia.HadamardDiv(z, ok(gorgonia.Sum(z))))
		}, refused: []string{"mixes samples", "axis 1"}},
		{name: "columns without their axis", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return ok(gorgonia.Concat(1, cols(z, 1), cols(z, 2), cols(z, 0)))
		}, refused: []string{"graph.Slice(z, 1, i, i+1, 1)"}},
		{name: "columns without their axis, joined here", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return ok(Concat(1, cols(z, 1), cols(z, 2), cols(z, 0)))
		}, refused: []string{"graph.Slice(z, 1, i, i+1, 1)"}},
		{name: "permuted", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return ok(gorgonia.Concat(1, cols(z, 1, 3), reshaped(cols(z, 0), z.Shape()[0], 1)))
		}, want: func(_ float64, z, _ []float64) []float64 { return []float64{z[1], z[2], z[0]} }},
		{name: "reshaped to itself", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode { return reshaped(z, -1, 3) }, want: each(identity)},
		{name: "flattened", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode { return reshaped(ok(gorgonia.Ravel(z)), -1, 3) },
			refused: []string{"keep the batch axis"}},
		{name: "the larger of two", dim: 3, params: []Param{{"p", []int{3, 3}}}, f: func(_, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.MaxBetween(z, ok(gorgonia.Mul(z, w[0]))))
		}, want: func(_ float64, z, w []float64) []float64 {
			y := rowTimes(z, w, 3)
			return []float64{math.Max(z[0], y[0]), math.Max(z[1], y[1]), math.Max(z[2], y[2])}
		}},
		{name: "the smaller of two", dim: 3, f: func(_, z *gnode, _ []*gnode) *gnode {
			return ok(gorgonia.MinBetween(z, ok(gorgonia.Square(z))))
		}, want: each(func(x float64) float64 { return math.Min(x, x*x) })},
	}
}

// scalarIdioms are powers, clips, masks and constants.
func scalarIdioms() []idiom {
	state := func(name string, f builder1, want func(float64) float64, refused ...string) idiom {
		i := idiom{name: name, dim: 2, f: func(_, z *gnode, _ []*gnode) *gnode { return ok(f(z)) }, refused: refused}
		if want != nil {
			i.want = each(want)
		}
		return i
	}
	power := func(x float64) idiom {
		return state(fmt.Sprintf("to the power %g", x), func(z *gnode) (*gnode, error) {
			return gorgonia.Pow(z, number(x))
		},
			func(z float64) float64 { return math.Pow(z, x) })
	}
	s := []Param{{"s", nil}}
	return []idiom{
		power(-2), power(0), power(0.5), power(1), power(2), power(3), power(3.5),
		state("to its own power", func(z *gnode) (*gnode, error) { return gorgonia.Neg(ok(gorgonia.Pow(z, z))) },
			func(x float64) float64 { return -math.Pow(x, x) }),
		state("tanh and a product with exp", func(z *gnode) (*gnode, error) {
			return gorgonia.Sub(ok(gorgonia.Tanh(z)),
				ok(gorgonia.HadamardProd(ok(gorgonia.Neg(z)), ok(gorgonia.Exp(ok(gorgonia.Neg(z)))))))
		}, func(x float64) float64 { return math.Tanh(x) + x*math.Exp(-x) }),
		state("clipped", func(z *gnode) (*gnode, error) {
			return gorgonia.Sub(ok(gorgonia.Rectify(z)), ok(gorgonia.Rectify(ok(gorgonia.Sub(z, number(1))))))
		}, func(x float64) float64 { return math.Min(math.Max(x, 0), 1) }),
		state("clipped by MaxBetween", func(z *gnode) (*gnode, error) {
			return gorgonia.MaxBetween(z, number(0))
		}, nil, "lo + graph.Relu(x − lo)"),
		state("bounded below", func(z *gnode) (*gnode, error) {
			return gorgonia.Add(number(0.9), ok(Relu(ok(gorgonia.Sub(z, number(0.9))))))
		}, func(x float64) float64 { return math.Max(x, 0.9) }),
		state("where", func(z *gnode) (*gnode, error) {
			m := ok(gorgonia.Gt(z, number(1), true))
			other := ok(gorgonia.HadamardProd(ok(gorgonia.Sub(number(1), m)), ok(gorgonia.Sin(z))))
			return gorgonia.Add(ok(gorgonia.HadamardProd(m, z)), other)
		}, func(x float64) float64 { return map[bool]float64{true: x, false: math.Sin(x)}[x > 1] }),
		state("log of 1 + exp", func(z *gnode) (*gnode, error) {
			return gorgonia.Log(ok(gorgonia.Add(number(1), ok(gorgonia.Exp(z)))))
		},
			func(x float64) float64 { return math.Log1p(math.Exp(x)) }),
		state("log of a sigmoid", func(z *gnode) (*gnode, error) { return gorgonia.Log(ok(gorgonia.Sigmoid(z))) },
			func(x float64) float64 { return math.Log(logistic(x)) }),
		state("log of 1 − sigmoid", func(z *gnode) (*gnode, error) {
			return gorgonia.Log(ok(gorgonia.Sub(number(1), ok(gorgonia.Sigmoid(z)))))
		}, func(x float64) float64 { return math.Log(logistic(-x)) }),
		state("exp − 1", func(z *gnode) (*gnode, error) {
			return gorgonia.Sub(ok(gorgonia.Exp(z)), number(1))
		}, math.Expm1),
		state("logistic growth", func(z *gnode) (*gnode, error) {
			return gorgonia.HadamardProd(z, ok(gorgonia.Sub(number(1), z)))
		},
			func(x float64) float64 { return x * (1 - x) }),
		state("over itself", func(z *gnode) (*gnode, error) {
			return gorgonia.HadamardDiv(z, z)
		}, func(float64) float64 { return 1 }),
		state("less itself", func(z *gnode) (*gnode, error) { return gorgonia.Sub(z, z) },
			func(float64) float64 { return 0 }),
		state("times nothing", func(z *gnode) (*gnode, error) {
			return gorgonia.HadamardProd(z, number(0))
		}, func(float64) float64 { return 0 }),
		state("float32 constant", func(z *gnode) (*gnode, error) {
			return gorgonia.HadamardProd(z, gorgonia.NewConstant(float32(2)))
		}, nil,
			"float64", "gorgonia.NewConstant(2.0)"),
		state("int constant", func(z *gnode) (*gnode, error) {
			return gorgonia.HadamardProd(z, gorgonia.NewConstant(2))
		}, nil,
			"float64", "gorgonia.NewConstant(2.0)"),
		state("comparison to bool", func(z *gnode) (*gnode, error) {
			return gorgonia.HadamardProd(z, ok(gorgonia.Gt(z, number(1), false)))
		}, nil, "retSame"),
		state("matrix constant without a graph", func(z *gnode) (*gnode, error) {
			row := gorgonia.NewConstant(tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float64{1, 2})))
			return gorgonia.BroadcastHadamardProd(z, row, nil, []byte{0})
		}, nil, "graph.Constant(z.Graph()"),
		{name: "number times z", dim: 2, params: s, f: func(_, z *gnode, w []*gnode) *gnode { return ok(gorgonia.HadamardProd(w[0], z)) },
			want: func(_ float64, z, w []float64) []float64 { return []float64{w[0] * z[0], w[0] * z[1]} }},
		{name: "z to a number", dim: 2, params: s, f: func(_, z *gnode, w []*gnode) *gnode { return ok(gorgonia.Pow(z, w[0])) },
			want: func(_ float64, z, w []float64) []float64 {
				return []float64{math.Pow(z[0], w[0]), math.Pow(z[1], w[0])}
			}},
		{name: "a number to z", dim: 2, params: s, f: func(_, z *gnode, w []*gnode) *gnode { return ok(gorgonia.Pow(w[0], z)) },
			want: func(_ float64, z, w []float64) []float64 {
				return []float64{math.Pow(w[0], z[0]), math.Pow(w[0], z[1])}
			}},
		{name: "softmax of a number", dim: 2, params: s, f: func(_, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.HadamardProd(z, ok(gorgonia.SoftMax(w[0]))))
		}, want: each(identity)},
		{name: "a number as a row", dim: 2, params: s, f: func(_, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.BroadcastHadamardProd(z, reshaped(w[0], 1, 1), nil, []byte{0, 1}))
		}, want: func(_ float64, z, w []float64) []float64 { return []float64{w[0] * z[0], w[0] * z[1]} }},
		{name: "a rate of time", dim: 2, params: s, f: func(t, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.BroadcastHadamardProd(z, ok(gorgonia.Sin(ok(gorgonia.HadamardProd(t, w[0])))), nil,
				[]byte{1}))
		}, want: func(t float64, z, w []float64) []float64 {
			return []float64{z[0] * math.Sin(t*w[0]), z[1] * math.Sin(t*w[0])}
		}},
		{name: "time as a vector", dim: 2, f: func(t, z *gnode, _ []*gnode) *gnode {
			return ok(gorgonia.BroadcastHadamardProd(z, ok(gorgonia.Ravel(t)), nil, []byte{1}))
		}, want: func(t float64, z, _ []float64) []float64 { return []float64{t * z[0], t * z[1]} }},
		{name: "time without a broadcast", dim: 2, f: func(t, z *gnode, _ []*gnode) *gnode { return ok(gorgonia.HadamardProd(z, t)) },
			refused: []string{"(5, 2) and (5, 1)", "BroadcastHadamardProd", "f(x, column, nil, []byte{1})"}},
		{name: "a row without a broadcast", dim: 2, params: []Param{{"b", []int{1, 2}}}, f: func(_, z *gnode, w []*gnode) *gnode {
			return ok(gorgonia.Add(z, w[0]))
		}, refused: []string{"(5, 2) and (1, 2)", "BroadcastAdd", "f(x, row, nil, []byte{0})"}},
	}
}

// TestIdioms compares what people write with plain Go and with differences, and reads what it is told where it is
// refused.
func TestIdioms(t *testing.T) {
	for group, list := range map[string][]idiom{"parameters": parameterIdioms(), "matrices": matrixIdioms(),
		"products": productIdioms(),
		"state":    stateIdioms(), "scalars": scalarIdioms()} {
		for _, i := range list {
			t.Run(group+"/"+i.name, i.run)
		}
	}
}

func (i idiom) run(t *testing.T) {
	p, err := LowerField(Field{Dim: i.dim, Params: i.params,
		Func: func(t, z *gnode, w []*gnode) (*gnode, error) { return i.f(t, z, w), nil }})
	if len(i.refused) > 0 {
		for _, part := range i.refused {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("error %v lacks %q", err, part)
			}
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	q := opCase{positive: true}.ask(p)
	got := interpret(t, p, q)
	for s := range q.batch {
		want := i.want(q.inputs["t"][s], q.inputs["z"][s*i.dim:(s+1)*i.dim], q.theta)
		near(t, "output", got.outputs["f"][s*i.dim:(s+1)*i.dim], want, 1e-12)
	}
	agree(t, "differences", got, differences(p, "f", q), 1e-6)
}
