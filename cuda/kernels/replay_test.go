package kernels_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"neuralode/plan"
	"neuralode/solver"
)

// recorded is an accepted step as the record of the adjoint and the discrete gradient holds it.
type recorded struct{ t, h float64 }

// TestReplay repeats the steps that the float32 kernels chose in float64: what is left is rounding. Free-running
// solvers of different precision part at step choices.
func TestReplay(t *testing.T) {
	t.Parallel()
	for i, c := range modelCases() {
		if i%3 != 1 && (testing.Short() || i%3 != 2) && os.Getenv(long) == "" {
			continue // each is a run of the compiler
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, spec := c.model(t), solver.DefaultSpec()
			spec.Gradient = []solver.Gradient{solver.Discrete, solver.Adjoint}[i%2]
			theta, b, o := c.problem(m, 5, nil)
			o.Saved = nil
			p, err := small().Compile(m, spec)
			needCompiler(t, err)
			if err != nil {
				t.Fatal(err)
			}
			d, err := p.Differentiate(context.Background(), theta, b, o)
			if err != nil {
				t.Fatal(err)
			}
			steps := p.(*program).call.steps()
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			c.replay(t, m, spec, theta, b, d, steps)
		})
	}
}

func (c modelCase) replay(t *testing.T, m solver.Model, spec solver.Spec, theta []float64, b solver.Batch,
	d *solver.Derivative, steps [][]recorded) {
	machine := plan.NewMachine(m.Field)
	machine.SetTheta(theta[:m.Field.ThetaLen()])
	for i, list := range steps {
		if len(list) != d.Stats[i].Accepted {
			t.Errorf("sample %d has %d steps recorded, accepted %d", i, len(list), d.Stats[i].Accepted)
		}
		z, at := slices.Clone(b.Z0[i*c.dim:(i+1)*c.dim]), b.Span(i).T0
		for _, s := range list {
			if math.Abs(s.t-at) > 1e-12 {
				t.Fatalf("sample %d: a step starts at %v, the one before ends at %v", i, s.t, at)
			}
			z = rungeKutta(machine, spec.Tableau(), s, z)
			at = s.t + s.h
		}
		near(t, fmt.Sprintf("sample %d", i), d.Z1[i*c.dim:(i+1)*c.dim], z, 5e-6)
	}
}

// rungeKutta is one step of the method in float64.
func rungeKutta(m *plan.Machine, tab *solver.Tableau, s recorded, z []float64) []float64 {
	var k [][]float64
	var x []float64
	for i := range tab.Stages() {
		x = slices.Clone(z)
		for j, a := range tab.A[i] {
			for c := range x {
				x[c] += s.h * a * k[j][c]
			}
		}
		m.Forward(1, map[string][]float64{"t": {s.t + tab.C[i]*s.h}, "z": x})
		k = append(k, slices.Clone(m.Output("f")))
	}
	return x
}

// steps reads the record of the last call, first step first.
func (c *call) steps() [][]recorded {
	n, capacity := int(c.N), int(c.RecordCapacity)
	last, previous := make([]int32, n), make([]int32, c.blocks*capacity)
	t, h := make([]float64, c.blocks*capacity), make([]float64, c.blocks*capacity)
	c.device.Read(c.RecordLast, last)
	c.device.Read(c.RecordPrevious, previous)
	c.device.Read(c.RecordT, t)
	c.device.Read(c.RecordH, h)
	all := make([][]recorded, n)
	for i := range all {
		base := i / c.leaf * capacity
		for at := last[i]; at >= 0; at = previous[base+int(at)] {
			all[i] = append(all[i], recorded{t[base+int(at)], h[base+int(at)]})
		}
		slices.Reverse(all[i])
	}
	return all
}
