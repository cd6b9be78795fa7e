package solvertest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
)

// driven is dz/dt = gain·c·u0 + u1 − rate·z, with a constant c and two signals u0 and u1 of each sample.
func driven() graph.Field {
	return graph.Field{Dim: 1, Inputs: 3,
		Params: []graph.Param{{Name: "gain", Shape: nil}, {Name: "rate", Shape: nil}},
		InputFunc: func(_, z, u *node, theta []*node) (*node, error) {
			var b builder
			column := func(k int) *node { return b.do(graph.Slice(u, 1, k, k+1, 1)) }
			force := b.do(gorgonia.HadamardProd(b.do(gorgonia.HadamardProd(column(0), column(1))), theta[0]))
			return b.do(gorgonia.Sub(b.do(gorgonia.Add(force, column(2))),
				b.do(gorgonia.HadamardProd(z, theta[1])))), b.err
		}}
}

const drivenGain, drivenRate = 1.5, 0.7

// recording is what a sample is driven by, written down again without package solver.
type recording struct {
	times, values []float64 // [knots], [knots, 2]
	hermite       bool
}

// at is signal j at time t, by the textbook: only the knots at which it is known count, and it stays what it is beyond.
func (r recording) at(j int, t float64) float64 {
	var x, v []float64
	for k, at := range r.times {
		if !math.IsNaN(r.values[2*k+j]) {
			x, v = append(x, at), append(v, r.values[2*k+j])
		}
	}
	if last := len(x) - 1; t <= x[0] || last == 0 {
		return v[0]
	} else if t >= x[last] {
		return v[last]
	}
	k := 0
	for x[k+1] <= t {
		k++
	}
	h, dt := x[k+1]-x[k], t-x[k]
	slope := (v[k+1] - v[k]) / h
	if !r.hermite || k == 0 {
		return v[k] + slope*dt
	}
	before := (v[k] - v[k-1]) / (x[k] - x[k-1])
	return v[k] + before*dt + 2*(slope-before)/h*dt*dt - (slope-before)/(h*h)*dt*dt*dt
}

// state is that of driven at time t, from z0 at 0, by Gauss's quadrature between knots.
func (r recording) state(c, gain, rate, z0, t float64) float64 {
	nodes := []float64{0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363}
	weights := []float64{0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763}
	z, from := z0*math.Exp(-rate*t), 0.0
	for _, to := range append(slices.Clone(r.times), t) {
		if to = min(to, t); to <= from {
			continue
		}
		for k, node := range nodes {
			for _, x := range []float64{-node, node} {
				s := from + (to-from)*(1+x)/2
				z += weights[k] * (to - from) / 2 * math.Exp(-rate*(t-s)) * (gain*c*r.at(0, s) + r.at(1, s))
			}
		}
		from = to
	}
	return z
}

// signals checks fields that read known signals.
func (s Suite) signals(t *testing.T) {
	blank := math.NaN()
	own := solver.Signals{Times: []float64{0, 0.5, 0.75, 2, 0, 1, 1.5, 2, 3, -1, 0.3, 0.4, 2.5},
		Values: []float64{1, 0, -1, 2, 3, blank, 0.5, 0.25, 0, 1, 0, 1, 0, 2, blank, 2, -1, blank, 0.2, 0.5, -1, 0.7,
			blank, 1, 2, 2}, Offsets: []int{0, 4, 9, 13}}
	own.Values[17] = 2 // of the second recording the last is known
	shared := solver.Signals{Times: own.Times[:4], Values: own.Values[:8]}
	chosen := own
	chosen.Of = []int{2, 0, 2}
	for _, interpolation := range solver.Interpolations() {
		for what, u := range map[string]solver.Signals{"own": own, "shared": shared, "chosen": chosen} {
			u.Interpolation = interpolation
			for _, mode := range solver.Gradients() {
				t.Run(fmt.Sprintf("%v/%s/%v", interpolation, what, mode), func(t *testing.T) { s.drives(t, mode, u) })
			}
		}
	}
	t.Run("held", func(t *testing.T) { s.heldSignals(t, own) })
	t.Run("derivatives", s.signalDerivatives)
	t.Run("one step for all", func(t *testing.T) { s.signalsInSharedSteps(t, own) })
	t.Run("backward", func(t *testing.T) { s.signalsBackward(t, own) })
	t.Run("derivatives for times", func(t *testing.T) { s.timesOfSignals(t, own) })
	t.Run("training", func(t *testing.T) { s.signalsInTraining(t, own) })
	t.Run("limited records", func(t *testing.T) { s.signalsInLimitedRecords(t, own) })
	t.Run("fine knots", s.fineKnots)
	t.Run("stiff methods", func(t *testing.T) { s.signalsOfStiffMethods(t, own) })
	t.Run("wrong", func(t *testing.T) { s.wrongSignals(t, own) })
}

