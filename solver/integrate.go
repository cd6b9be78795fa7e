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
	Z0, Z1    []float64   // the state at both ends
	K         [][]float64 // the stages
}

// stageTime is the time of stage i.
func (s *Step) stageTime(tab *Tableau, i int) float64 { return StageTime(s.T, s.H, tab.C[i], s.End) }

// At is the dense output at x in [0, 1] of the step.
func (s *Step) At(tab *Tableau, x float64, dst []float64) {
	copy(dst, s.Z0)
	for i, k := range s.K {
		w := s.H * Polynomial(tab.Dense[i], x)
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
	Saved [][]float64 // at Spec.SaveAt; NaN where a failed integration did not come
	End   End
	Stats Stats

	next float64 // the size of the step that was to come next, before it was cut at t1; 0 when none was tried
}

// Integrate solves dz/dt = f(t, z) from z0 over the span as spec says, treating z0 as one sample of any dimension. It
// is the specification of every backend: float64, one sample, nothing clever. onStep, when not nil, sees every accepted
// step before the next begins; the step's slices are its own to keep.
//
// The whole state shares one step and one error norm, so a batch laid end to end in z0 is integrated under
// [ControlBatch].
func Integrate(f FieldFunc, z0 []float64, span Span, spec Spec, onStep func(Step)) Path {
	return newIntegration(f, z0, span, spec).run(onStep)
}

// cancelled is the path of an Integrate that did not begin.
func cancelled(z0 []float64, span Span, spec Spec) Path {
	in := newIntegration(nil, z0, span, spec)
	in.save(nil)
	in.path.End.Status = Cancelled
	return in.path
}

// integration is an Integrate under way.
type integration struct {
	f       FieldFunc
	spec    Spec
	tab     *Tableau
	span    Span
	t, h    float64
	z       []float64
	k       [][]float64 // k[0] is the field at (t, z)
	history Errors
	saveAt  []float64
	saved   int // save times done
	path    Path

	// scaleWidth is 0, or the width of rows whose components share a scale: the largest of them. The adjoint is linear, so
	// a component that crosses zero must not set the step.
	scaleWidth int
}

func newIntegration(f FieldFunc, z0 []float64, span Span, spec Spec) *integration {
	in := &integration{f: f, spec: spec, tab: &spec.Tableau, span: span, t: span.T0, z: slices.Clone(z0),
		saveAt: span.saveTimes(spec.SaveAt)}
	in.k = make([][]float64, spec.Tableau.Stages())
	for i := range in.k {
		in.k[i] = make([]float64, len(z0))
	}
	in.path = Path{Z1: in.z, End: End{T: span.T0}}
	for range spec.SaveAt {
		nan := make([]float64, len(z0))
		for c := range nan {
			nan[c] = math.NaN()
		}
		in.path.Saved = append(in.path.Saved, nan)
	}
	return in
}

func (in *integration) run(onStep func(Step)) Path {
	in.save(nil)
	if in.span.T0 == in.span.T1 {
		if !finite(in.z) {
			in.path.End.Status = NonFinite
		}
		return in.path
	}
	if in.start() {
		for in.step(onStep) {
		}
	}
	in.path.next = math.Abs(in.h)
	return in.path
}

func (in *integration) eval(t float64, z, dz []float64) {
	in.f(t, z, dz)
	in.path.Stats.NFE++
}

// start evaluates the field at t0 and finds the first step size. It reports whether there is anything to integrate.
func (in *integration) start() bool {
	in.eval(in.t, in.z, in.k[0])
	if !finite(in.z) || !finite(in.k[0]) {
		in.path.End.Status = NonFinite
		return false
	}
	direction := math.Copysign(1, in.span.T1-in.span.T0)
	in.h = direction * in.spec.Controller.FirstStep
	if in.h == 0 {
		in.h = direction * in.hairer(direction)
	}
	return true
}

// hairer is the automatic first step size: see [StartStep].
func (in *integration) hairer(direction float64) float64 {
	con := &in.spec.Controller
	scale := func(c int) float64 { return con.Atol + con.Rtol*math.Abs(in.z[c]) }
	d0 := rms(len(in.z), func(c int) float64 { return in.z[c] / scale(c) })
	d1 := rms(len(in.z), func(c int) float64 { return in.k[0][c] / scale(c) })
	h0 := StartProbe(d0, d1, in.span)
	probe, f1 := slices.Clone(in.z), make([]float64, len(in.z))
	for c := range probe {
		probe[c] += direction * h0 * in.k[0][c]
	}
	in.eval(StageTime(in.t, direction*h0, 1, in.span.T1), probe, f1)
	d2 := rms(len(in.z), func(c int) float64 { return (f1[c] - in.k[0][c]) / scale(c) })
	return StartStep(h0, d1, d2, in.tab.Order)
}

// step tries one step and reports whether there is more to do.
func (in *integration) step(onStep func(Step)) bool {
	h, last := ClipStep(in.t, in.h, in.span.T1, in.spec.Precision)
	z1 := in.stages(h)
	accept, factor := in.spec.Controller.Next(in.errorNorm(h, z1), in.tab.Order, &in.history)
	in.path.End.H = h
	if accept {
		in.accept(h, z1, last, onStep)
		if last {
			return false
		}
	} else {
		in.path.Stats.Rejected++
	}
	in.h = h * factor
	in.path.End.Status = in.verdict(accept, z1)
	return in.path.End.Status == OK
}

// stages computes k[1:] of a step of size h and returns its result.
func (in *integration) stages(h float64) []float64 {
	var z []float64
	for i := 1; i < in.tab.Stages(); i++ {
		z = slices.Clone(in.z)
		for c := range z {
			s := 0.0
			for j, a := range in.tab.A[i] {
				s += a * in.k[j][c]
			}
			z[c] += h * s
		}
		in.eval(StageTime(in.t, h, in.tab.C[i], in.span.T1), z, in.k[i])
	}
	return z
}

func (in *integration) errorNorm(h float64, z1 []float64) float64 {
	if !finite(z1) {
		return math.NaN() // an infinite result has an infinite scale, which hides any error
	}
	return rms(len(z1), func(c int) float64 {
		e := 0.0
		for i, w := range in.tab.E {
			e += w * in.k[i][c]
		}
		return h * e / in.scale(c, z1)
	})
}

// scale is what the error of component c is measured by, in a step from z to z1.
func (in *integration) scale(c int, z1 []float64) float64 {
	con := &in.spec.Controller
	largest := maxAbs(in.z[c], z1[c])
	if w := in.scaleWidth; w > 0 {
		for j := c / w * w; j < (c/w+1)*w; j++ {
			largest = max(largest, maxAbs(in.z[j], z1[j]))
		}
	}
	return con.Atol + con.Rtol*largest
}

// accept moves to the end of the step.
func (in *integration) accept(h float64, z1 []float64, last bool, onStep func(Step)) {
	step := Step{T: in.t, H: h, End: in.t + h, Z0: in.z, Z1: z1, K: in.k}
	if last {
		step.End = in.span.T1
	}
	in.t = step.End
	in.path.Stats.Accepted++
	in.path.End.T = in.t
	in.save(&step)
	if onStep != nil {
		onStep(step)
	}
	in.z, in.path.Z1 = z1, z1
	next := make([][]float64, len(in.k))
	next[0] = in.k[len(in.k)-1]
	for i := 1; i < len(next); i++ {
		next[i] = make([]float64, len(z1))
	}
	in.k = next
}

// save fills the save times up to the current time: those at t0 when step is nil, else those within the step.
func (in *integration) save(step *Step) {
	for ; in.saved < len(in.saveAt); in.saved++ {
		s := in.saveAt[in.saved]
		switch {
		case in.span.before(in.t, s):
			return
		case step == nil:
			copy(in.path.Saved[in.saved], in.z)
		case s == in.t:
			copy(in.path.Saved[in.saved], step.Z1)
		default:
			step.At(in.tab, (s-step.T)/step.H, in.path.Saved[in.saved])
		}
	}
}

// verdict says whether the integration can go on after a step.
func (in *integration) verdict(accepted bool, z1 []float64) Status {
	switch {
	case !accepted && math.Abs(in.h) < SmallestStep(in.t, in.spec.Precision):
		if finite(z1) && finite(in.k[len(in.k)-1]) {
			return StepUnderflow
		}
		return NonFinite
	case in.path.Stats.Tried() >= in.spec.Controller.MaxSteps:
		return MaxSteps
	}
	return OK
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
