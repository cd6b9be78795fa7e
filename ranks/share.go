package ranks

import (
	"context"
	"fmt"

	"neuralode/solver"
)

// owners is how many ranks have a part in so many leaves: each has at least one.
func owners(leaves, size int) int { return min(leaves, size) }

// leavesOf are the leaves of a rank, from one up to another: as many as of the others, or one more. They lie side by
// side, so that most of a rank's sums are whole subtrees.
func leavesOf(rank, leaves, size int) (from, to int) {
	n := owners(leaves, size)
	if rank >= n {
		return leaves, leaves
	}
	return rank * leaves / n, (rank + 1) * leaves / n
}

// accumulate is this rank's part of a minibatch. Nothing interrupts it: others wait for it.
func (g *Group) accumulate(s solver.Session, minibatch []int, leaves int) (*solver.PartialSum, error) {
	from, to := leavesOf(g.Rank(), leaves, g.Size())
	if from == to {
		return nil, nil
	}
	return s.Accumulate(context.Background(), minibatch, from, to)
}

// What a message up the tree begins with.
const (
	isSum   = 's'
	isError = 'e'
)

// gather joins the parts of the ranks along the tree: in each round the ranks at odd multiples of the stride give what
// they have to the one a stride below, until rank 0 has all. An error takes the place of a sum. Others than rank 0 end
// with neither.
func (g *Group) gather(part *solver.PartialSum, failed error, leaves int) (*solver.PartialSum, error) {
	n := owners(leaves, g.Size())
	for stride := 1; stride < n; stride *= 2 {
		if g.Rank()%(2*stride) == stride {
			if g.Rank() < n {
				return nil, g.sendPart(g.Rank()-stride, part, failed)
			}
			return nil, nil
		}
		if from := g.Rank() + stride; from < n {
			other, err := g.receivePart(from)
			if err != nil {
				failed = firstOf(failed, err)
			} else if failed == nil {
				failed = part.Join(other)
			}
		}
	}
	if g.Rank() != 0 {
		return nil, nil
	}
	return part, failed
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (g *Group) sendPart(to int, part *solver.PartialSum, failed error) error {
	if failed == nil {
		var data []byte
		if data, failed = part.MarshalBinary(); failed == nil {
			return g.Send(to, append([]byte{isSum}, data...))
		}
	}
	return g.Send(to, append([]byte{isError}, g.named(failed).Error()...))
}

// receivePart is what a rank sends; the error is that of the rank that failed, or of the link.
func (g *Group) receivePart(from int) (*solver.PartialSum, error) {
	data, err := g.Receive(from)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 || data[0] != isSum {
		return nil, rankError(data[min(1, len(data)):])
	}
	part := new(solver.PartialSum)
	return part, part.UnmarshalBinary(data[1:])
}

// rankError is an error that came from another rank, which it names.
type rankError string

func (e rankError) Error() string { return string(e) }

// named says of an error of this rank which that is.
func (g *Group) named(err error) error {
	if _, other := err.(rankError); other {
		return err
	}
	return rankError(fmt.Sprintf("rank %d: %v", g.Rank(), err))
}