// drivenBatch has three samples that these signals drive to 2.
func drivenBatch(u solver.Signals) solver.Batch {
	return solver.Batch{Z0: []float64{0.5, -1, 2}, Spans: []solver.Span{{T1: 2}}, Times: []float64{0.3, 0.5, 1.25},
		Inputs: []float64{1, -2, 0.5}, Signals: u}
}

// of is the recording that drives sample i of three.
func of(u solver.Signals, i int) recording {
	from, to := recordingOf(u, i)
	return recording{u.Times[from:to], u.Values[2*from : 2*to], u.Interpolation == solver.HermiteInterpolation}
}

// recordingOf are the knots of sample i, from up to to.
func recordingOf(u solver.Signals, i int) (from, to int) {
	if u.Of != nil {
		i = u.Of[i]
	}
	if u.Offsets == nil {
		return 0, len(u.Times)
	}
	return u.Offsets[i], u.Offsets[i+1]
}

// drives differentiates the sum of the states at the times and twice that at the end, and compares with quadratures
// and, since states are linear in the signals, with what these are for signals of 0 and 1.
func (s Suite) drives(t *testing.T, mode solver.Gradient, u solver.Signals) {
	b := drivenBatch(u)
	o := solver.Objective{Cotangent: slices.Repeat([]float64{2}, 3), Saved: slices.Repeat([]float64{1}, 9),
		ForSignals: true}
	var z1, saved, z0Bar, inputsBar []float64
	thetaBar, valuesBar := make([]float64, 2), make([]float64, len(u.Values))
	for i := range b.Z0 {
		r, c := of(u, i), b.Inputs[i]
		total := func(r recording, c, gain, rate, z0 float64) float64 {
			sum := 2 * r.state(c, gain, rate, z0, 2)
			for _, at := range b.Times {
				sum += r.state(c, gain, rate, z0, at)
			}
			return sum
		}
		for _, at := range b.Times {
			saved = append(saved, r.state(c, drivenGain, drivenRate, b.Z0[i], at))
		}
		z1 = append(z1, r.state(c, drivenGain, drivenRate, b.Z0[i], 2))
		const e = 1e-5
		zero := recording{r.times, make([]float64, len(r.values)), r.hermite}
		z0Bar = append(z0Bar, total(zero, c, drivenGain, drivenRate, 1))
		difference := func(of func(by float64) float64) float64 { return (of(e) - of(-e)) / (2 * e) }
		inputsBar = append(inputsBar, difference(func(e float64) float64 {
			return total(r, c+e, drivenGain, drivenRate, 0)
		}))
		thetaBar[0] += difference(func(e float64) float64 { return total(r, c, drivenGain+e, drivenRate, 0) })
		thetaBar[1] += difference(func(e float64) float64 { return total(r, c, drivenGain, drivenRate+e, b.Z0[i]) })
		addUnits(valuesBar, u, i, func(r recording) float64 { return total(r, c, drivenGain, drivenRate, 0) })
	}
	spec := s.spec(mode)
	if u.Interpolation == solver.HermiteInterpolation {
		spec.Controller.MaxStep = 0.1 // where steps go over knots, those that are near each other may be missed
	}
	program := s.compile(t, solver.Model{Field: lower(t, driven())}, spec)
	d := derive(t, program, []float64{drivenGain, drivenRate}, b, o)
	bound := s.choose(2e-4, 1e-6)
	near(t, "z1", d.Z1, z1, bound)
	near(t, "saved", d.Saved, saved, bound)
	near(t, "∂L/∂z0", d.Z0, z0Bar, bound)
	near(t, "∂L/∂θ", d.Theta, thetaBar, bound)
	near(t, "∂L/∂inputs", d.Inputs, inputsBar, bound)
	near(t, "∂L/∂values", d.Signals, valuesBar, bound)
	for i := range b.Z0 {
		from, to := recordingOf(u, i)
		alone := b
		alone.Z0, alone.Inputs = b.Z0[i:i+1], b.Inputs[i:i+1]
		alone.Signals = solver.Signals{Interpolation: u.Interpolation, Times: u.Times[from:to],
			Values: u.Values[2*from : 2*to]}
		one, err := program.Differentiate(context.Background(), []float64{drivenGain, drivenRate}, alone,
			solver.Objective{Cotangent: o.Cotangent[:1], Saved: o.Saved[:3]})
		must(t, one, err)
		same(t, fmt.Sprintf("z1 of sample %d alone", i), one.Z1, d.Z1[i:i+1])
		same(t, fmt.Sprintf("∂L/∂z0 of sample %d alone", i), one.Z0, d.Z0[i:i+1])
		if one.Signals != nil {
			t.Error("derivatives for signals that nobody asked for")
		}
	}
}

