package solver

import "math"

// WatchPoints is into how many equal parts a step is divided, at whose ends conditions are looked at.
const WatchPoints = 8

// Conditions are those of a model's events along the dense output of the step that a sample has just taken.
type Conditions interface {
	// At is condition k at x in [0, 1] of the step.
	At(k int, x float64) float64
	// Slope is the derivative of condition k for time at the beginning of the step, along the solution: ∂g/∂t + ∂g/∂z·f.
	Slope(k int) float64
}

// Watch follows the conditions along the solution of one sample: on which side of zero each is. It is for backends,
// which ask it in this order: Start; after each accepted step Step, with the conditions at its points in G; where a step
// is cut by an event that changes the state, Reset; and Jumped where a jump does.
//
// A condition crosses zero where it comes from one side of it to the other, or to zero itself. What lies at zero in the
// beginning, and goes from there in the direction of its event, has an event there (as in SciPy). After a reset that
// leaves a condition at zero, its side is the one to which the solution moves; to which it is carried by a reset or a
// jump is no crossing.
type Watch struct {
	G []float64 // [events, WatchPoints + 1], the conditions at the points of the step; the first is kept by Watch

	events []Event
	side   []int8 // −1 or 1; 0 where it is not known
	ask    []question
	hits   []Hit
	last   int // the event that last had an effect, and when
	lastT  float64
	count  int
}

// question is what the slope at the beginning of the next step answers.
type question uint8

const (
	nothing question = iota
	atStart          // whether there is an event, where the condition is zero
	afterReset
)

// Hit is an event found in a step, at X in (0, 1] of it.
type Hit struct {
	X     float64
	Event int
	noise float64 // what the condition is there, at most, by rounding and tolerance
	met   bool    // the crossing is in the event's direction
}

// NewWatch watches the conditions of these events.
func NewWatch(events []Event) *Watch {
	n := len(events)
	return &Watch{events: events, G: make([]float64, n*(WatchPoints+1)), side: make([]int8, n), ask: make([]question, n),
		hits: make([]Hit, 0, n*WatchPoints)}
}

// Start begins a sample.
func (w *Watch) Start() {
	w.last, w.count = -1, 0
	for k := range w.events {
		w.side[k], w.ask[k] = 0, atStart
	}
}

// clone is the watch as it is, to go on from.
func (w *Watch) clone() *Watch {
	c := NewWatch(w.events)
	copy(c.G, w.G)
	copy(c.side, w.side)
	copy(c.ask, w.ask)
	c.last, c.lastT, c.count = w.last, w.lastT, w.count
	return c
}

// of are the points of condition k.
func (w *Watch) of(k int) []float64 { return w.G[k*(WatchPoints+1) : (k+1)*(WatchPoints+1)] }

// Step looks at the step of size h from t to end and returns the events in it, in order of time and then of their
// number, up to and with the first that changes the state: the step ends there, at its Time.
// Of two at one time the second is looked for again after the first has had its effect. What it returns is valid until
// the next Step. The status is TooManyEvents, and the last event the one at which the sample fails, where it has more
// than Spec.MostEvents, or where one that changes the state follows itself without a time between.
func (w *Watch) Step(c Conditions, s Spec, t, h, end float64) ([]Hit, Status) {
	tolerance := locateTolerance(t, end, h, s.Precision)
	w.hits = w.hits[:0]
	for k := range w.events {
		w.begin(k, c)
		w.scan(k, c, tolerance)
	}
	w.order()
	met := w.hits[:0]
	for _, hit := range w.hits {
		w.side[hit.Event] = -w.side[hit.Event]
		if hit.met {
			met = append(met, hit)
		}
		if w.Changes(hit) {
			break
		}
	}
	w.hits = met
	for k := range w.events {
		w.of(k)[0] = w.of(k)[WatchPoints]
	}
	return w.judge(s, t, h, end, 2*tolerance)
}

// judge counts what was found.
func (w *Watch) judge(s Spec, t, h, end, tolerance float64) ([]Hit, Status) {
	n := len(w.hits)
	if most := s.MostEvents() - w.count; n > most {
		return w.hits[:most+1], TooManyEvents
	}
	w.count += n
	if n == 0 || !w.Changes(w.hits[n-1]) {
		return w.hits, OK
	}
	hit := w.hits[n-1]
	at := hit.Time(t, h, end)
	again := hit.Event == w.last && math.Abs(at-w.lastT) <= tolerance*math.Abs(h)
	w.last, w.lastT = hit.Event, at
	if again && !w.events[hit.Event].Terminal {
		return w.hits, TooManyEvents
	}
	return w.hits, OK
}

