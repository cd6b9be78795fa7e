package ranks_test

import (
	"math/bits"
	"testing"

	"neuralode/ranks"
	"neuralode/solver"
)

// TestTraffic counts what ranks send in an iteration: it is what ExchangeOf says, in as many rounds as the logarithm of
// their number.
func TestTraffic(t *testing.T) {
	p := spiral(t)
	for _, precision := range []solver.Precision{solver.Float32, solver.Float64} {
		spec := solver.DefaultSpec()
		spec.Gradient, spec.Precision = solver.Discrete, precision
		probe, err := p.open(t, spec).Accumulate(t.Context(), []int{0}, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		sums := len(probe.Subtrees[0].Sums)
		for _, n := range []int{1, 20, 256, 400} {
			for _, size := range []int{1, 2, 3, 5, 8, 13} {
				e := ranks.ExchangeOf(n, sums, size, precision, solver.ControlSample)
				p.checkTraffic(t, spec, n, size, e)
				rounds := bits.Len(uint(e.Owners - 1))
				if e.Owners > 1 && e.Messages[len(e.Messages)-1].Round != rounds-1 {
					t.Errorf("%d owners need %d rounds", e.Owners, rounds)
				}
			}
		}
	}
}

func (p problem) checkTraffic(t *testing.T, spec solver.Spec, n, size int, e ranks.Exchange) {
	t.Helper()
	sessions := make([]solver.Session, size)
	for i := range sessions {
		sessions[i] = p.open(t, spec)
	}
	g := start(sessions, spec.Controller.Control)
	minibatches, rates := p.minibatches(1, n)
	run(t, g.lead.Lead(sessions[0], spec.Controller.Control), minibatches, rates)
	told := g.lead.Traffic()
	if err := g.end(t); err != nil {
		t.Fatal(err)
	}
	want := make([]ranks.Traffic, size)
	for _, m := range e.Messages {
		for _, bytes := range m.Bytes {
			want[m.From].Messages++
			want[m.From].Bytes += bytes
		}
	}
	for rank, other := range g.others {
		if got := other.Traffic(); got != want[rank+1] {
			t.Errorf("%d samples in %d ranks: rank %d sent %+v, want %+v", n, size, rank+1, got, want[rank+1])
		}
	}
	// What is to be done was told before: a length, and 17 bytes and 4 for each sample.
	command := ranks.Traffic{Broadcasts: 2, BroadcastBytes: 8 + 17 + 4*n}
	for _, bytes := range e.Broadcasts {
		command.Broadcasts++
		command.BroadcastBytes += bytes
	}
	if told != command {
		t.Errorf("%d samples in %d ranks: rank 0 told %+v, want %+v", n, size, told, command)
	}
}
