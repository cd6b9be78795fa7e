package ranks

import "neuralode/solver"

// Message is what one rank sends to another in an iteration. Bytes has more than one number where it goes in pieces.
type Message struct {
	Round    int // of the tree, from 0: its messages go at the same time
	From, To int
	Bytes    []int
}

// Exchange is what a group sends in one iteration beside what it computes.
type Exchange struct {
	Owners     int       // ranks with a part in the sums
	Leaves     []int     // of each rank
	Messages   []Message // up the tree, in their order
	Broadcasts []int     // bytes that rank 0 tells all, one after another
}

// ExchangeOf is that of an iteration on a minibatch of so many samples, whose sums have so many numbers, in so many
// ranks: what [Group] does, as [Group.Traffic] counts it.
func ExchangeOf(samples, sums, size int, p solver.Precision, c solver.Control) Exchange {
	leaves := solver.LeafCount(samples, c)
	e := Exchange{Owners: owners(leaves, size)}
	parts := make([]solver.PartialSum, e.Owners) // without numbers: what can be added depends on the leaves alone
	for rank := range size {
		from, to := leavesOf(rank, leaves, size)
		if e.Leaves = append(e.Leaves, to-from); from == to {
			continue
		}
		parts[rank] = solver.PartialSum{Samples: samples, Leaves: leaves, Precision: p}
		for leaf := from; leaf < to; leaf++ {
			parts[rank].Add(solver.Subtree{From: leaf, To: leaf + 1})
		}
	}
	for round, stride := 0, 1; stride < e.Owners; round, stride = round+1, 2*stride {
		for to := 0; to+stride < e.Owners; to += 2 * stride {
			from := to + stride
			e.Messages = append(e.Messages, Message{round, from, to,
				pieces(1 + sumBytes(len(parts[from].Subtrees), sums, p))})
			for _, s := range parts[from].Subtrees {
				parts[to].Add(s)
			}
		}
	}
	e.Broadcasts = []int{header, 1 + sumBytes(1, sums, p)}
	return e
}

// sumBytes is the length of a partial sum as bytes: see solver.PartialSum.MarshalBinary.
func sumBytes(subtrees, sums int, p solver.Precision) int {
	number := 4
	if p == solver.Float64 {
		number = 8
	}
	return 4 + 7*8 + subtrees*(7*8+sums*number)
}

// pieces are the lengths in which a message of n bytes goes: see [Group.Send].
func pieces(n int) []int {
	if rest := n - (frame - header); rest > 0 {
		return []int{frame, rest}
	}
	return []int{header + n}
}