// Time is that of the hit in a step of size h from t to end: after t.
func (hit Hit) Time(t, h, end float64) float64 {
	if hit.X == 1 {
		return end
	}
	if at := t + hit.X*h; at != t {
		return at
	}
	return math.Nextafter(t, end)
}

// Changes reports whether the step ends at the hit.
func (w *Watch) Changes(hit Hit) bool { return hit.met && w.events[hit.Event].effect() }

// begin answers what is asked of condition k, and finds its side where that is not known.
func (w *Watch) begin(k int, c Conditions) {
	g := w.of(k)
	asked := w.ask[k]
	if w.ask[k] = nothing; asked == atStart {
		g[0] = c.At(k, 0)
		w.side[k] = sign(g[0])
	}
	if asked == atStart && g[0] == 0 || asked == afterReset {
		if to := sign(c.Slope(k)); to != 0 {
			w.side[k] = to
			if asked == atStart && w.events[k].meets(to) {
				w.side[k] = -to
			}
		}
	}
	for j := 0; w.side[k] == 0 && j < len(g); j++ {
		w.side[k] = sign(g[j])
	}
}

// scan adds the crossings of condition k to the hits, up to the first that changes the state.
func (w *Watch) scan(k int, c Conditions, tolerance float64) {
	g, side := w.of(k), w.side[k]
	if side == 0 {
		return
	}
	look := bracket{c: c, k: k, tolerance: tolerance}
	for j := 1; j < len(g); j++ {
		if math.IsNaN(g[j]) {
			continue
		}
		at := float64(j) / WatchPoints
		if sign(g[j]) == side { // perhaps there and back
			if x, y, found := w.dip(k, j, side, c); found {
				for _, to := range [2]point{{x, y}, {at, g[j]}} {
					if side = w.cross(&look, to, side); side == 0 {
						return
					}
				}
			}
			look.from = at
			continue
		}
		if side = w.cross(&look, point{at, g[j]}, side); side == 0 {
			return
		}
	}
}

// cross adds the crossing between where the bracket is and a point on the other side, and goes there. The new side is 0
// where the crossing changes the state.
func (w *Watch) cross(look *bracket, to point, side int8) int8 {
	x, noise := look.root(to, float64(side))
	hit := Hit{X: x, Event: look.k, noise: noise, met: w.events[look.k].meets(-side)}
	w.hits = append(w.hits, hit)
	look.from = to.x
	if w.Changes(hit) {
		return 0
	}
	return -side
}

// order sorts the hits by time, and then by event. There are few.
func (w *Watch) order() {
	for i := 1; i < len(w.hits); i++ {
		for j := i; j > 0 && less(w.hits[j], w.hits[j-1]); j-- {
			w.hits[j], w.hits[j-1] = w.hits[j-1], w.hits[j]
		}
	}
}

func less(a, b Hit) bool { return a.X < b.X || a.X == b.X && a.Event < b.Event }

// Reset takes in what the conditions are just before and just after the last hit of the step changed the state.
func (w *Watch) Reset(before, after []float64) {
	hit := w.hits[len(w.hits)-1]
	side := -w.side[hit.Event] // where it came from
	w.Jumped(before, after)
	if k := hit.Event; math.Abs(after[k]) <= hit.noise {
		w.side[k], w.ask[k] = side, afterReset
	} else {
		w.side[k], w.ask[k] = sign(after[k]), nothing
	}
}

// Jumped takes in what the conditions are just before and just after the state jumped.
func (w *Watch) Jumped(before, after []float64) {
	for k, g := range after {
		w.of(k)[0] = g
		switch {
		case g == before[k] || w.ask[k] == atStart:
		case g == 0:
			w.ask[k] = afterReset
		default:
			w.side[k] = sign(g)
		}
	}
}

// dip looks for a point on the other side between points j−1 and j on this side, where parabolas through three of the
// points have a minimum of distance from zero.
func (w *Watch) dip(k, j int, side int8, c Conditions) (x, g float64, found bool) {
	y := w.of(k)
	for center := max(1, j-1); center <= min(j, WatchPoints-1); center++ {
		var p parabola
		for i := range p {
			at := center - 1 + i
			p[i] = point{float64(at) / WatchPoints, float64(side) * y[at]}
		}
		if x, found = p.sink(float64(j-1)/WatchPoints, float64(j)/WatchPoints, func(x float64) float64 {
			g = c.At(k, x)
			return float64(side) * g
		}); found {
			return x, g, true
		}
	}
	return 0, 0, false
}
