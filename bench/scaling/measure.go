package main

import (
	"context"
	"math"
	"time"

	"neuralode/bench"
	"neuralode/solver"
	"neuralode/solver/cpu"
)

// measureCost times a leaf, an update and what is done with sums, on one core: the best of some, as others use the
// machine too.
func measureCost(c *bench.Case, times int) (cost rankCost, err error) {
	backend, err := cpu.New(cpu.Options{Workers: 1})
	if err != nil {
		return cost, err
	}
	program, err := backend.Compile(c.Model.Solver, c.Spec(solver.Discrete))
	if err != nil {
		return cost, err
	}
	defer program.Close()
	session, err := program.Train(solver.Labelled(c.Z0, c.Labels, c.Model.Span), solver.DefaultOptimizer(1e-3),
		solver.NewOptimizerState(c.Model.Theta))
	if err != nil {
		return cost, err
	}
	// Two leaves, as a minibatch has at least, of which the first is timed.
	minibatch := make([]int, 2*solver.LeafSize(c.Batch()))
	for i := range minibatch {
		minibatch[i] = i
	}
	cost.samples = solver.LeafSize(len(minibatch))
	cost.leaf, cost.join, cost.pack, cost.update = math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1)
	for range times {
		if err := cost.once(session, minibatch); err != nil {
			return cost, err
		}
	}
	return cost, nil
}

func (c *rankCost) once(s solver.Session, minibatch []int) error {
	ctx := context.Background()
	began := time.Now()
	least := func(into *float64) {
		*into = math.Min(*into, time.Since(began).Seconds())
		began = time.Now()
	}
	left, err := s.Accumulate(ctx, minibatch, 0, 1)
	least(&c.leaf)
	if err != nil {
		return err
	}
	right, err := s.Accumulate(ctx, minibatch, 1, 2)
	if err != nil {
		return err
	}
	c.sums = len(right.Subtrees[0].Sums)
	began = time.Now()
	data, err := right.MarshalBinary()
	least(&c.pack)
	if err != nil {
		return err
	}
	came := new(solver.PartialSum)
	if err := came.UnmarshalBinary(data); err != nil {
		return err
	}
	if err := left.Join(came); err != nil {
		return err
	}
	least(&c.join)
	_, err = s.Update(left, 1e-6)
	least(&c.update)
	return err
}
