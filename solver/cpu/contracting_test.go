package cpu_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// TestContractingNets differentiates dz/dt = net(z) − 2z over a span in which everything near comes together, at the
// default tolerances, and compares with finite differences at tight ones.
func TestContractingNets(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 7))
		c := contractingNet(t, rng)
		want := c.finiteDifferences(t)
		for mode, bound := range map[solver.Gradient]float64{solver.Adjoint: 0.01, solver.Discrete: 0.05,
			solver.Backsolve: 0.05} {
			spec := solver.DefaultSpec()
			spec.Precision, spec.Gradient = solver.Float64, mode
			d, err := compile(t, backend(t, 1), c.model, spec).Differentiate(context.Background(), c.theta, c.batch,
				solver.Objective{Cotangent: []float64{1, 1}})
			if err != nil {
				t.Fatal(err)
			}
			if mode == solver.Backsolve && d.Back[0].Status == solver.AdjointDrifted {
				continue
			}
			if e := distance(d.Theta, want); d.Err() != nil || !(e <= bound) {
				t.Errorf("net %d, %v: ∂L/∂θ is %.2g off, want %v; %v", seed, mode, e, bound, d.Err())
			}
		}
	}
}

// distance is ‖got − want‖₂ / ‖want‖₂.
func distance(got, want []float64) float64 {
	difference, size := 0.0, 0.0
	for i := range want {
		difference += (got[i] - want[i]) * (got[i] - want[i])
		size += want[i] * want[i]
	}
	return math.Sqrt(difference / size)
}

type contractingCase struct {
	model solver.Model
	theta []float64
	batch solver.Batch
}

func contractingNet(t *testing.T, rng *rand.Rand) *contractingCase {
	t.Helper()
	net, err := graph.MLP{Sizes: []int{2, 8, 2}}.Field()
	if err != nil {
		t.Fatal(err)
	}
	c := &contractingCase{batch: solver.Batch{Z0: []float64{rng.NormFloat64(), rng.NormFloat64()},
		Spans: []solver.Span{{T1: 10}}}}
	c.model.Field, err = graph.LowerField(graph.Field{Dim: 2, Params: net.Params,
		Func: func(at, z *gorgonia.Node, theta []*gorgonia.Node) (*gorgonia.Node, error) {
			n, err := net.Func(at, z, theta)
			if err != nil {
				return nil, err
			}
			return gorgonia.Sub(n, gorgonia.Must(gorgonia.HadamardProd(z, gorgonia.NewConstant(2.0))))
		}})
	if err != nil {
		t.Fatal(err)
	}
	c.theta = make([]float64, c.model.ThetaLen())
	for i := range c.theta {
		c.theta[i] = 0.7 * rng.NormFloat64()
	}
	return c
}

// finiteDifferences is the gradient of the sum of z(t1) by central differences of tight solves.
func (c *contractingCase) finiteDifferences(t *testing.T) []float64 {
	t.Helper()
	spec := solver.DefaultSpec()
	spec.Precision, spec.Gradient = solver.Float64, solver.NoGradient
	spec.Controller.Rtol, spec.Controller.Atol, spec.Controller.MaxSteps = 1e-12, 1e-14, 1<<20
	program := compile(t, backend(t, 1), c.model, spec)
	sum := func(theta []float64) float64 {
		s, err := program.Solve(context.Background(), theta, c.batch)
		if err == nil {
			err = s.Err()
		}
		if err != nil {
			t.Fatal(err)
		}
		return s.Z1[0] + s.Z1[1]
	}
	const e = 1e-5
	gradient := make([]float64, len(c.theta))
	for i := range gradient {
		up, down := slices.Clone(c.theta), slices.Clone(c.theta)
		up[i] += e
		down[i] -= e
		gradient[i] = (sum(up) - sum(down)) / (2 * e)
	}
	return gradient
}
