package main

import (
	"context"
	"math"

	"neuralode/reference"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/train"
)

// problem is one whose answers are known.
type problem struct {
	name  string
	solve func(solver.Spec) ([]cost, error)
}

// cost is how many evaluations of the field a quantity took for a sample, and how far it was off.
type cost struct {
	quantity           string
	evaluations, error float64
}

// problems are the trained nets of package reference, and classical problems.
func problems() ([]*problem, error) {
	var all []*problem
	for _, p := range reference.Embedded() {
		m, err := train.FromReference(&p.Model)
		if err != nil {
			return nil, err
		}
		all = append(all, &problem{p.Name, func(s solver.Spec) ([]cost, error) { return differentiate(m, &p, s) }})
	}
	for _, c := range classical() {
		all = append(all, &problem{c.name, func(s solver.Spec) ([]cost, error) { return c.solve(s) }})
	}
	return all, nil
}

// differentiate takes a trained net's loss back to θ in each mode that solves z once.
func differentiate(m *train.Model, p *reference.Problem, spec solver.Spec) ([]cost, error) {
	var costs []cost
	for _, mode := range []solver.Gradient{solver.Adjoint, solver.Discrete} {
		spec.Gradient = mode
		d, err := derivative(m, p, spec)
		if err != nil {
			return nil, err
		}
		forward, back := meanNFE(d.Stats), meanNFE(d.BackStats)
		if mode == solver.Adjoint {
			costs = append(costs, cost{"z(t1)", forward, distance(d.Z1, p.Z1)})
		}
		costs = append(costs, cost{"∂L/∂θ by " + mode.String(), forward + back, distance(d.Theta, p.GradTheta)})
	}
	return costs, nil
}

func derivative(m *train.Model, p *reference.Problem, spec solver.Spec) (*solver.Derivative, error) {
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		return nil, err
	}
	program, err := backend.Compile(m.Solver, spec)
	if err != nil {
		return nil, err
	}
	defer program.Close()
	d, err := program.Differentiate(context.Background(), p.Theta, solver.Batch{Z0: p.X, Spans: []solver.Span{m.Span}},
		solver.Objective{Labels: p.Label})
	if err != nil {
		return nil, err
	}
	return d, d.Err()
}

// distance is the relative error in the 2-norm.
func distance(got, want []float64) float64 {
	difference, size := 0.0, 0.0
	for i, w := range want {
		difference += (got[i] - w) * (got[i] - w)
		size += w * w
	}
	return math.Sqrt(difference / size)
}

func meanNFE(stats []solver.Stats) float64 {
	total := 0
	for _, s := range stats {
		total += s.NFE
	}
	return float64(total) / float64(len(stats))
}