// addUnits adds to bar, of the values of signals, what is linear in those of sample i, for each that is known.
func addUnits(bar []float64, u solver.Signals, i int, linear func(r recording) float64) {
	r := of(u, i)
	from, _ := recordingOf(u, i)
	for k, v := range r.values {
		if math.IsNaN(v) {
			continue
		}
		unit := recording{r.times, make([]float64, len(r.values)), r.hermite}
		for j, known := range r.values {
			unit.values[j] = 0 * known // blanks stay blank
		}
		unit.values[k] = 1
		bar[2*from+k] += linear(unit)
	}
}

// derive is the derivative of an objective by a program, where no sample fails.
func derive(t *testing.T, p solver.Program, theta []float64, b solver.Batch, o solver.Objective) *solver.Derivative {
	t.Helper()
	d, err := p.Differentiate(context.Background(), theta, b, o)
	if d = supported(t, d, err); d.Err() != nil {
		t.Fatal(d.Err())
	}
	return d
}

// heldSignals go on as they end, and begin as they begin.
func (s Suite) heldSignals(t *testing.T, u solver.Signals) {
	for _, interpolation := range solver.Interpolations() {
		u.Interpolation, u.Hold = interpolation, true
		b := drivenBatch(u)
		b.Spans, b.Times = []solver.Span{{T1: 4}}, nil
		got, err := s.compile(t, solver.Model{Field: lower(t, driven())}, s.spec(solver.NoGradient)).
			Solve(context.Background(), []float64{drivenGain, drivenRate}, b)
		got = supported(t, got, err)
		var want []float64
		for i := range b.Z0 {
			r := of(u, i)
			r.times, r.values = slices.Clone(r.times), slices.Clone(r.values)
			want = append(want, r.state(b.Inputs[i], drivenGain, drivenRate, b.Z0[i], 4))
		}
		near(t, "z1", got.Z1, want, s.choose(1e-4, 1e-6))
	}
}

