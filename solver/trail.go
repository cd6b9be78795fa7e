package solver

import (
	"math"
	"slices"
)

// trail is the accepted steps of a forward solve. Where they take too much memory only a few in a row are there, and
// the others are taken again from checkpoints, which halve what is left of the way as often as necessary (Griewank
// 1992, "Achieving logarithmic growth of temporal and spatial complexity in reverse automatic differentiation").
type trail struct {
	n       int // steps
	cursor  int // the step that stepAt found
	from    int // the first that it looks at, and the one after the last: those between two jumps of the state
	to      int
	steps   []Step    // all; nil where they are too many
	most    int       // steps in a row
	windows [2]window // the last two that were looked at
	marks   []checkpoint
}

type window struct {
	from  int
	steps []Step
}

// checkpoint is an integration before a step of that number.
type checkpoint struct {
	step int
	integration
}

// newTrail runs an integration and is its trail, which may take so many bytes; taken is what it takes.
func newTrail(in *integration, bytes int64) (t trail, path Path, taken int64) {
	start := in.clone()
	each := int64(8 * len(in.z) * (len(in.k) + 2))
	t.most = int(min(max(1, bytes/each), math.MaxInt32))
	path = in.run(func(s Step) {
		if t.n++; t.n <= t.most {
			t.steps = append(t.steps, s)
		}
	})
	if t.n > t.most {
		t.steps, t.most = nil, max(1, t.most/2)
		t.marks = []checkpoint{{0, start}}
	}
	t.cursor, t.to = t.n-1, t.n
	return t, path, min(bytes, each*int64(t.n))
}

// clone is the integration as it is, to go on from.
func (in *integration) clone() integration {
	c := *in
	c.z, c.k = slices.Clone(in.z), slices.Clone(in.k)
	for i := range c.k {
		c.k[i] = slices.Clone(in.k[i])
	}
	c.times, c.saved, c.tracks, c.hybrid = nil, nil, nil, in.hybrid.clone()
	return c
}

// take goes on for n accepted steps.
func (in *integration) take(n int) []Step {
	var steps []Step
	for len(steps) < n {
		in.advance(func(s Step) { steps = append(steps, s) })
	}
	return steps
}

// step is that of number i.
func (t *trail) step(i int) *Step {
	if t.steps != nil {
		return &t.steps[i]
	}
	for _, w := range t.windows {
		if i >= w.from && i < w.from+len(w.steps) {
			return &w.steps[i-w.from]
		}
	}
	t.windows[1] = t.windows[0]
	t.windows[0] = t.load(i)
	return t.step(i)
}

// load takes steps again, of which i is the last.
func (t *trail) load(i int) window {
	for t.marks[len(t.marks)-1].step > i {
		t.marks = t.marks[:len(t.marks)-1]
	}
	mark := &t.marks[len(t.marks)-1]
	for i+1-mark.step > t.most {
		half := checkpoint{mark.step + (i+1-mark.step)/2, mark.clone()}
		half.take(half.step - mark.step)
		t.marks = append(t.marks, half)
		mark = &t.marks[len(t.marks)-1]
	}
	again := mark.clone()
	return window{mark.step, again.take(i + 1 - mark.step)}
}

// stepAt is the number of the step that holds time t, near the one that it found before.
func (t *trail) stepAt(span Span, at float64) int {
	begins := func(i int) bool { return span.before(t.step(i).T, at) }
	for t.cursor > t.from && !begins(t.cursor) {
		t.cursor--
	}
	for t.cursor+1 < t.to && begins(t.cursor+1) {
		t.cursor++
	}
	return t.cursor
}

// between makes stepAt look at the steps from up to to alone.
func (t *trail) between(from, to int) {
	t.from, t.to = from, to
	t.cursor = max(from, to-1)
}

// firstStepBack is the larger of the last two accepted steps: the last may have been cut at t1. 0 for no step at all.
func (t *trail) firstStepBack() float64 {
	h := 0.0
	for i := max(0, t.n-2); i < t.n; i++ {
		h = maxAbs(h, t.step(i).H)
	}
	return h
}

// longestBack is the longest step back from a time; 0, no limit, for a span without steps.
func (t *trail) longestBack(span Span, at float64) float64 {
	if t.n == 0 {
		return 0
	}
	i := t.stepAt(span, at)
	before := 0.0
	if i > 0 {
		before = math.Abs(t.step(i - 1).H)
	}
	s := t.step(i)
	step := math.Abs(s.H)
	if i == t.n-1 {
		step = max(step, before)
	}
	return LongestBack(math.Abs(at-s.T), step, before)
}
