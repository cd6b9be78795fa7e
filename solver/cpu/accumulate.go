package cpu

import (
	"context"
	"math"
	"slices"

	"neuralode/solver"
)

// Accumulate takes the samples of some leaves through everything but the update.
func (s *session[T]) Accumulate(ctx context.Context, minibatch []int, from, to int) (*solver.PartialSum, error) {
	control, n := s.program.spec.Controller.Control, len(minibatch)
	if err := solver.CheckAccumulate(minibatch, from, to, s.n, control); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.engine == nil {
		return nil, errSessionClosed
	}
	p := &portion{samples: n, leaves: solver.LeafCount(n, control), from: from, to: to}
	sum := &solver.PartialSum{Step: s.step, Samples: n, Leaves: p.leaves, Precision: s.program.spec.Precision}
	s.call.part = p
	defer func() { s.call.part = nil }()
	if err := s.sumPart(ctx, minibatch, sum); err != nil {
		return nil, err
	}
	s.subtrees(sum)
	return sum, nil
}

// samplesOf are the places of the part's samples in the minibatch.
func (p *portion) samplesOf() (first, end int) {
	if p.leaves == 1 {
		return 0, p.samples
	}
	size := solver.LeafSize(p.samples)
	return p.from * size, min(p.samples, p.to*size)
}

// sumPart runs the call's part of the minibatch, and again without the samples that failed, or that make the sums not
// finite.
func (s *session[T]) sumPart(ctx context.Context, minibatch []int, sum *solver.PartialSum) error {
	c := &s.call
	first, _ := c.part.samplesOf()
	o, err := s.runPart(ctx, minibatch)
	if err != nil {
		return err
	}
	if sum.Failed(minibatch, first, c.end, c.back); len(sum.Failures) == 0 && !c.isFinite() {
		b := c.batch
		c.putBack(&b)
		o.Labels = widened(c.labels)
		d, err := s.engine.differentiate(ctx, widened(s.theta), b, o)
		if err != nil {
			return err
		}
		sum.Failed(minibatch, first, d.End, d.Back)
	}
	if len(sum.Failures) == 0 {
		return nil
	}
	c.part.out = make([]bool, c.n)
	for _, f := range sum.Failures {
		c.part.out[f.Place-first] = true
	}
	_, err = s.runPart(ctx, minibatch)
	return err
}

// runPart runs the call's part of the minibatch once and returns the objective with its weights in the whole.
func (s *session[T]) runPart(ctx context.Context, minibatch []int) (solver.Objective, error) {
	first, end := s.call.part.samplesOf()
	s.load(minibatch[first:end])
	o := s.objective
	if s.data.Weight == nil {
		o.Weight = slices.Repeat([]float64{1 / float64(s.counting(minibatch))}, len(s.call.losses))
		s.engine.loadWeights(&s.call, o)
	}
	s.engine.run(ctx, &s.call)
	return o, ctx.Err()
}

// counting is how many losses of the minibatch count.
func (s *session[T]) counting(minibatch []int) int {
	n := 0
	for _, i := range minibatch {
		from, to := s.lossesOf(i)
		for loss := from; loss < to; loss++ {
			if s.data.Mask == nil || !s.data.Mask[loss] {
				n++
			}
		}
	}
	return n
}

// isFinite reports whether the sums of all tasks are.
func (c *call[T]) isFinite() bool {
	loss := 0.0
	for i := range c.n {
		loss += c.lossOf(i)
	}
	ok := !math.IsNaN(loss) && !math.IsInf(loss, 0)
	for _, p := range c.partials[:c.tasks()] {
		for part := range p.parts() {
			ok = ok && finite(p.part(part))
		}
	}
	return ok
}

// subtrees adds the tasks' sums.
func (s *session[T]) subtrees(sum *solver.PartialSum) {
	c := &s.call
	size := c.leaf
	if c.part.leaves == 1 {
		size = solver.LeafSize(c.n)
	}
	for task, leaves := range c.part.tasks {
		from, to := c.leavesOf(task)
		first, end := from*c.leaf, min(c.n, to*c.leaf)
		t := solver.Subtree{From: leaves[0], To: leaves[1]}
		for part := range c.partials[task].parts() {
			t.Sums = append(t.Sums, widened(c.partials[task].part(part))...)
		}
		t.Loss = solver.SumOverLeaves(end-first, size, func(i int) float64 { return c.lossOf(first + i) })
		t.Count(c.stats[first:end])
		sum.Add(t)
	}
}

// Update is one update of the optimizer.
func (s *session[T]) Update(total *solver.PartialSum, rate float64) (solver.Iteration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.engine == nil {
		return solver.Iteration{}, errSessionClosed
	}
	sum := newPartial(s.engine)
	all := 0
	for part := range sum.parts() {
		all += len(sum.part(part))
	}
	if err := solver.CheckUpdate(total, rate, s.step, all, s.program.spec.Precision); err != nil {
		return solver.Iteration{}, err
	}
	numbers := total.Subtrees[0].Sums
	for part := range sum.parts() {
		to := sum.part(part)
		convert(to, numbers[:len(to)])
		numbers = numbers[len(to):]
	}
	s.engine.setTheta(s.theta)
	gradient, it := s.engine.finish(&sum, true, len(s.features) > 0), total.Iteration()
	it.GradientNorm = s.norm(gradient)
	if !(it.GradientNorm <= math.MaxFloat64) || math.IsNaN(it.Loss) || math.IsInf(it.Loss, 0) {
		return it, solver.NonFiniteIteration()
	}
	s.update(gradient, it.GradientNorm, rate)
	return it, nil
}
