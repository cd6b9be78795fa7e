package graph

import (
	"fmt"
	"testing"

	"gorgonia.org/gorgonia"
	"pgregory.net/rapid"

	"neuralode/plan"
)

// parameterSteps change a square matrix of parameters into another one.
var parameterSteps = []func(e *expr, p *gnode) *gnode{
	func(e *expr, p *gnode) *gnode { return e.do1(gorgonia.Tanh, p) },
	func(e *expr, p *gnode) *gnode { return e.do1(gorgonia.Softplus, p) },
	func(e *expr, p *gnode) *gnode { return e.do1(transposed, p) },
	func(e *expr, p *gnode) *gnode { return e.do1(SoftMax, p) },
	func(e *expr, p *gnode) *gnode { return e.do1(LogSoftMax, p) },
	func(e *expr, p *gnode) *gnode {
		return e.do1(func(p *gnode) (*gnode, error) { return gorgonia.SoftMax(p, 0) }, p)
	},
	func(e *expr, p *gnode) *gnode { return e.do1(gorgonia.Tanh, e.do2(gorgonia.Mul, p, p)) },
	func(e *expr, p *gnode) *gnode { return e.do2(gorgonia.Sub, p, e.do1(transposed, p)) },
	func(e *expr, p *gnode) *gnode { return e.do2(gorgonia.MaxBetween, p, e.do1(gorgonia.Cos, p)) },
	func(e *expr, p *gnode) *gnode { return e.do2(gorgonia.Sub, p, e.do1(along(gorgonia.Mean), p)) },
	func(e *expr, p *gnode) *gnode {
		size := e.shift(1, e.do1(along(gorgonia.Sum), e.do1(gorgonia.Square, p)))
		return e.do2(gorgonia.HadamardDiv, p, e.do1(gorgonia.Sqrt, size))
	},
	func(e *expr, p *gnode) *gnode {
		return e.do2(broadcast(gorgonia.BroadcastSub, nil, []byte{1}), p, e.do1(along(gorgonia.Max, 1), p))
	},
	func(e *expr, p *gnode) *gnode {
		norms := e.shift(1, e.do1(along(gorgonia.Sum, 0), e.do1(gorgonia.Square, p)))
		return e.do2(broadcast(gorgonia.BroadcastHadamardDiv, nil, []byte{0}), p, norms)
	},
	func(e *expr, p *gnode) *gnode { // the first row goes to the end
		first := e.do1(func(p *gnode) (*gnode, error) { return Slice(p, 0, 0, 1, 1) }, p)
		rest := e.do1(func(p *gnode) (*gnode, error) {
			return gorgonia.Slice(p, gorgonia.S(1, 4), gorgonia.S(0, 4))
		}, p)
		return e.do2(func(a, b *gnode) (*gnode, error) { return Concat(0, a, b) }, rest, first)
	},
	func(e *expr, p *gnode) *gnode {
		column := e.do1(func(p *gnode) (*gnode, error) { return gorgonia.Slice(p, nil, gorgonia.S(2)) }, p)
		turned := e.do2(func(p, v *gnode) (*gnode, error) {
			return gorgonia.Tensordot([]int{0}, []int{0}, p, v)
		}, p, column)
		return e.do2(broadcast(gorgonia.BroadcastAdd, nil, []byte{0}), p, turned)
	},
	func(e *expr, p *gnode) *gnode {
		row := e.do1(func(p *gnode) (*gnode, error) { return gorgonia.Slice(p, gorgonia.S(1)) }, p)
		dot := e.do1(gorgonia.Sin, e.do2(gorgonia.Mul, row, row))
		return e.do2(gorgonia.HadamardProd, p, dot)
	},
	func(e *expr, p *gnode) *gnode {
		return e.do1(reshape(4, 4), e.do1(gorgonia.Sin, e.do1(gorgonia.Ravel, p)))
	},
}

// Any function of parameters gives what the TapeMachine gives, value and gradient.
func TestRandomFunctionsOfParameters(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, len(parameterSteps)-1), 1, 6).Draw(rt, "steps")
		f := Field{Dim: 4, Params: []Param{{"p", []int{4, 4}}}, Func: func(_, z *gnode, w []*gnode) (*gnode, error) {
			var e expr
			p := w[0]
			for _, s := range steps {
				p = parameterSteps[s](&e, p)
			}
			return e.do2(gorgonia.Mul, z, p), e.err
		}}
		raw, err := lowerField(f)
		if err != nil {
			rt.Fatal(fmt.Errorf("steps %v: %w", steps, err))
		}
		q := ask(newRand(rapid.Uint64().Draw(rt, "seed")), raw, 3)
		want := tape(t, f.trace, q)
		agree(rt, "unfused", interpret(t, raw, q), want, 1e-9)
		agree(rt, "fused", interpret(t, plan.Fuse(raw), q), want, 1e-9)
	})
}
