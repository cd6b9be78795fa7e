package solver

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// PartialSum is what some leaves of a minibatch contribute to an iteration, whoever computed it: plain data, which goes
// elsewhere as bytes ([PartialSum.MarshalBinary]) and meets the others in [PartialSum.Join]. It holds subtrees of the
// tree along which [SumOverSamples] adds: all that can be added yet without another order of the sum. So the total has
// the same bits in whatever parts it was computed.
type PartialSum struct {
	Step      int64     // updates done before it: the θ that it belongs to
	Samples   int       // of the whole minibatch
	Leaves    int       // of the whole minibatch: see [LeafCount]
	Precision Precision // in which sums are rounded
	Subtrees  []Subtree // in order, no two of them the children of one
	Failures  []Failure // samples without a part in the sums, in the order of the minibatch
}

// Subtree is the sum over a subtree of the leaves: those from From up to To.
type Subtree struct {
	From, To int
	Loss     float64   // weighted as in the whole minibatch
	NFE      int       // forward field evaluations, summed, as are the steps
	NFEMax   int       // the most of a sample
	Accepted int       // steps
	Rejected int       // steps
	Sums     []float64 // the accumulators of ∂L/∂θ, as the backend orders them
}

// Failure is a sample that did not go forward and backward.
type Failure struct {
	Place    int // in the minibatch
	Sample   int // in the data set
	Backward bool
	End      End
}

// LeafCount is how many leaves a minibatch of n samples has: see [LeafSize]. Where all samples share their steps it is
// one.
func LeafCount(n int, c Control) int {
	if c == ControlBatch {
		return 1
	}
	size := LeafSize(n)
	return (n + size - 1) / size
}

// Add puts the sum over a further subtree to the others and adds what is complete. The subtree's memory is p's then.
func (p *PartialSum) Add(s Subtree) {
	at, _ := slices.BinarySearchFunc(p.Subtrees, s.From, func(t Subtree, from int) int {
		return cmp.Compare(t.From, from)
	})
	p.Subtrees = slices.Insert(p.Subtrees, at, s)
	for {
		switch {
		case at > 0 && p.siblings(at-1):
			at--
		case at+1 < len(p.Subtrees) && p.siblings(at):
		default:
			return
		}
		p.Subtrees[at].add(&p.Subtrees[at+1], p.Precision)
		p.Subtrees = slices.Delete(p.Subtrees, at+1, at+2)
	}
}

// siblings reports whether the subtree of that number and the next are the two children of one.
func (p *PartialSum) siblings(i int) bool {
	a, b := &p.Subtrees[i], &p.Subtrees[i+1]
	size := a.To - a.From
	return a.To == b.From && size&(size-1) == 0 && a.From%(2*size) == 0 && b.To == min(p.Leaves, b.From+size)
}

// isSubtree reports whether the leaves are those of a subtree: 2ᵏ that begin at a multiple of 2ᵏ, or what is there of
// them.
func (p *PartialSum) isSubtree(from, to int) bool {
	if from < 0 || from >= to || to > p.Leaves {
		return false
	}
	size := 1 << bits.Len(uint(to-from-1))
	return from%size == 0 && (to-from == size || to == p.Leaves)
}

// add adds the right neighbour.
func (s *Subtree) add(t *Subtree, p Precision) {
	s.To = t.To
	s.Loss += t.Loss
	s.NFE += t.NFE
	s.NFEMax = max(s.NFEMax, t.NFEMax)
	s.Accepted += t.Accepted
	s.Rejected += t.Rejected
	for i, x := range t.Sums {
		if s.Sums[i] += x; p != Float64 {
			s.Sums[i] = float64(float32(s.Sums[i])) // the sum of two float32 is exact enough in float64 to round once
		}
	}
}

// Join adds what q holds to p; q must not be used after it. It is an error, with p as before, where both are not parts
// of one iteration or have a leaf in common.
func (p *PartialSum) Join(q *PartialSum) error {
	if err := errors.Join(p.check(), q.check()); err != nil {
		return err
	}
	if p.Step != q.Step || p.Samples != q.Samples || p.Leaves != q.Leaves || p.Precision != q.Precision {
		return fmt.Errorf("solver: a sum of step %d over %d samples in %d leaves of %v does not join one of step %d over %d in %d of %v",
			q.Step, q.Samples, q.Leaves, q.Precision, p.Step, p.Samples, p.Leaves, p.Precision)
	}
	for _, s := range p.Subtrees {
		for _, t := range q.Subtrees {
			if s.From < t.To && t.From < s.To {
				return fmt.Errorf("solver: leaves %d to %d and %d to %d overlap, want each leaf once", s.From, s.To-1,
					t.From, t.To-1)
			}
			if len(s.Sums) != len(t.Sums) {
				return fmt.Errorf("solver: sums of %d and %d numbers do not join", len(s.Sums), len(t.Sums))
			}
		}
	}
	for _, s := range q.Subtrees {
		p.Add(s)
	}
	p.Failures = append(p.Failures, q.Failures...)
	slices.SortStableFunc(p.Failures, func(a, b Failure) int { return cmp.Compare(a.Place, b.Place) })
	return nil
}

