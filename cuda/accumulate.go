package cuda

import (
	"context"
	"errors"
	"fmt"
	"math"

	"neuralode/cuda/kernels"
	"neuralode/solver"
)

// Accumulate takes the samples of some leaves through everything but the update. Wide fields, whose sums are not those
// of leaves, have no part smaller than the whole.
func (s *session) Accumulate(ctx context.Context, minibatch []int, from, to int) (*solver.PartialSum, error) {
	if err := solver.CheckAccumulate(minibatch, from, to, s.samples, solver.ControlSample); err != nil {
		return nil, err
	}
	s.program.mu.Lock()
	defer s.program.mu.Unlock()
	if err := s.check(); err != nil {
		return nil, err
	}
	leaves := solver.LeafCount(len(minibatch), solver.ControlSample)
	sum := &solver.PartialSum{Step: s.step, Samples: len(minibatch), Leaves: leaves, Precision: s.spec.Precision}
	p := &portion{minibatch: minibatch, from: from, to: to, first: from * solver.LeafSize(len(minibatch))}
	if err := s.sumPart(ctx, p, sum); err != nil {
		return nil, err
	}
	return sum, nil
}

// portion is some leaves of a minibatch: those from up to to, whose first sample is that of the minibatch.
type portion struct {
	minibatch       []int
	from, to, first int
	cut             kernels.Cut
}

// sumPart runs the part, and again without the samples that failed, or that make the sums not finite.
func (s *session) sumPart(ctx context.Context, p *portion, sum *solver.PartialSum) error {
	trees, err := s.runPart(ctx, p, nil)
	if err != nil {
		return err
	}
	d := solver.Derivative{}
	if d.End, d.Back, err = s.ended(); err != nil {
		return err
	}
	if sum.Failed(p.minibatch, p.first, d.End, d.Back); len(sum.Failures) == 0 && !areFinite(trees) {
		d, err := s.differentiateAgain(ctx, p.minibatch[p.first:p.first+s.n])
		if err != nil {
			return err
		}
		sum.Failed(p.minibatch, p.first, d.End, d.Back)
	}
	if len(sum.Failures) > 0 {
		out := make([]int32, s.n)
		for _, f := range sum.Failures {
			out[f.Place-p.first] = 1
		}
		if trees, err = s.runPart(ctx, p, out); err != nil {
			return err
		}
	}
	for _, t := range trees {
		sum.Add(t)
	}
	return nil
}

func areFinite(trees []solver.Subtree) bool {
	sum := 0.0
	for _, t := range trees {
		sum += 0 * t.Loss
		for _, x := range t.Sums {
			sum += 0 * x
		}
	}
	return !math.IsNaN(sum)
}

