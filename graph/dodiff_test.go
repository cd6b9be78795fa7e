package graph

import (
	"math"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// weighted is Σ sin(i)·f(x)ᵢ in a graph of its own.
func weighted(f builder1, x []float64) (in, loss *gnode) {
	matrix := func(g *gorgonia.ExprGraph, name string, shape tensor.Shape, data []float64) *gnode {
		return gorgonia.NewTensor(g, gorgonia.Float64, len(shape), gorgonia.WithName(name),
			gorgonia.WithShape(shape...),
			gorgonia.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(clone(data)))))
	}
	in = matrix(gorgonia.NewGraph(), "x", tensor.Shape{2, 3}, x)
	y := gorgonia.Must(f(in))
	w := make([]float64, y.Shape().TotalSize())
	for i := range w {
		w[i] = math.Sin(float64(i + 1))
	}
	c := matrix(in.Graph(), "weights", y.Shape(), w)
	return in, gorgonia.Must(gorgonia.Sum(gorgonia.Must(gorgonia.HadamardProd(y, c))))
}

// TestLispMachine: a LispMachine gives the gradients of central differences through what this package builds.
func TestLispMachine(t *testing.T) {
	x := []float64{0.5, -1.2, 0.3, 0.7, 1.1, -0.4}
	for name, f := range map[string]builder1{
		"slice":       func(a *gnode) (*gnode, error) { return Slice(a, 1, 1, 3, 1) },
		"stride":      func(a *gnode) (*gnode, error) { return Slice(a, 1, 0, 3, 2) },
		"scatter":     func(a *gnode) (*gnode, error) { return apply(newScatter(cut{1, 1, 4, 1}, 7), a) },
		"concat":      func(a *gnode) (*gnode, error) { return Concat(1, a, gorgonia.Must(gorgonia.Tanh(a)), a) },
		"concat rows": func(a *gnode) (*gnode, error) { return Concat(0, a, gorgonia.Must(gorgonia.Tanh(a))) },
		"softmax":     SoftMax, "log softmax": LogSoftMax, "log-sum-exp": LogSumExp, "relu": Relu, "gelu": Gelu,
		"elu": func(a *gnode) (*gnode, error) { return Elu(a, 0.7) },
		"both logarithms": func(a *gnode) (*gnode, error) {
			var e expr
			return e.stretch(gorgonia.BroadcastHadamardProd, e.do1(LogSoftMax, a),
				e.do1(gorgonia.Sin, e.do1(LogSumExp, a))), e.err
		},
		"constant": func(a *gnode) (*gnode, error) {
			c, err := Constant(a.Graph(), 3, 2, []float64{1, 2, 3, 4, 5, 6})
			if err != nil {
				return nil, err
			}
			return gorgonia.Mul(a, c)
		},
		"gradient": func(a *gnode) (*gnode, error) {
			var e expr
			column := func(i int) *gnode {
				return e.do1(func(a *gnode) (*gnode, error) { return Slice(a, 1, i, i+1, 1) }, a)
			}
			return e.do2(Grad, e.do2(gorgonia.HadamardProd, e.do1(gorgonia.Sin, column(0)),
				e.do1(gorgonia.Cube, column(2))), a), e.err
		},
	} {
		t.Run(name, func(t *testing.T) {
			in, loss := weighted(f, x)
			vm := gorgonia.NewLispMachine(in.Graph())
			defer vm.Close()
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			grad, err := in.Grad()
			if err != nil {
				t.Fatal(err)
			}
			value := func(x []float64) float64 {
				in, loss := weighted(f, x)
				if err := runTape(in.Graph()); err != nil {
					t.Fatal(err)
				}
				return loss.Value().Data().(float64)
			}
			near(t, "value", []float64{loss.Value().Data().(float64)}, []float64{value(x)}, 1e-14)
			want := make([]float64, len(x))
			for i := range x {
				const h = 1e-6
				up, down := clone(x), clone(x)
				up[i] += h
				down[i] -= h
				want[i] = (value(up) - value(down)) / (2 * h)
			}
			near(t, "gradient", grad.Data().([]float64), want, 1e-8)
		})
	}
}
