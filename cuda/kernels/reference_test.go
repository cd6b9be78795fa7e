package kernels_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// fast makes g++ fast, which has most of the work in these tests.
var fast = []string{"-O0"}

// small is a device with few rows and threads, so that rows are refilled and blocks are several.
func small() emulated {
	return emulated{config: kernels.Config{Rows: 4, Threads: 32, Shared: 400 << 10}, chunk: 7, record: 64, flags: fast}
}

// TestReference compares the kernels, compiled for float64, with the reference: the same steps, the same numbers.
func TestReference(t *testing.T) {
	t.Parallel()
	for i, c := range modelCases() {
		for j, mode := range someModes(i) {
			if testing.Short() && (i+j)%2 == 0 {
				continue // each is a run of the compiler
			}
			t.Run(fmt.Sprintf("%s/%v", c.name, mode), func(t *testing.T) {
				t.Parallel()
				c.compare(t, mode, small())
			})
		}
	}
}

// someModes are the gradients that case i is run in: each is a run of the compiler, and the adjoint and backsolve share
// their source.
func someModes(i int) []solver.Gradient {
	if os.Getenv(long) != "" {
		return solver.Gradients()
	}
	continuous := []solver.Gradient{solver.Adjoint, solver.Backsolve}
	return []solver.Gradient{continuous[i%2], solver.Discrete}
}

func (c modelCase) compare(t *testing.T, mode solver.Gradient, device emulated) {
	m, spec := c.model(t), doubleSpec(mode)
	if mode == solver.Discrete {
		spec.Method = solver.Bosh3()
		spec.Controller.P, spec.Controller.I, spec.Controller.D = 0.2, 0.4, 0.05
	}
	theta, b, o := c.problem(m, 9, []float64{0.25, 0.5, 0.50001, 1.2, 1.5})
	want := differentiate(t, solver.Reference(), m, spec, theta, b, o)
	got := differentiate(t, device, m, spec, theta, b, o)
	if !slices.Equal(got.Stats, want.Stats) {
		t.Errorf("steps %v, want %v", got.Stats, want.Stats)
	}
	if mode != solver.Discrete && !slices.Equal(got.BackStats, want.BackStats) {
		t.Errorf("steps back %v, want %v", got.BackStats, want.BackStats)
	}
	for i, e := range want.End {
		if g := got.End[i]; g.Status != e.Status || g.T != e.T || math.Abs(g.H-e.H) > 1e-5 {
			t.Errorf("sample %d ends %+v, want %+v", i, g, e)
		}
	}
	bound := 1e-9
	switch c.name { // at a kink the step size amplifies rounding
	case "relu":
		bound = 1e-6
	case "functions":
		bound = 1e-7
	}
	near(t, "z1", got.Z1, want.Z1, bound)
	near(t, "saved", got.Saved, want.Saved, bound)
	near(t, "losses", seen(got.Losses), seen(want.Losses), bound)
	near(t, "out", seen(got.Out), seen(want.Out), bound)
	near(t, "∂L/∂z0", got.Z0, want.Z0, bound)
	near(t, "∂L/∂inputs", got.Inputs, want.Inputs, bound)
	near(t, "∂L/∂θ", got.Theta, want.Theta, bound)
	near(t, "loss", []float64{got.Loss}, []float64{want.Loss}, bound)
}

// TestStartsWithoutAScale solves from a component that is zero with atol zero: its scaled size is 0/0, and the first
// step must come from elsewhere.
func TestStartsWithoutAScale(t *testing.T) {
	t.Parallel()
	for name, device := range map[string]emulated{"fused": small(), "wide": broad()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := modelCases()[7] // reductions: moves every component
			m, spec := c.model(t), doubleSpec(solver.NoGradient)
			spec.Controller.Atol = 0
			theta, b, _ := c.problem(m, 1, nil)
			b.Z0[0] = 0
			var solutions [2]*solver.Solution
			for i, backend := range []solver.Backend{solver.Reference(), device} {
				p, err := backend.Compile(m, spec)
				needCompiler(t, err)
				if err != nil {
					t.Fatal(err)
				}
				if solutions[i], err = p.Solve(context.Background(), theta, b); err != nil {
					t.Fatal(err)
				}
				if err := p.Close(); err != nil {
					t.Fatal(err)
				}
			}
			want, got := solutions[0], solutions[1]
			if err := got.Err(); err != nil || got.Stats[0] != want.Stats[0] {
				t.Fatalf("%v with %+v, want %+v", err, got.Stats[0], want.Stats[0])
			}
			near(t, "z1", got.Z1, want.Z1, 1e-9)
		})
	}
}

func doubleSpec(mode solver.Gradient) solver.Spec {
	spec := solver.DefaultSpec()
	spec.Precision, spec.Gradient = solver.Float64, mode
	spec.Controller.Rtol, spec.Controller.Atol = 1e-5, 1e-7
	return spec
}

func differentiate(t *testing.T, b solver.Backend, m solver.Model, spec solver.Spec, theta []float64,
	batch solver.Batch, o solver.Objective) *solver.Derivative {
	t.Helper()
	p, err := b.Compile(m, spec)
	needCompiler(t, err)
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.Differentiate(context.Background(), theta, batch, o)
	if err == nil {
		err = d.Err()
	}
	if closed := p.Close(); closed != nil {
		t.Fatal(closed)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// seen is x without the numbers of losses that are masked.
func seen(x []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(x), math.IsNaN)
}

// near fails where got is farther from want than bound, relative to the largest number wanted (or to 1).
func near(t *testing.T, what string, got, want []float64, bound float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d numbers, want %d", what, len(got), len(want))
	}
	scale := 1.0
	for _, v := range want {
		scale = math.Max(scale, math.Abs(v))
	}
	for i, v := range want {
		if d := math.Abs(got[i] - v); !(d <= bound*scale) {
			t.Errorf("%s: number %d is %v, want %v", what, i, got[i], v)
			return
		}
	}
}