// runPart solves and differentiates the part without the samples left out, and returns the sums of its subtrees.
func (s *session) runPart(ctx context.Context, p *portion, out []int32) ([]solver.Subtree, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.drawPart(p, out); err != nil {
		return nil, err
	}
	for fits := false; !fits; {
		err := s.watching(ctx, func() error { return inTurn(s.now.prepare, s.now.thereAndBack) })
		if err == nil {
			fits, err = s.recordFits()
		}
		if err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.subtrees(p)
}

// drawPart copies what is new of the part and makes room for it.
func (s *session) drawPart(p *portion, out []int32) error {
	m, cut := kernels.PartOf(s.data, p.minibatch, p.from, p.to)
	p.cut = cut
	if err := s.beginPart(len(p.minibatch), m.Samples, m.Rows, cut); err != nil {
		return err
	}
	if _, wide := s.now.(*wide); wide && m.Samples < len(p.minibatch) {
		return fmt.Errorf("cuda: an iteration of a wide field in parts needs the CPU: %w", errors.ErrUnsupported)
	}
	return inTurn(
		func() error { return s.putMinibatches(m) },
		func() error { return put(s.memory, &s.call.LeftOut, out) },
		func() error { return put(s.memory, &s.call.Progress, []int64{0, s.step, 0, 0}) },
	)
}

// subtrees copies out the sums of the part's subtrees, and the totals of its leaves.
func (s *session) subtrees(p *portion) ([]solver.Subtree, error) {
	var trees []solver.Subtree
	for _, t := range kernels.Subtrees(p.from, p.to, solver.LeafCount(len(p.minibatch), solver.ControlSample)) {
		s.call.SumFrom = int64((t[0] - p.from) / p.cut.PerBlock)
		s.call.SumTo = int64((t[1] - p.from + p.cut.PerBlock - 1) / p.cut.PerBlock)
		if err := inTurn(s.send, s.now.reduce); err != nil {
			return nil, err
		}
		sums, err := s.takeReals(&s.call.Sums, s.now.sums())
		if err != nil {
			return nil, err
		}
		trees = append(trees, solver.Subtree{From: t[0], To: t[1], Sums: sums})
	}
	totals := make([]float64, kernels.TotalsLen*(p.to-p.from))
	if err := take(s.memory, &s.call.Totals, totals); err != nil {
		return nil, err
	}
	for i := range trees {
		t := &trees[i]
		t.Loss = solver.SumOverLeaves(t.To-t.From, 1, func(k int) float64 {
			return totals[kernels.TotalsLen*(t.From-p.from+k)]
		})
		_, stats, err := s.ends(&s.call.Status, &s.call.EndT, &s.call.EndH, &s.call.Stats)
		if err != nil {
			return nil, err
		}
		t.Count(stats[(t.From-p.from)*p.cut.Leaf : min(s.n, (t.To-p.from)*p.cut.Leaf)])
	}
	return trees, nil
}

// Update is one update of the optimizer.
func (s *session) Update(total *solver.PartialSum, rate float64) (solver.Iteration, error) {
	s.program.mu.Lock()
	defer s.program.mu.Unlock()
	if err := s.check(); err != nil {
		return solver.Iteration{}, err
	}
	if err := s.choose(max(1, total.Samples)); err != nil {
		return solver.Iteration{}, err
	}
	if err := solver.CheckUpdate(total, rate, s.step, s.now.sums(), s.spec.Precision); err != nil {
		return solver.Iteration{}, err
	}
	if err := s.drawUpdate(total, rate); err != nil {
		return solver.Iteration{}, err
	}
	if err := inTurn(s.send, s.now.prepare, s.now.finish, s.now.update, s.stream.Synchronize); err != nil {
		return solver.Iteration{}, err
	}
	it := total.Iteration()
	_, failure, err := s.report(0, func(done solver.Iteration) { it = done })
	if err == nil && failure != kernels.NoFailure {
		err = solver.NonFiniteIteration()
	}
	return it, err
}

// drawUpdate copies a total, as that of one leaf with all samples.
func (s *session) drawUpdate(total *solver.PartialSum, rate float64) error {
	t := total.Subtrees[0]
	totals := make([]float64, kernels.TotalsLen)
	copy(totals, []float64{t.Loss, float64(t.NFE), float64(t.NFEMax), float64(t.Accepted), float64(t.Rejected), -1, -1})
	n := int64(total.Samples)
	return inTurn(
		func() error { return s.beginPart(total.Samples, 1, 0, kernels.CutOf(1)) },
		func() error { return s.putReals(&s.call.Sums, t.Sums) },
		func() error { return put(s.memory, &s.call.Totals, totals) },
		func() error { return put(s.memory, &s.call.RecordUsed, make([]int64, s.call.Blocks)) },
		func() error { return put(s.memory, &s.call.Index, []int64{0}) },
		func() error { return put(s.memory, &s.call.Minibatches, []int64{0, n, 0, n, n, 1}) },
		func() error { return put(s.memory, &s.call.RowOffsets, []int64{0}) },
		func() error { return put(s.memory, &s.call.Rates, []float64{rate}) },
		func() error { return put(s.memory, &s.call.Progress, []int64{0, s.step, 0, 0}) },
		func() error { return s.room(&s.call.Reports, 8*kernels.ReportLen) },
	)
}