// signalDerivatives reads u'(t): z moves as the first signal does, times another.
func (s Suite) signalDerivatives(t *testing.T) {
	field := graph.Field{Dim: 1, Inputs: 4, InputFunc: func(_, _, u *node, _ []*node) (*node, error) {
		var b builder
		return b.do(graph.Slice(u, 1, 2, 3, 1)), b.err
	}}
	for _, interpolation := range solver.Interpolations() {
		u := solver.Signals{Interpolation: interpolation, Derivative: true, Times: []float64{0, 0.5, 0.75, 2},
			Values: []float64{1, 0, -1, 2, 3, 4, 0.5, 0.25}}
		r := of(u, 0)
		b := solver.Batch{Z0: []float64{2}, Spans: []solver.Span{{T0: 0.1, T1: 1.9}}, Times: []float64{0.5, 1},
			Signals: u}
		for _, mode := range solver.Gradients() {
			d := derive(t, s.compile(t, solver.Model{Field: lower(t, field)}, s.spec(mode)), nil, b,
				solver.Objective{Cotangent: []float64{1}, ForSignals: true})
			near(t, "u(t) − u(0)", append(d.Saved, d.Z1...), []float64{2 + r.at(0, 0.5) - r.at(0, 0.1),
				2 + r.at(0, 1) - r.at(0, 0.1), 2 + r.at(0, 1.9) - r.at(0, 0.1)}, s.choose(1e-5, 1e-9))
			bar := make([]float64, 8)
			for k := range 4 {
				unit := recording{u.Times, make([]float64, 8), r.hermite}
				unit.values[2*k] = 1
				bar[2*k] = unit.at(0, 1.9) - unit.at(0, 0.1)
			}
			near(t, "∂L/∂values", d.Signals, bar, s.choose(1e-5, 1e-9))
		}
	}
}

// signalsInSharedSteps steps onto the knots of all samples together.
func (s Suite) signalsInSharedSteps(t *testing.T, u solver.Signals) {
	m, spec := solver.Model{Field: lower(t, driven())}, s.spec(solver.Adjoint)
	if spec.Controller.Control = solver.ControlBatch; !s.supports(t, m, spec) {
		t.Skip(s.Backend.Supports(spec))
	}
	b := drivenBatch(u)
	d := s.differentiate(t, m, spec, []float64{drivenGain, drivenRate}, b,
		solver.Objective{Cotangent: []float64{1, 1, 1}})
	var want []float64
	for i := range b.Z0 {
		want = append(want, of(u, i).state(b.Inputs[i], drivenGain, drivenRate, b.Z0[i], 2))
	}
	near(t, "z1", d.Z1, want, s.choose(1e-4, 1e-6))
	near(t, "∂L/∂z0", d.Z0, slices.Repeat([]float64{math.Exp(-2 * drivenRate)}, 3), s.choose(1e-4, 1e-6))
}

// signalsBackward goes there and back.
func (s Suite) signalsBackward(t *testing.T, u solver.Signals) {
	program := s.compile(t, solver.Model{Field: lower(t, driven())}, s.spec(solver.NoGradient))
	b, theta := drivenBatch(u), []float64{drivenGain, drivenRate}
	b.Times = nil
	there, err := program.Solve(context.Background(), theta, b)
	start := b.Z0
	b.Z0, b.Spans = supported(t, there, err).Z1, []solver.Span{{T0: 2}}
	back, err := program.Solve(context.Background(), theta, b)
	must(t, back, err)
	near(t, "there and back", back.Z1, start, s.choose(1e-3, 1e-6))
}

// timesOfSignals moves the ends of spans that begin and end at knots: the field there is that within.
func (s Suite) timesOfSignals(t *testing.T, u solver.Signals) {
	b := drivenBatch(u)
	b.Spans, b.Times = []solver.Span{{T0: 0.5, T1: 1.5}}, nil
	for _, mode := range solver.Gradients() {
		d, err := s.compile(t, solver.Model{Field: lower(t, driven())}, s.spec(mode)).Differentiate(
			context.Background(), []float64{drivenGain, drivenRate}, b,
			solver.Objective{Cotangent: []float64{1, 1, 1}, ForTimes: true})
		d = supported(t, d, err)
		for i, got := range d.Spans {
			r, c := of(u, i), b.Inputs[i]
			slope := func(t, z float64) float64 { return drivenGain*c*r.at(0, t) + r.at(1, t) - drivenRate*z }
			near(t, mode.String()+": ∂z1/∂t0, ∂z1/∂t1", []float64{got.T0, got.T1},
				[]float64{-d.Z0[i] * slope(0.5, b.Z0[i]), slope(1.5, d.Z1[i])}, s.choose(1e-5, 1e-9))
		}
	}
}

