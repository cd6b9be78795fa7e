package solver

import (
	"context"
	"errors"
	"sort"
	"sync"

	"neuralode/plan"
)

// Reference is the float64 backend made of [Integrate] and the plan interpreter: slow, readable, and what every other
// backend is tested against. It computes in float64 whatever Spec.Precision says.
func Reference() Backend { return referenceBackend{} }

type referenceBackend struct{}

func (referenceBackend) Device() string     { return "float64 reference" }
func (referenceBackend) Arithmetic() string { return "float64 reference" }

func (referenceBackend) Compile(m Model, spec Spec) (Program, error) {
	if err := CheckCompile(m, spec); err != nil {
		return nil, err
	}
	r := &reference{model: m, spec: spec, dim: m.Dim(), field: plan.NewMachine(m.Field), quadrature: plan.NewMachine(m.Field)}
	if m.Head != nil {
		r.head, r.unit = plan.NewMachine(m.Head), plan.NewMachine(m.Head)
	}
	return r, nil
}

// reference is a compiled model of the reference backend.
type reference struct {
	mu         sync.Mutex
	closed     bool
	model      Model
	spec       Spec
	dim        int
	field      *plan.Machine // its accumulators are scratch
	quadrature *plan.Machine // its accumulators are ∂L/∂θ
	head       *plan.Machine // its accumulators are ∂L/∂θ
	unit       *plan.Machine // the head again, for derivatives without weights
}

var errClosed = errors.New("solver: the program is closed")

func (r *reference) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return nil
}

// group is a run of samples integrated as one state: a single sample, or the batch under ControlBatch.
type group struct {
	first, n int
	span     Span
	times    []float64
	start    []float64 // z0
	path     Path
	steps    []Step
}

// at is the forward solve's dense output at time t, which may lie a rounding error outside of the span.
func (g *group) at(tab *Tableau, t float64) []float64 {
	if len(g.steps) == 0 {
		return g.start
	}
	i := sort.Search(len(g.steps), func(i int) bool { return !g.span.before(g.steps[i].T, t) })
	step := &g.steps[max(0, i-1)]
	z := make([]float64, len(g.start))
	step.At(tab, (t-step.T)/step.H, z)
	return z
}

func (r *reference) groups(b Batch) []*group {
	n := b.Len(r.dim)
	if r.spec.Controller.Control == ControlBatch {
		return []*group{{first: 0, n: n, span: b.Span(0), times: b.Times}}
	}
	groups := make([]*group, n)
	for i := range groups {
		groups[i] = &group{first: i, n: 1, span: b.Span(i), times: b.TimesOf(i)}
	}
	return groups
}

// rows are the group's part of x, which has width numbers per sample.
func (g *group) rows(x []float64, width int) []float64 { return x[g.first*width : (g.first+g.n)*width] }

func (r *reference) Solve(ctx context.Context, theta []float64, b Batch) (*Solution, error) {
	if err := CheckCall(r.model, r.spec, theta, b); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	s, _, err := r.forward(ctx, theta, b)
	return s, err
}

// forward solves group by group, keeping the steps.
func (r *reference) forward(ctx context.Context, theta []float64, b Batch) (*Solution, []*group, error) {
	r.setTheta(theta)
	n := b.Len(r.dim)
	s := &Solution{Z1: make([]float64, n*r.dim), End: make([]End, n), Stats: make([]Stats, n)}
	if rows := b.RowCount(n); rows > 0 {
		s.Saved = make([]float64, rows*r.dim)
	}
	groups := r.groups(b)
	for _, g := range groups {
		g.start = g.rows(b.Z0, r.dim)
		if ctx.Err() == nil {
			g.path = Integrate(r.evaluate(g.n), g.start, g.span, g.times, r.spec,
				func(st Step) { g.steps = append(g.steps, st) })
		} else {
			g.path = cancelled(g.start, g.span, g.times, r.spec)
		}
		r.report(s, g, b)
	}
	return s, groups, ctx.Err()
}

func (r *reference) setTheta(theta []float64) {
	n := r.model.Field.ThetaLen()
	r.field.SetTheta(theta[:n])
	r.quadrature.SetTheta(theta[:n])
	if r.head != nil {
		r.head.SetTheta(theta[n:])
		r.unit.SetTheta(theta[n:])
	}
}

// evaluate is the field for n samples laid end to end.
func (r *reference) evaluate(n int) FieldFunc {
	return func(t float64, z, dz []float64) {
		forward(r.field, n, t, z)
		copy(dz, r.field.Output("f"))
	}
}

func forward(m *plan.Machine, n int, t float64, z []float64) {
	times := make([]float64, n)
	for i := range times {
		times[i] = t
	}
	m.Forward(n, map[string][]float64{"t": times, "z": z})
}

