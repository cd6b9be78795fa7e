package cpu_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
	"neuralode/solver/cpu"
)

// odd is dz/dt = s·sin(t)·interleaved(tanh(z·W)) + v − z/2, with the odd components before the even ones: slices with
// a stride, a concatenation and broadcasts, of widths that fill no vector.
func odd(dim int) graph.Field {
	must := func(n *gorgonia.Node, err error) *gorgonia.Node { return gorgonia.Must(n, err) } // lowering reports panics
	return graph.Field{Dim: dim, Params: []graph.Param{{Name: "W", Shape: []int{dim, dim}}, {Name: "s"},
		{Name: "v", Shape: []int{dim}}},
		Func: func(t, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			h := must(gorgonia.Tanh(must(gorgonia.Mul(z, theta[0]))))
			if dim > 1 {
				h = must(graph.Concat(1, must(graph.Slice(h, 1, 1, dim, 2)), must(graph.Slice(h, 1, 0, dim, 2))))
			}
			h = must(gorgonia.BroadcastHadamardProd(must(gorgonia.HadamardProd(h, theta[1])), must(gorgonia.Sin(t)),
				nil, []byte{1}))
			h = must(gorgonia.BroadcastAdd(h, theta[2], nil, []byte{0}))
			return gorgonia.Sub(h, must(gorgonia.HadamardProd(z, gorgonia.NewConstant(0.5))))
		}}
}

// crowd is a model with samples whose answers must not depend on each other.
type crowd struct {
	model                     solver.Model
	theta, z0, labels, weight []float64
	dim                       int
}

const crowdSize = 30

func newCrowd(t *testing.T, dim int) *crowd {
	t.Helper()
	var err error
	c := &crowd{dim: dim}
	if c.model.Field, err = graph.LowerField(odd(dim)); err != nil {
		t.Fatal(err)
	}
	c.model.Head, err = graph.LowerHead(graph.Head{Dim: dim, Readout: graph.Linear(3), Loss: graph.CrossEntropy()})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(uint64(dim), 1))
	normal := func(n int, scale float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = scale * rng.NormFloat64()
		}
		return x
	}
	c.theta, c.z0 = normal(c.model.ThetaLen(), 1/math.Sqrt(float64(dim))), normal(crowdSize*dim, 1)
	c.weight, c.labels = normal(crowdSize, 1), make([]float64, 3*crowdSize)
	for i := range crowdSize {
		c.labels[3*i+i%3] = 1
	}
	return c
}

// answers is all that belongs to one sample.
type answers struct {
	numbers     []float64 // z1, saved states, loss, outputs, ∂L/∂z0
	stats, back solver.Stats
}

// of differentiates the weighted loss of the samples with these numbers, and cuts up what comes back.
func (c *crowd) of(t *testing.T, p solver.Program, samples []int) []answers {
	t.Helper()
	b, o := solver.Batch{Spans: []solver.Span{{T1: 1}}, Times: []float64{0, 0.3, 1}}, solver.Objective{}
	for _, i := range samples {
		b.Z0 = append(b.Z0, c.z0[i*c.dim:(i+1)*c.dim]...)
		o.Labels, o.Weight = append(o.Labels, c.labels[3*i:3*i+3]...), append(o.Weight, c.weight[i])
	}
	d, err := p.Differentiate(context.Background(), c.theta, b, o)
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	all := make([]answers, len(samples))
	for k := range all {
		for _, x := range [][]float64{d.Z1, d.Saved, d.Losses, d.Out, d.Z0} {
			width := len(x) / len(samples)
			all[k].numbers = append(all[k].numbers, x[k*width:(k+1)*width]...)
		}
		all[k].stats, all[k].back = d.Stats[k], d.BackStats[k]
	}
	return all
}

// TestBitsOfOddFields permutes, splits and pads batches of fields that are no perceptrons, at every level.
func TestBitsOfOddFields(t *testing.T) {
	for _, dim := range []int{1, 3, 17, 130} {
		c := newCrowd(t, dim)
		for _, level := range cpu.Levels() {
			for _, precision := range []solver.Precision{solver.Float32, solver.Float64} {
				for _, mode := range solver.Gradients() {
					t.Run(fmt.Sprint(dim, "/", level, "/", precision, "/", mode), func(t *testing.T) {
						c.bits(t, level, precision, mode)
					})
				}
			}
		}
	}
}

func (c *crowd) bits(t *testing.T, level string, precision solver.Precision, mode solver.Gradient) {
	b, err := cpu.New(cpu.Options{Workers: 2, Level: level})
	if err != nil {
		t.Fatal(err)
	}
	spec := solver.DefaultSpec()
	spec.Precision, spec.Gradient = precision, mode
	program := compile(t, b, c.model, spec)
	all := everySample(crowdSize)
	want := c.of(t, program, all)
	for what, samples := range map[string][]int{
		"permuted":  rand.New(rand.NewPCG(7, 7)).Perm(crowdSize),
		"a part":    all[5:14],
		"one alone": all[21:22],
		"padded":    append(append([]int{3, 3, 9}, all...), all...),
	} {
		for k, got := range c.of(t, program, samples) {
			w := want[samples[k]]
			if !slices.EqualFunc(got.numbers, w.numbers, sameBits) || got.stats != w.stats || got.back != w.back {
				t.Errorf("%s: sample %d is %v, want the bits of %v", what, samples[k], got, w)
				break
			}
		}
	}
}

func sameBits(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }
