package solver

import (
	"math"
	"slices"
)

// FieldFunc writes f(t, z) to dz. It must not keep its arguments.
type FieldFunc func(t float64, z, dz []float64)

// Step is one accepted step of size H, from T to End: T + H, or the end of the span, which rounding may part from it.
type Step struct {
	T, H, End float64
	Cut       bool        // by an event: it ends before T + H, and Z1 is its dense output there
	Segment   Segment     // of the span, that it is a step of
	Z0, Z1    []float64   // the state at both ends
	K         [][]float64 // the stages, of a Rosenbrock method its vectors
	Dense     [][]float64 // of each stage its weight within the step, as a Polynomial: see At

	tab *Tableau // of an explicit method; nil otherwise
}

// at is the time at fraction c of the step.
func (s *Step) at(c float64) float64 { return s.Segment.StageTime(s.T, s.H, c) }

// At is the dense output at x in [0, 1] of the step.
func (s *Step) At(x float64, dst []float64) {
	copy(dst, s.Z0)
	for i, k := range s.K {
		w := s.H * Polynomial(s.Dense[i], x)
		for c := range dst {
			dst[c] += w * k[c]
		}
	}
}

// Polynomial is p[0]·x + p[1]·x² + …, the weight of a stage in the dense output.
func Polynomial(p []float64, x float64) float64 {
	y := 0.0
	for i := len(p) - 1; i >= 0; i-- {
		y = (y + p[i]) * x
	}
	return y
}

// Path is the result of Integrate.
type Path struct {
	Z1    []float64
	Saved [][]float64 // at the times; NaN where a failed integration did not come
	End   End
	Stats Stats

	next  float64 // the size of the step that was to come next, before it was cut at t1; 0 when none was tried
	stiff bool    // it was to be by the method for stiff fields
}

// Integrate solves dz/dt = f(t, z) from z0 over the span as spec says, treating z0 as one sample of any dimension, and
// keeps its states at the times. It is the specification of every backend: float64, one sample, nothing clever. onStep,
// when not nil, sees every accepted step before the next begins; the step's slices are its own to keep. A method that
// needs the Jacobian of f takes it by differences here.
//
// The whole state shares one step and one error norm, so a batch laid end to end in z0 is integrated under
// [ControlBatch].
func Integrate(f FieldFunc, z0 []float64, span Span, times []float64, spec Spec, onStep func(Step)) Path {
	in := newIntegration(f, z0, span, times, spec)
	in.implicit = implicit{jacobian: differences(f), timed: true, width: len(z0)}
	return in.run(onStep)
}

// cancelled is the path of an Integrate that did not begin.
func cancelled(z0 []float64, span Span, times []float64, spec Spec) Path {
	in := newIntegration(nil, z0, span, times, spec)
	in.save(nil)
	in.row.Status = Cancelled
	return in.path()
}

// integration is an Integrate under way.
type integration struct {
	f     FieldFunc
	spec  Spec
	row   Row
	span  Span
	stops []float64 // where steps end, and the field may jump
	fine  Precision // in which times beside them are told apart
	z     []float64
	k     [][]float64 // k[0] is the field at (t, z)
	times []float64   // at which to save
	saved [][]float64
	next  int // of the times

	// scaleWidth is 0, or the width of rows whose components share a scale: the largest of them. The adjoint is linear,
	// so a component that crosses zero must not set the step. A row of zeros, where atol is zero too, stays so without
	// error.
	scaleWidth int
	states     int // components, the first, that are of z: the others are the adjoint's

	tracks []Track // nil, or of samples laid end to end: what is kept of the steps

	limit func(t float64) float64 // nil, or the longest step from time t: see Row.Limit

	implicit
	stability *Stability // of the explicit method; nil until it is asked for

	hybrid *hybrid // nil where nothing jumps
}

func newIntegration(f FieldFunc, z0 []float64, span Span, times []float64, spec Spec) *integration {
	in := &integration{f: f, spec: spec, span: span, z: slices.Clone(z0), states: len(z0),
		times: span.saveTimes(times), fine: spec.Precision}
	in.row.Enter(span)
	in.makeRoom(make([]float64, len(z0)))
	for range times {
		in.saved = append(in.saved, notANumber(len(z0)))
	}
	return in
}

// makeRoom is for the stages of the next step, whose first slope is there.
func (in *integration) makeRoom(first []float64) {
	in.k = make([][]float64, in.vectors())
	in.k[0] = first
	for i := 1; i < len(in.k); i++ {
		in.k[i] = make([]float64, len(in.z))
	}
}

func (in *integration) path() Path {
	return Path{Z1: in.z, Saved: in.saved, End: in.row.Ended(), Stats: in.row.Stats, next: math.Abs(in.row.H),
		stiff: in.row.Stiff}
}

func (in *integration) run(onStep func(Step)) Path {
	in.save(nil)
	in.track(in.span.T0, in.z)
	if in.row.Done() {
		if !finite(in.z) {
			in.row.Status = NonFinite
		}
		return in.path()
	}
	for in.row.Status == OK && in.row.T != in.span.T1 && !in.ended() {
		in.advance(onStep)
	}
	return in.path()
}

// ended reports whether a terminal event has ended the integration.
func (in *integration) ended() bool { return in.hybrid != nil && in.hybrid.ended }

// advance tries a step, at the beginning of a segment after its start.
func (in *integration) advance(onStep func(Step)) {
	if in.row.Tried == 0 || in.row.T == in.row.Span.T1 {
		if in.hybrid != nil {
			in.passJumps()
		}
		in.row.EnterSegment(in.span.Segment(in.row.T, in.stops, in.fine))
		if in.start(); in.row.Done() {
			return
		}
	}
	in.step(onStep)
}

func (in *integration) eval(t float64, z, dz []float64) {
	in.f(t, z, dz)
	in.row.Stats.NFE++
}

// start evaluates the field at the start of a segment and, of the first one, finds the first step size (see
// [StartStep]).
func (in *integration) start() {
	in.k[0] = make([]float64, len(in.z)) // the one there is that of the step before
	in.j = nil
	in.eval(in.row.At(0), in.z, in.k[0])
	f0 := in.k[0]
	norm := func(x func(c int) float64) float64 {
		return rms(len(in.z), func(c int) float64 { return x(c) / in.scaleOf(c, math.Abs(in.z[c])) })
	}
	m := Measure{Finite: finite(in.z) && finite(f0)}
	m.First, m.Second = norm(func(c int) float64 { return in.z[c] }), norm(func(c int) float64 { return f0[c] })
	if !in.row.FirstSlope(&in.spec, m) {
		return
	}
	probe, f1 := slices.Clone(in.z), make([]float64, len(in.z))
	for c := range probe {
		probe[c] += in.row.Step * f0[c]
	}
	in.eval(in.row.At(1), probe, f1)
	in.row.Probe(&in.spec, Measure{First: norm(func(c int) float64 { return f1[c] - f0[c] })})
}

// step tries one step.
func (in *integration) step(onStep func(Step)) {
	if in.limit != nil {
		in.row.Limit = in.limit(in.row.T)
	}
	in.row.Try(&in.spec)
	if len(in.k) != in.vectors() { // the method has changed
		in.makeRoom(in.k[0])
	}
	z1 := in.stages(in.row.Step)
	in.row.Judge(&in.spec, Measure{First: in.errorNorm(in.row.Step, z1), Finite: finite(z1) &&
		finite(in.k[len(in.k)-1])})
	in.weigh(z1)
	if in.row.Accepted {
		in.accept(z1, onStep)
	}
	in.row.Settle(&in.spec)
}

// stages computes k[1:] of a step of size h and returns its result.
func (in *integration) stages(h float64) []float64 {
	if m, ok := in.row.Method(&in.spec).(*Rosenbrock); ok {
		return in.rosenbrockStages(m, h)
	}
	var z []float64
	tab := in.spec.Explicit()
	for i := 1; i < tab.Stages(); i++ {
		z = in.ahead(h, tab.A[i], in.k)
		in.eval(in.row.At(tab.C[i]), z, in.k[i])
	}
	return z
}

func (in *integration) errorNorm(h float64, z1 []float64) float64 {
	weights, _ := in.weights()
	return rms(len(z1), func(c int) float64 {
		e := 0.0
		for i, w := range weights {
			e += w * in.k[i][c]
		}
		scale := in.scale(c, z1)
		if e *= h; scale == 0 && (e == 0 || in.scaleWidth > 0) {
			return 0
		}
		return e / scale
	})
}

// scale is what the error of component c is measured by, in a step from z to z1.
func (in *integration) scale(c int, z1 []float64) float64 {
	largest := maxAbs(in.z[c], z1[c])
	if w := in.scaleWidth; w > 0 {
		for j := c / w * w; j < (c/w+1)*w; j++ {
			largest = max(largest, maxAbs(in.z[j], z1[j]))
		}
	}
	return in.scaleOf(c, largest)
}

// scaleOf is what the error of component c is measured by at that size.
func (in *integration) scaleOf(c int, size float64) float64 {
	con := &in.spec.Controller
	if c < in.states {
		rtol, atol := con.Tolerances(c)
		return atol + rtol*size
	}
	return con.Atol + con.Rtol*size
}

// weights are those of the step's vectors in its error, and in its dense output.
func (in *integration) weights() (e []float64, dense [][]float64) {
	if m, ok := in.row.Method(&in.spec).(*Rosenbrock); ok {
		return m.Vectors(m.E), m.DenseOfVectors()
	}
	tab := in.spec.Explicit()
	return tab.E, tab.Dense
}

// accept makes the step's result the state.
func (in *integration) accept(z1 []float64, onStep func(Step)) {
	step := Step{T: in.row.T, H: in.row.Step, End: in.row.End(), Segment: in.row.Segment, Z0: in.z, Z1: z1, K: in.k}
	_, step.Dense = in.weights()
	step.tab, _ = in.row.Method(&in.spec).(*Tableau)
	if in.hybrid != nil {
		in.look(&step)
	}
	in.save(&step)
	in.track(step.End, step.Z1)
	if onStep != nil {
		onStep(step)
	}
	in.z, in.j = step.Z1, nil
	in.makeRoom(in.k[len(in.k)-1])
	if in.hybrid != nil {
		in.takeEffect()
	}
}

// track keeps the state at a time.
func (in *integration) track(t float64, z []float64) {
	for i := range in.tracks {
		k, dim := &in.tracks[i], len(z)/len(in.tracks)
		k.T, k.Z = append(k.T, t), append(k.Z, z[i*dim:(i+1)*dim]...)
	}
}

// save fills the save times up to those at t0 when step is nil, else those within the step.
func (in *integration) save(step *Step) {
	end := in.row.T
	if step != nil {
		end = step.End
	}
	for ; in.next < len(in.times); in.next++ {
		t, z := in.times[in.next], in.saved[in.next]
		switch {
		case in.span.before(end, t):
			return
		case step == nil:
			copy(z, in.z)
		case t == end:
			copy(z, step.Z1)
		default:
			step.At((t-step.T)/step.H, z)
		}
	}
}

func maxAbs(a, b float64) float64 { return math.Max(math.Abs(a), math.Abs(b)) }

func rms(n int, x func(int) float64) float64 {
	s := 0.0
	for i := range n {
		s += x(i) * x(i)
	}
	return math.Sqrt(s / float64(n))
}

func finite(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
