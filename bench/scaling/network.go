package main

import (
	"math"
	"math/bits"

	"neuralode/ranks"
	"neuralode/solver"
)

// network is one in the LogGP model (Alexandrov, Ionescu, Schauser, Scheiman 1995): a message of n bytes is there
// L + 2o + (n − 1)G after it was begun, of which its sender and its receiver are busy for o each. Seconds.
type network struct {
	name     string
	latency  float64 // L
	overhead float64 // o
	perByte  float64 // G
}

// networks are of the kinds that clusters have, with round numbers for what MPI makes of them.
var networks = []network{
	{"InfiniBand 200 Gb/s", 1e-6, 0.5e-6, 1 / 24e9},
	{"Ethernet 10 Gb/s", 20e-6, 5e-6, 1 / 1.1e9},
}

// rankCost is what was measured of one rank, that has one core. Seconds.
type rankCost struct {
	leaf    float64 // forward and backward of the samples of a leaf
	join    float64 // of a sum that came: reading and adding
	pack    float64 // of a sum that goes
	update  float64
	sums    int // numbers of a sum
	samples int // of a leaf
}

// iteration is how long one iteration takes in so many ranks.
func (n network) iteration(c rankCost, samples, size int) float64 {
	e := ranks.ExchangeOf(samples, c.sums, size, solver.Float32, solver.ControlSample)
	at := make([]float64, e.Owners) // when each rank is free
	for rank := range at {
		at[rank] = float64(e.Leaves[rank]) * c.leaf
	}
	for _, m := range e.Messages {
		at[m.From] += c.pack
		for _, bytes := range m.Bytes {
			at[m.From] += n.overhead
			there := at[m.From] + n.latency + float64(bytes-1)*n.perByte
			at[m.To] = math.Max(at[m.To], there) + n.overhead
		}
		at[m.To] += c.join
	}
	t := at[0]
	if size > 1 {
		t += c.pack
		for _, bytes := range e.Broadcasts {
			t += n.broadcast(bytes, size)
		}
		t += c.join
	}
	return t + c.update
}

// broadcast is how long it takes until all have what rank 0 tells, by the better of what MPI libraries do: a binomial
// tree, for short messages, or scattering the message and gathering it in a ring (van de Geijn 1994).
func (n network) broadcast(bytes, size int) float64 {
	hop := n.latency + 2*n.overhead
	rounds := float64(bits.Len(uint(size - 1)))
	tree := rounds * (hop + float64(bytes)*n.perByte)
	most := float64(size-1) / float64(size)
	ring := (rounds+float64(size-1))*hop + 2*most*float64(bytes)*n.perByte
	return math.Min(tree, ring)
}

// point is one number of ranks.
type point struct {
	Ranks      int     `json:"ranks"`
	Samples    int     `json:"samples"`
	Seconds    float64 `json:"seconds"`
	Efficiency float64 `json:"efficiency"` // of ideal: 1
}

// most is the largest number of ranks.
const most = 4096

// strong is one minibatch in more and more ranks.
func (n network) strong(c rankCost, samples int) (all []point) {
	alone := n.iteration(c, samples, 1)
	for size := 1; size <= most; size *= 2 {
		t := n.iteration(c, samples, size)
		all = append(all, point{size, samples, t, alone / t / float64(size)})
	}
	return all
}

// weak is a minibatch that grows with the ranks.
func (n network) weak(c rankCost, each int) (all []point) {
	alone := n.iteration(c, each, 1)
	for size := 1; size <= most; size *= 2 {
		t := n.iteration(c, each*size, size)
		all = append(all, point{size, each * size, t, alone / t})
	}
	return all
}

// pays is the largest number of ranks that do at least half of what they could.
func pays(all []point) (ranks int) {
	for _, p := range all {
		if p.Efficiency >= 0.5 {
			ranks = p.Ranks
		}
	}
	return ranks
}