// signalsInTraining gathers the recordings of minibatches: the losses of the first iteration are those of its samples.
func (s Suite) signalsInTraining(t *testing.T, u solver.Signals) {
	h, err := graph.LowerHead(graph.Head{Dim: 1, Readout: graph.Component(0), Loss: graph.MeanSquaredError()})
	m := solver.Model{Field: lower(t, driven()), Head: must(t, h, err)}
	b := drivenBatch(u)
	b.Times = nil
	data := solver.Data{Batch: b, Objective: solver.Objective{Labels: []float64{0, 0, 0}}}
	for _, mode := range solver.Gradients() {
		session, err := s.compile(t, m, s.spec(mode)).Train(data, solver.DefaultOptimizer(1e-12),
			solver.NewOptimizerState([]float64{drivenGain, drivenRate}))
		session = supported(t, session, err)
		var want, got []float64
		minibatches := [][]int{{2, 0}, {1}, {1, 2, 0}}
		for _, samples := range minibatches {
			sum := 0.0
			for _, i := range samples {
				z := of(u, i).state(b.Inputs[i], drivenGain, drivenRate, b.Z0[i], 2)
				sum += z * z / float64(len(samples))
			}
			want = append(want, sum)
		}
		if err := session.Run(context.Background(), minibatches, nil, func(it solver.Iteration) {
			got = append(got, it.Loss)
		}); err != nil {
			t.Fatal(err)
		}
		near(t, mode.String()+": losses", got, want, s.choose(1e-4, 1e-6))
	}
}

// signalsInLimitedRecords takes steps again: no bit changes.
func (s Suite) signalsInLimitedRecords(t *testing.T, u solver.Signals) {
	b := drivenBatch(u)
	o := solver.Objective{Cotangent: []float64{1, 1, 1}, Saved: slices.Repeat([]float64{1}, 9), ForSignals: true}
	for _, mode := range []solver.Gradient{solver.Adjoint, solver.Discrete} {
		spec := s.spec(mode)
		spec.Controller.MaxStep = 0.02
		var got [2]*solver.Derivative
		for k, limit := range []int64{0, 1 << 10} {
			spec.RecordLimit = limit
			got[k] = derive(t, s.compile(t, solver.Model{Field: lower(t, driven())}, spec),
				[]float64{drivenGain, drivenRate}, b, o)
		}
		same(t, "∂L/∂θ", got[1].Theta, got[0].Theta)
		same(t, "∂L/∂values", got[1].Signals, got[0].Signals)
	}
}

// signalsOfStiffMethods asks the methods that want the field's derivative for the time: signals have a part in it.
func (s Suite) signalsOfStiffMethods(t *testing.T, u solver.Signals) {
	for _, method := range solver.Methods() {
		spec := s.spec(solver.Adjoint)
		m := solver.Model{Field: lower(t, driven())}
		if spec.Method = method; spec.Rosenbrock() == nil || !s.supports(t, m, spec) {
			continue
		}
		b := drivenBatch(u)
		d := s.differentiate(t, m, spec, []float64{drivenGain, drivenRate}, b,
			solver.Objective{Cotangent: []float64{1, 1, 1}, ForSignals: true})
		var want []float64
		bar := make([]float64, len(u.Values))
		for i, z0 := range b.Z0 {
			want = append(want, of(u, i).state(b.Inputs[i], drivenGain, drivenRate, z0, 2))
			addUnits(bar, u, i, func(r recording) float64 { return r.state(b.Inputs[i], drivenGain, drivenRate, 0, 2) })
		}
		near(t, method.String()+": ∂L/∂values", d.Signals, bar, s.choose(2e-4, 1e-6))
		near(t, method.String()+": z1", d.Z1, want, s.choose(2e-4, 1e-6))
		near(t, method.String()+": ∂L/∂z0", d.Z0, slices.Repeat([]float64{math.Exp(-2 * drivenRate)}, 3),
			s.choose(2e-4, 1e-6))
	}
}