// check reports what is wrong with a sum that may have come from elsewhere.
func (p *PartialSum) check() error {
	if p.Samples < 1 || p.Leaves < 1 || p.Leaves > p.Samples {
		return fmt.Errorf("solver: a sum over %d samples in %d leaves, want at least one of both", p.Samples, p.Leaves)
	}
	end := 0
	for _, s := range p.Subtrees {
		if s.From < end || !p.isSubtree(s.From, s.To) {
			return fmt.Errorf("solver: leaves %d to %d of %d are no subtree, or not in order", s.From, s.To-1, p.Leaves)
		}
		if len(s.Sums) != len(p.Subtrees[0].Sums) {
			return fmt.Errorf("solver: sums of %d and %d numbers in one", len(s.Sums), len(p.Subtrees[0].Sums))
		}
		end = s.To
	}
	return nil
}

// Err is nil where no sample failed, and else the *IterationError of the first that did, as [Session.Run] gives it.
func (p *PartialSum) Err() error {
	var first *SampleError
	sample := 0
	for _, backward := range []bool{false, true} {
		for _, f := range p.Failures {
			if f.Backward != backward {
				continue
			}
			if first == nil {
				first, sample = &SampleError{Sample: f.Place, Pass: forwardPass, End: f.End}, f.Sample
				if backward {
					first.Pass = backwardPass
				}
			}
			first.Failed++
		}
		if first != nil {
			return &IterationError{Sample: sample, Err: first}
		}
	}
	return nil
}

// Failed puts down the samples of a minibatch (indices into the data) that did not go forward and backward, from the
// ends of those of its places from first on.
func (p *PartialSum) Failed(minibatch []int, first int, end, back []End) {
	for i := range end {
		f := Failure{Place: first + i, Sample: minibatch[first+i], End: end[i]}
		if end[i].Status == OK {
			f.Backward, f.End = true, back[i]
		}
		if f.End.Status != OK {
			p.Failures = append(p.Failures, f)
		}
	}
}

// Count adds what the forward solves cost.
func (s *Subtree) Count(stats []Stats) {
	for _, st := range stats {
		s.NFE += st.NFE
		s.NFEMax = max(s.NFEMax, st.NFE)
		s.Accepted += st.Accepted
		s.Rejected += st.Rejected
	}
}

// Iteration is what an iteration with that total tells, but for the norm of its gradient.
func (p *PartialSum) Iteration() Iteration {
	s := &p.Subtrees[0]
	return Iteration{Loss: s.Loss, NFEMean: float64(s.NFE) / float64(p.Samples), NFEMax: s.NFEMax,
		Accepted: s.Accepted, Rejected: s.Rejected}
}

// CheckAccumulate reports what is wrong with a minibatch (indices into a data set of n samples) and the leaves of it
// that a [Session.Accumulate] is given.
func CheckAccumulate(minibatch []int, from, to, n int, c Control) error {
	if err := CheckRun([][]int{minibatch}, nil, n); err != nil {
		return err
	}
	if leaves := LeafCount(len(minibatch), c); from < 0 || from >= to || to > leaves {
		return fmt.Errorf("solver: leaves from %d up to %d of a minibatch of %d samples, want some within 0 to %d",
			from, to, len(minibatch), leaves)
	}
	return nil
}

// CheckUpdate reports what is wrong with the total and the learning rate that a [Session.Update] is given, after so
// many updates, with sums of that length: [PartialSum.Err], and wrong use.
func CheckUpdate(total *PartialSum, rate float64, step int64, sums int, p Precision) error {
	if err := errors.Join(total.check(), CheckRates([]float64{rate}, 1)); err != nil {
		return err
	}
	switch {
	case total.Step != step:
		return fmt.Errorf("solver: a total of step %d, the session has done %d updates", total.Step, step)
	case len(total.Subtrees) != 1 || total.Subtrees[0].To-total.Subtrees[0].From != total.Leaves:
		return fmt.Errorf("solver: a sum of %d parts is no total: join those of all %d leaves", len(total.Subtrees),
			total.Leaves)
	case total.Precision != p || len(total.Subtrees[0].Sums) != sums:
		return fmt.Errorf("solver: a total of %d numbers of %v, want %d of %v", len(total.Subtrees[0].Sums),
			total.Precision, sums, p)
	}
	return total.Err()
}
