package solver

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"

	"neuralode/plan"
)

// Reference is the float64 backend made of [Integrate] and the plan interpreter: slow, readable, and what every other
// backend is tested against. It computes in float64 whatever Spec.Precision says.
func Reference() Backend { return referenceBackend{} }

type referenceBackend struct{}

func (referenceBackend) Device() string     { return "float64 reference" }
func (referenceBackend) Arithmetic() string { return "float64 reference" }

func (referenceBackend) Supports(Spec) error { return nil }

func (referenceBackend) Compile(m Model, spec Spec) (Program, error) {
	if err := CheckCompile(m, spec); err != nil {
		return nil, err
	}
	r := &reference{model: m, spec: spec, dim: m.Dim(), field: plan.NewMachine(m.Field),
		quadrature: plan.NewMachine(m.Field), lift: NewLifter(m), maps: newReferenceMaps(m)}
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
	lift       *Lifter
	maps       []referenceMap
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
	stops    []float64
	tracks   []Track   // nil, or of the samples
	fine     Precision // beside them
	start    []float64 // z0
	inputs   []float64
	signals  []reader  // of the samples; nil without signals
	bar      []float64 // ∂L/∂inputs
	path     Path
	trail    trail

	jumps, amounts []float64
	crossings      []crossing
	eventTimes     []float64 // ∂L/∂ of the times of the first events
	forStops       bool      // asks for the next two, [rows] of the batch
	jumpBar        []float64
	stopBar        []float64
	amountBars     []float64 // ∂L/∂amounts of the sample
	batch          *Batch
	events         []Occurrence
}

// at is the forward solve's dense output at time t, which may lie a rounding error outside of the span.
func (g *group) at(t float64) []float64 {
	if g.trail.n == 0 {
		return g.start
	}
	step := g.trail.step(g.trail.stepAt(g.span, t))
	z := make([]float64, len(g.start))
	step.At((t-step.T)/step.H, z)
	return z
}

// longestBack is the longest step back from time t.
func (g *group) longestBack(t float64) float64 { return g.trail.longestBack(g.span, t) }

