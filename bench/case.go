// Package bench times solves, gradients and training iterations, beside the arithmetic they cannot do without.
package bench

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"neuralode/graph"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/train"
)

// Case is a network with samples to solve.
type Case struct {
	Name   string
	Model  *train.Model
	Z0     []float64 // [batch, dim]
	Labels []float64 // [batch]
	Rtol   float64
	Atol   float64
}

// tolerances of all cases: those of a training with the defaults.
const (
	rtol = 1e-3
	atol = 1e-6
)

// drawSeed is the seed of the samples that are drawn where a case wants more than the file has.
const drawSeed = 1

// FromProblem is the case of a reference problem with that many of its samples; beyond those it has, they are drawn
// with replacement by a fixed seed. It is a *memory.Error where there is no room for them.
func FromProblem(p *reference.Problem, batch int) (*Case, error) {
	if batch < 1 {
		return nil, fmt.Errorf("bench: batch must be at least 1, got %d", batch)
	}
	model, err := train.FromReference(&p.Model)
	if err != nil {
		return nil, fmt.Errorf("bench: %s: %w", p.Name, err)
	}
	c := &Case{Name: p.Name, Model: model, Rtol: rtol, Atol: atol}
	if err := model.CheckTraining(c.Spec(solver.Discrete), batch, batch); err != nil {
		return nil, fmt.Errorf("bench: %s: %w", p.Name, err)
	}
	dim, rng := p.Dim(), rand.New(rand.NewPCG(drawSeed, 0))
	for i := range batch {
		if batch > p.Batch() {
			i = rng.IntN(p.Batch())
		}
		c.Z0 = append(c.Z0, p.X[i*dim:(i+1)*dim]...)
		c.Labels = append(c.Labels, p.Label[i])
	}
	return c, nil
}

// Middle is a network of 64-512-512-64 with tanh as it is before training, on normal points: the size of a latent ODE,
// where matrix products dominate.
func Middle(batch int) (*Case, error) { return Untrained("middle", []int{64, 512, 512, 64}, batch) }

// Untrained is a network of such widths with tanh as it is before training, on normal points.
func Untrained(name string, sizes []int, batch int) (*Case, error) {
	rng := rand.New(rand.NewPCG(drawSeed, 1))
	net := graph.MLP{Sizes: sizes, Activation: graph.Tanh}
	p := &reference.Problem{Model: reference.Model{Name: name, Sizes: sizes, Activation: "tanh", T1: 1,
		Theta: net.Init(rng)}}
	for range batch * sizes[0] {
		p.X = append(p.X, rng.NormFloat64())
	}
	for i := range batch {
		p.Label = append(p.Label, float64(i%2))
	}
	return FromProblem(p, batch)
}

// Batch is the number of samples.
func (c *Case) Batch() int { return len(c.Labels) }

// Spec is how the case is solved.
func (c *Case) Spec(mode solver.Gradient) solver.Spec {
	s := solver.DefaultSpec()
	s.Controller.Rtol, s.Controller.Atol, s.Gradient = c.Rtol, c.Atol, mode
	return s
}

func (c *Case) batch() solver.Batch {
	return solver.Batch{Z0: c.Z0, Spans: []solver.Span{c.Model.Span}}
}

// data is the case as the data of a training, and the minibatch of all of it.
func (c *Case) data() (solver.Data, [][]int) {
	all := make([]int, c.Batch())
	for i := range all {
		all[i] = i
	}
	return solver.Labelled(slices.Clone(c.Z0), slices.Clone(c.Labels), c.Model.Span), [][]int{all}
}