// fineKnots are nearer to each other than single precision tells times apart: the field does not see the time, and
// signals are read in double precision.
func (s Suite) fineKnots(t *testing.T) {
	const start, n = 1e6, 50
	field := graph.Field{Dim: 1, Inputs: 1, InputFunc: func(_, _, u *node, _ []*node) (*node, error) { return u, nil }}
	var u solver.Signals
	for k := range n + 1 {
		u.Times, u.Values = append(u.Times, start+float64(k)/64), append(u.Values, float64(k%2))
	}
	b := solver.Batch{Z0: []float64{0}, Spans: []solver.Span{{T0: start, T1: start + n/64.}}, Signals: u}
	program := s.compile(t, solver.Model{Field: lower(t, field)}, s.spec(solver.NoGradient))
	got, err := program.Solve(context.Background(), nil, b)
	got = supported(t, got, err)
	near(t, "z1", got.Z1, []float64{n / 128.}, s.choose(1e-5, 1e-9))
	b.Stops = []float64{start + 0.3}
	if _, err = program.Solve(context.Background(), nil, b); (err == nil) != (s.Precision == solver.Float64) {
		t.Errorf("stops beside knots that are nearer than %v tells apart: %v", s.Precision, err)
	}
}

// wrongSignals are reported before any work.
func (s Suite) wrongSignals(t *testing.T, u solver.Signals) {
	program := s.compile(t, solver.Model{Field: lower(t, driven())}, s.spec(solver.NoGradient))
	for what, spoil := range map[string]func(*solver.Batch){
		"beyond the last knot":     func(b *solver.Batch) { b.Spans[0].T1 = 2.1 },
		"before the first knot":    func(b *solver.Batch) { b.Spans[0].T0 = -0.5 },
		"before it is known":       func(b *solver.Batch) { b.Signals.Values[1] = math.NaN() },
		"out of order":             func(b *solver.Batch) { b.Signals.Times[1] = 1 },
		"twice at a time":          func(b *solver.Batch) { b.Signals.Times[1] = 0 },
		"at no time":               func(b *solver.Batch) { b.Signals.Times[1] = math.NaN() },
		"infinite":                 func(b *solver.Batch) { b.Signals.Values[3] = math.Inf(1) },
		"never known":              blankOut,
		"not for every knot":       func(b *solver.Batch) { b.Signals.Values = b.Signals.Values[1:] },
		"without knots":            func(b *solver.Batch) { b.Signals.Offsets = []int{0, 4, 4, 13} },
		"too few":                  func(b *solver.Batch) { b.Signals.Offsets = []int{0, 4, 13} },
		"of nobody":                func(b *solver.Batch) { b.Signals.Of = []int{0, 1, 3} },
		"of too few":               func(b *solver.Batch) { b.Signals.Of = []int{0, 1} },
		"more than the field has":  func(b *solver.Batch) { b.Signals.Derivative = true },
		"beside constants too few": func(b *solver.Batch) { b.Inputs = b.Inputs[1:] },
		"of another kind":          func(b *solver.Batch) { b.Signals.Interpolation = 9 },
	} {
		wrong := drivenBatch(u.Clone())
		spoil(&wrong)
		if _, err := program.Solve(context.Background(), []float64{drivenGain, drivenRate}, wrong); err == nil {
			t.Errorf("signals %s are no error", what)
		}
	}
}

// blankOut leaves the second signal of the first recording unknown.
func blankOut(b *solver.Batch) {
	for k := range 4 {
		b.Signals.Values[2*k+1] = math.NaN()
	}
}
