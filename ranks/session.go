package ranks

import (
	"context"
	"encoding/binary"
	"errors"
	"math"

	"neuralode/solver"
)

// What rank 0 says after the sums of an iteration met.
const (
	goOn = 'g' // here is the total, and another iteration follows
	last = 'l' // here is the total
	none = 'x' // there is no total, as a rank failed
)

// session is rank 0's: a Run that all ranks do.
type session struct {
	solver.Session
	group   *Group
	control solver.Control
}

// Lead is a session of rank 0 whose Run is done by all ranks of the group, which follow with [Group.Follow]: to the bit
// it does what the session's own would do. When its context ends it stops between iterations. The error of another rank
// names it.
func (g *Group) Lead(s solver.Session, c solver.Control) solver.Session { return &session{s, g, c} }

func (s *session) Run(ctx context.Context, minibatches [][]int, rates []float64, done func(solver.Iteration)) error {
	if err := checkRun(minibatches, rates); err != nil || len(minibatches) == 0 {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.group.Tell(Run, appendRun(nil, minibatches, rates)); err != nil {
		return err
	}
	n := 0
	more := func() bool { return n+1 < len(minibatches) && ctx.Err() == nil }
	err := s.group.run(s.Session, s.control, minibatches, rates, more, func(it solver.Iteration) {
		n++
		done(it)
	})
	if err == nil && n < len(minibatches) {
		return ctx.Err()
	}
	return err
}

// checkRun reports what the others could not be told. What is wrong with the minibatches themselves their sessions say.
func checkRun(minibatches [][]int, rates []float64) error {
	if len(rates) != len(minibatches) {
		return errors.New("ranks: a run in ranks wants a learning rate for each minibatch")
	}
	for _, m := range minibatches {
		if len(m) == 0 {
			return errors.New("ranks: a minibatch has no samples")
		}
	}
	return nil
}

// Follow does with the session of another rank the iterations that rank 0 said. What fails for all is no error of this
// rank; of its own error rank 0 hears in the iteration that follows, if one does.
func (g *Group) Follow(s solver.Session, c solver.Control, run []byte) error {
	minibatches, rates, err := readRun(run)
	if err != nil {
		return err
	}
	err = g.run(s, c, minibatches, rates, nil, func(solver.Iteration) {})
	if isNumerical(err) {
		return nil
	}
	return err
}

func isNumerical(err error) bool {
	var numerical *solver.IterationError
	return errors.As(err, &numerical)
}

// run is some iterations, until rank 0 says that no more follow. After an error of its own a rank goes on with those
// that do not know of it yet.
func (g *Group) run(s solver.Session, c solver.Control, minibatches [][]int, rates []float64, more func() bool,
	done func(solver.Iteration)) (failed error) {
	for k, minibatch := range minibatches {
		it, goesOn, err := g.iterate(s, minibatch, rates[k], c, more, failed)
		if err == nil {
			done(it)
		}
		if failed = err; !goesOn || isNumerical(err) {
			return err
		}
	}
	return failed
}

// iterate is one iteration, in which all ranks have a part; failed is an error because of which this one has none. Rank
// 0 says whether another follows.
func (g *Group) iterate(s solver.Session, minibatch []int, rate float64, c solver.Control, more func() bool,
	failed error) (it solver.Iteration, goesOn bool, err error) {
	leaves := solver.LeafCount(len(minibatch), c)
	var part *solver.PartialSum
	if failed == nil {
		part, failed = g.accumulate(s, minibatch, leaves)
	}
	total, err := g.gather(part, failed, leaves)
	if g.Rank() == 0 {
		failed = firstOf(failed, err)
	} else if err != nil {
		return it, false, err
	}
	verdict, err := g.settle(total, failed, more)
	if failed = firstOf(failed, err); err != nil || failed != nil || verdict[0] == none {
		return it, len(verdict) > 0 && verdict[0] == goOn, failed
	}
	if g.Rank() != 0 {
		total = new(solver.PartialSum)
		if err := total.UnmarshalBinary(verdict[1:]); err != nil {
			return it, false, err
		}
	}
	it, err = s.Update(total, rate)
	return it, verdict[0] == goOn, err
}

// settle tells all ranks the total, or that there is none: to rank 0 that is the error.
func (g *Group) settle(total *solver.PartialSum, failed error, more func() bool) (verdict []byte, err error) {
	if g.Rank() != 0 {
		return g.tell(nil)
	}
	verdict = []byte{none}
	if failed == nil {
		verdict[0] = last
		if total.Err() == nil && more() {
			verdict[0] = goOn
		}
		data, err := total.MarshalBinary()
		if failed = err; err == nil {
			verdict = append(verdict, data...)
		}
	}
	_, err = g.tell(verdict)
	return verdict, firstOf(failed, err)
}

// appendRun is what is to be done as bytes: learning rates and minibatches.
func appendRun(b []byte, minibatches [][]int, rates []float64) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(minibatches)))
	for k, m := range minibatches {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(rates[k]))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(m)))
		for _, i := range m {
			b = binary.LittleEndian.AppendUint32(b, uint32(i))
		}
	}
	return b
}

var errNoRun = errors.New("ranks: these bytes are no run")

func readRun(b []byte) (minibatches [][]int, rates []float64, err error) {
	number := func() (v uint32) {
		if len(b) < 4 {
			err = errNoRun
			return 0
		}
		v, b = binary.LittleEndian.Uint32(b), b[4:]
		return v
	}
	for range number() {
		rates = append(rates, math.Float64frombits(uint64(number())|uint64(number())<<32))
		n := int(number())
		if err != nil || n > len(b)/4 {
			return nil, nil, errNoRun
		}
		m := make([]int, n)
		for i := range m {
			m[i] = int(number())
		}
		minibatches = append(minibatches, m)
	}
	if err == nil && len(b) > 0 {
		err = errNoRun
	}
	return minibatches, rates, err
}