func (r *reference) groups(b Batch) []*group {
	n := b.Len(r.dim)
	if r.spec.Controller.Control == ControlBatch {
		return []*group{{first: 0, n: n, span: b.Span(0), times: b.Times, stops: b.Stops, batch: &b}}
	}
	groups := make([]*group, n)
	for i := range groups {
		groups[i] = &group{first: i, n: 1, span: b.Span(i), times: b.TimesOf(i), stops: b.StopsOf(i),
			jumps: b.JumpsOf(i), batch: &b}
		from, to := b.JumpRows(i)
		groups[i].amounts = b.Amounts[from*r.model.AmountWidth() : to*r.model.AmountWidth()]
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
	s, _, err := r.forward(ctx, theta, r.resolve(b), false)
	return s, err
}

// resolve prepares a batch for a solve.
func (r *reference) resolve(b Batch) Batch {
	b = r.model.WithRoom(b)
	return b.Resolve(b.Len(r.dim), r.spec.Controller.Control)
}

// forward solves group by group, keeping the steps, and where they are asked for the stops.
func (r *reference) forward(ctx context.Context, theta []float64, b Batch, forStops bool) (*Solution, []*group, error) {
	r.setTheta(theta)
	n := b.Len(r.dim)
	if r.lift != nil {
		r.lift.Raise(b, r.dim)
	}
	s := &Solution{Z1: make([]float64, n*r.dim), End: make([]End, n), Stats: make([]Stats, n)}
	if rows := b.RowCount(n); rows > 0 {
		s.Saved = make([]float64, rows*r.dim)
	}
	var tracks []Track
	if b.KeepSteps {
		tracks = make([]Track, n)
	}
	groups, left := r.groups(b), r.spec.RecordLimit
	if left == 0 {
		left = math.MaxInt64
	}
	if len(r.model.Events) > 0 {
		s.Events = make([][]Occurrence, n)
	}
	for _, g := range groups {
		g.start, g.inputs, g.signals = g.rows(b.Z0, r.dim), g.rows(b.Inputs, len(b.Inputs)/n), g.readers(b)
		g.fine, g.forStops = b.StopPrecision(r.spec.Precision), forStops
		if b.KeepSteps {
			g.tracks = tracks[g.first : g.first+g.n]
		}
		if ctx.Err() == nil {
			left -= r.integrate(g, left)
		} else {
			g.path = cancelled(g.start, g.span, g.times, r.spec)
		}
		r.report(s, g, b)
	}
	if b.KeepSteps {
		s.Steps = JoinTracks(tracks)
	}
	return s, groups, ctx.Err()
}

func (r *reference) ReadOut(ctx context.Context, theta []float64, s States) (*Readings, error) {
	if err := CheckReadOut(r.model, theta, s); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	r.setTheta(theta)
	n := len(s.Z) / r.dim
	labels := s.Labels
	if labels == nil {
		labels = make([]float64, n*r.model.LabelWidth())
	}
	r.head.Forward(n, map[string][]float64{"t": s.T, "z": s.Z, "label": labels})
	read := &Readings{Out: r.head.Output("out")} // the next Forward has values of its own
	if s.Labels != nil {
		read.Losses = r.head.Output("loss")
	}
	return read, ctx.Err()
}

// integrate solves for a group and keeps its steps for the way back, in so many bytes. It says how many it took.
func (r *reference) integrate(g *group, bytes int64) (taken int64) {
	in := newIntegration(r.evaluate(g), g.start, g.span, g.times, r.spec)
	in.stops, in.fine, in.tracks, in.hybrid = g.stops, g.fine, g.tracks, r.hybrid(g)
	defer func() {
		if in.hybrid != nil {
			g.crossings, g.events = in.hybrid.passed, in.hybrid.events
		}
	}()
	in.implicit = implicit{jacobian: r.jacobian(g), timed: r.timed(g), width: r.dim}
	if r.spec.Gradient != Adjoint && r.spec.Gradient != Discrete {
		g.path = in.run(nil)
		return 0
	}
	g.trail, g.path, taken = newTrail(in, bytes)
	return taken
}

// hybrid is what makes the group's state jump; nil for nothing.
func (r *reference) hybrid(g *group) *hybrid {
	y := &hybrid{maps: groupMoments{r, g}, times: g.jumps}
	if g.forStops {
		y.stops = g.batch.AskedStopsOf(g.first)
	}
	if len(r.model.Events) > 0 {
		y.watch = NewWatch(r.model.Events)
		y.watch.Start()
	}
	if y.watch == nil && len(y.times)+len(y.stops) == 0 {
		return nil
	}
	return y
}

func (r *reference) setTheta(theta []float64) {
	field, head, lift := SplitTheta(r.model, theta)
	r.field.SetTheta(field)
	r.quadrature.SetTheta(field)
	if r.head != nil {
		r.head.SetTheta(head)
		r.unit.SetTheta(head)
	}
	for i := range r.maps {
		r.maps[i].setTheta(theta)
	}
	if r.lift != nil {
		r.lift.SetTheta(lift)
	}
}

// evaluate is the field for the group's samples laid end to end.
func (r *reference) evaluate(g *group) FieldFunc {
	return func(t float64, z, dz []float64) {
		g.forward(r.field, t, z)
		copy(dz, r.field.Output("f"))
	}
}

// forward evaluates the field on m.
func (g *group) forward(m *plan.Machine, t float64, z []float64) {
	times := make([]float64, g.n)
	for i := range times {
		times[i] = t
	}
	m.Forward(g.n, map[string][]float64{"t": times, "z": z, "inputs": g.inputsAt(t)})
}

// timed reports whether the group's field depends on time.
func (r *reference) timed(g *group) bool {
	return g.signals != nil || r.model.Field.Reads(r.model.Field.Input("t"))
}

// jacobian is ∂f/∂z of each of the group's samples, a row from each of the unit cotangents.
func (r *reference) jacobian(g *group) jacobianFunc {
	return func(t float64, z, j []float64) {
		g.forward(r.field, t, z)
		for c := range r.dim {
			unit := make([]float64, len(z))
			for i := range g.n {
				unit[i*r.dim+c] = 1
			}
			r.field.VJP(map[string][]float64{"f": unit})
			for i, v := range r.field.InputGrad("z") {
				sample, k := i/r.dim, i%r.dim
				j[(sample*r.dim+c)*r.dim+k] = v
			}
		}
	}
}

// product is the product of a cotangent of f with the derivatives of the field where it was last evaluated, at time t,
// which go to ∂L/∂θ and ∂L/∂inputs.
func (r *reference) product(g *group, t float64, cotangent []float64) {
	r.quadrature.VJP(map[string][]float64{"f": cotangent})
	if bar := r.quadrature.InputGrad("inputs"); bar != nil {
		g.addInputs(t, bar)
	}
}

func (r *reference) report(s *Solution, g *group, b Batch) {
	copy(g.rows(s.Z1, r.dim), g.path.Z1)
	if s.Events != nil {
		s.Events[g.first] = g.events
	}
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
	b = r.resolve(b)
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
	s, groups, err := r.forward(ctx, theta, b, o.ForStops)
	if err != nil {
		return nil, err
	}
	n := b.Len(r.dim)
	d := &Derivative{Solution: *s, Z0: make([]float64, n*r.dim), Theta: make([]float64, len(theta)),
		Back: make([]End, n), BackStats: make([]Stats, n)}
	if r.spec.Gradient == Backsolve {
		d.Drift = make([]float64, n)
	}
	bar := bars{end: o.Cotangent, saved: o.Saved}
	if o.Labels != nil {
		bar = r.loss(d, b, o)
	}
	if r.model.Inputs() > 0 {
		d.Inputs = make([]float64, len(b.Inputs))
	}
	if o.ForSignals {
		d.signalBars = b.newSignalBars(n)
	}
	o.openCrossings(d, r.model, b)
	for _, g := range groups {
		g.bar = g.rows(d.Inputs, len(d.Inputs)/n)
		g.keepSignalBars(d.signalBars)
		r.openTransfers(d, g, b, o)
		if g.path.End.Status == OK {
			r.backward(d, g, b, bar)
		}
	}
	field, _, lift := SplitTheta(r.model, d.Theta)
	r.quadrature.ThetaGrad(field)
	if r.lift != nil {
		r.lift.PullBack(b, d.Z0, lift)
	}
	for i := range r.maps {
		r.maps[i].addTheta(d.Theta)
	}
	if o.ForTimes {
		return d, TimeDerivatives(d, b, bar.weighted(bar.end, n), bar.weightedRows(b, n), r.spec.Precision, r.slopes)
	}
	return d, nil
}

// slopes is f at states, [n, dim], each at a time and with inputs of its own.
func (r *reference) slopes(z, t, inputs []float64) ([]float64, error) {
	r.field.Forward(len(t), map[string][]float64{"t": t, "z": z, "inputs": inputs})
	return r.field.Output("f"), nil
}

// bars are the cotangents that the way back takes up, and what it multiplies by what comes out: a weight of the loss
// has no part in the solve of the adjoint, so that its steps and its cost depend neither on it nor on the size of the
// batch.
type bars struct {
	end    []float64 // [samples, dim], of z(t1)
	saved  []float64 // [rows, dim], of the states at the times; nil for none
	weight []float64 // [samples]; nil for 1
}

// weighted is x, [samples, ...], with the weight of each sample.
func (b bars) weighted(x []float64, n int) []float64 {
	y := slices.Clone(x)
	for k := range y {
		if b.weight != nil {
			y[k] *= b.weight[k/(len(y)/n)]
		}
	}
	return y
}

// weightedRows are the cotangents of the states at the times with the weights of their samples.
func (b bars) weightedRows(batch Batch, n int) []float64 {
	y := slices.Clone(b.saved)
	for i := range n {
		from, to := batch.Rows(i)
		width := len(y) / max(1, batch.RowCount(n))
		for k := from * width; k < to*width && b.weight != nil; k++ {
			y[k] *= b.weight[i]
		}
	}
	return y
}

// loss runs the head on the samples that arrived and returns the derivatives of their losses for the states.
func (r *reference) loss(d *Derivative, b Batch, o Objective) bars {
	n, weights := len(d.End), o.weights(b, len(d.End))
	bar := bars{end: make([]float64, n*r.dim), weight: weights}
	states, into, share := d.Z1, bar.end, []float64(nil)
	if o.AtTimes {
		bar.saved = make([]float64, len(d.Saved))
		bar.weight, share = o.TimeWeights(b, n)
		states, into = d.Saved, bar.saved
	}
	d.Out, d.Losses = notANumber(len(weights)*r.model.OutWidth()), notANumber(len(weights))
	for i := range n {
		from, to := o.losses(b, i)
		for loss := from; loss < to && d.End[i].Status == OK; loss++ {
			t, reached := o.lossTime(b, i, loss, d.End[i])
			if o.masked(loss) || !reached {
				continue
			}
			barOf := row(into, loss, r.dim)
			copy(barOf, r.lossOf(d, o, loss, weights[loss], t, row(states, loss, r.dim)))
			for c := range barOf {
				if share != nil {
					barOf[c] *= share[loss]
				}
			}
		}
	}
	_, head, _ := SplitTheta(r.model, d.Theta)
	r.head.ThetaGrad(head)
	return bar
}

// lossOf runs the head on the state at time t and returns the derivative of that loss, without its weight, for the
// state.
func (r *reference) lossOf(d *Derivative, o Objective, loss int, weight, t float64, z []float64) []float64 {
	inputs := map[string][]float64{"t": {t}, "z": z, "label": row(o.Labels, loss, r.model.LabelWidth())}
	r.head.Forward(1, inputs)
	copy(row(d.Out, loss, r.model.OutWidth()), r.head.Output("out"))
	d.Losses[loss] = r.head.Output("loss")[0]
	d.Loss += weight * d.Losses[loss]
	r.head.VJP(map[string][]float64{"loss": {weight}})
	r.unit.Forward(1, inputs)
	r.unit.VJP(map[string][]float64{"loss": {1}})
	return r.unit.InputGrad("z")
}

// row is row i of x, which has width numbers in each.
func row(x []float64, i, width int) []float64 { return x[i*width : (i+1)*width] }

// notANumber is n times NaN.
func notANumber(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = math.NaN()
	}
	return x
}

// backward takes the group's cotangents back to t0.
func (r *reference) backward(d *Derivative, g *group, b Batch, bar bars) {
	weight := make([]float64, g.n*r.dim)
	for i := range weight {
		weight[i] = 1
		if bar.weight != nil {
			weight[i] = bar.weight[g.first+i/r.dim]
		}
	}
	pass := r.continuous
	if r.spec.Gradient == Discrete {
		pass = r.discrete
	}
	w := pass(g, g.rows(bar.end, r.dim), weight, r.savedOf(g, b, bar.saved))
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
			out[j] = append(out[j], row(saved, from+j, r.dim)...)
		}
	}
	return out
}