func (r *reference) report(s *Solution, g *group, b Batch) {
	copy(g.rows(s.Z1, r.dim), g.path.Z1)
	for i := range g.n {
		s.End[g.first+i], s.Stats[g.first+i] = g.path.End, g.path.Stats
		from, _ := b.Rows(g.first + i)
		for j, z := range g.path.Saved {
			copy(s.Saved[(from+j)*r.dim:], z[i*r.dim:(i+1)*r.dim])
		}
	}
	s.Occupancy.Rows += int64(g.n * g.path.Stats.Tried())
	s.Occupancy.Busy = s.Occupancy.Rows
}

func (r *reference) Differentiate(ctx context.Context, theta []float64, b Batch, o Objective) (*Derivative, error) {
	if err := CheckGradient(r.model, r.spec, theta, b, o); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	d, err := r.differentiate(ctx, theta, b, o)
	if err != nil {
		return nil, err
	}
	err = LeaveOut(d, r.spec, b, o, func(b Batch, o Objective) (*Derivative, error) {
		return r.differentiate(ctx, theta, b, o)
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// differentiate is Differentiate where every sample goes forward and backward.
func (r *reference) differentiate(ctx context.Context, theta []float64, b Batch, o Objective) (*Derivative, error) {
	s, groups, err := r.forward(ctx, theta, b)
	if err != nil {
		return nil, err
	}
	n := b.Len(r.dim)
	d := &Derivative{Solution: *s, Z0: make([]float64, n*r.dim), Theta: make([]float64, len(theta)),
		Back: make([]End, n), BackStats: make([]Stats, n)}
	if r.spec.Gradient == Backsolve {
		d.Drift = make([]float64, n)
	}
	cotangent := o.Cotangent
	if o.Labels != nil {
		cotangent = r.loss(d, o)
	}
	for _, g := range groups {
		if g.path.End.Status == OK {
			r.backward(d, g, g.rows(cotangent, r.dim), r.savedOf(g, b, o.Saved), o)
		}
	}
	r.quadrature.ThetaGrad(d.Theta)
	return d, nil
}

// loss runs the head on the samples that arrived and returns the derivative of each sample's own loss for its z(t1).
func (r *reference) loss(d *Derivative, o Objective) []float64 {
	n, lw, ow := len(d.End), r.model.LabelWidth(), r.model.OutWidth()
	d.Out, d.Losses = make([]float64, n*ow), make([]float64, n)
	cotangent := make([]float64, n*r.dim)
	for i := range n {
		if d.End[i].Status != OK {
			continue
		}
		weight := o.weightOf(i, n)
		inputs := map[string][]float64{"z": d.Z1[i*r.dim : (i+1)*r.dim], "label": o.Labels[i*lw : (i+1)*lw]}
		r.head.Forward(1, inputs)
		copy(d.Out[i*ow:], r.head.Output("out"))
		d.Losses[i] = r.head.Output("loss")[0]
		r.head.VJP(map[string][]float64{"loss": {weight}})
		r.unit.Forward(1, inputs)
		r.unit.VJP(map[string][]float64{"loss": {1}})
		copy(cotangent[i*r.dim:(i+1)*r.dim], r.unit.InputGrad("z"))
	}
	r.head.ThetaGrad(d.Theta[r.model.Field.ThetaLen():])
	return cotangent
}

// backward takes the group's cotangent at t1 back to t0. A weight of the loss multiplies what comes out: the solve of
// the adjoint, its steps and its cost do not depend on it, nor on the size of the batch.
func (r *reference) backward(d *Derivative, g *group, cotangent []float64, saved [][]float64, o Objective) {
	weight := make([]float64, g.n*r.dim)
	for i := range weight {
		weight[i] = 1
		if o.Labels != nil {
			weight[i] = o.weightOf(g.first+i/r.dim, len(d.End))
		}
	}
	pass := r.continuous
	if r.spec.Gradient == Discrete {
		pass = r.discrete
	}
	w := pass(g, cotangent, weight, saved)
	for i := range g.n {
		d.Back[g.first+i], d.BackStats[g.first+i] = w.end, w.stats
	}
	copy(g.rows(d.Z0, r.dim), w.a)
	if d.Drift != nil {
		copy(d.Drift[g.first:], w.drift)
	}
}

// savedOf is the group's cotangent at each of its times, laid end to end like its state; nil where there are none.
func (r *reference) savedOf(g *group, b Batch, saved []float64) [][]float64 {
	if saved == nil {
		return nil
	}
	out := make([][]float64, len(g.times))
	for i := g.first; i < g.first+g.n; i++ {
		from, _ := b.Rows(i)
		for j := range out {
			out[j] = append(out[j], saved[(from+j)*r.dim:(from+j+1)*r.dim]...)
		}
	}
	return out
}
