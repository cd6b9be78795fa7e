package solvertest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuralode/reference"
	"neuralode/solver"
)

// saveTimes checks that saved states are those of a solve that ends there, and cost nothing.
func (s Suite) saveTimes(t *testing.T) {
	m := solver.Model{Field: lower(t, linear())}
	theta, b := []float64{0, 1, -1, 0}, solver.Batch{Z0: []float64{1, 0, 0, 2}, Spans: []solver.Span{{T0: 0, T1: 4}}}
	plain := s.solve(t, m, s.spec(solver.NoGradient), theta, b)
	b.Times = []float64{0, 0.3, 0.31, 2, 3.99, 4}
	got := s.solve(t, m, s.spec(solver.NoGradient), theta, b)
	var want []float64
	for _, x := range []float64{1, 2} {
		for _, at := range b.Times {
			if x == 1 {
				want = append(want, math.Cos(at), -math.Sin(at))
			} else {
				want = append(want, 2*math.Sin(at), 2*math.Cos(at))
			}
		}
	}
	near(t, "saved", got.Saved, want, s.choose(1e-4, 1e-6))
	same(t, "z1", got.Z1, plain.Z1)
	same(t, "the last saved state", got.Saved[10:12], got.Z1[:2])
	if !slices.Equal(got.Stats, plain.Stats) {
		t.Errorf("save times changed the cost from %v to %v", plain.Stats, got.Stats)
	}
	for _, mode := range solver.Gradients() {
		s.savedGradient(t, mode)
	}
}

// savedGradient differentiates Σ z(t_j) of decay, Σ z0·e^(θ·t_j).
func (s Suite) savedGradient(t *testing.T, mode solver.Gradient) {
	spec := s.spec(mode)
	b := solver.Batch{Z0: []float64{1.5, -1}, Spans: []solver.Span{{T1: 2}}, Times: []float64{0, 0.5, 0.6, 1.5, 2}}
	o := solver.Objective{Cotangent: make([]float64, 2), Saved: make([]float64, 10)}
	want, wantTheta := make([]float64, 2), 0.0
	for j, at := range b.Times {
		for c := range 2 {
			o.Saved[2*j+c] = 1
			want[c] += math.Exp(-0.8 * at)
			wantTheta += b.Z0[c] * at * math.Exp(-0.8*at)
		}
	}
	m := solver.Model{Field: lower(t, rate())}
	d := s.differentiate(t, m, spec, []float64{-0.8}, b, o)
	if s.Precision == solver.Float64 {
		s.sameCostBack(t, m, spec, b, o, d)
	}
	if st := d.BackStats[0]; mode == solver.Discrete && st.NFE != st.Accepted*spec.Tableau().Stages() {
		t.Errorf("%+v on the way back, want every stage of every step", st)
	}
	near(t, fmt.Sprintf("%v: ∂L/∂z0", mode), d.Z0, want, s.choose(1e-4, 1e-6))
	near(t, fmt.Sprintf("%v: ∂L/∂θ", mode), d.Theta, []float64{wantTheta}, s.choose(1e-4, 1e-6))
}

// sameCostBack compares with the reference, in which the step goes on from one save time to the next: the starting rule
// would be two evaluations at each.
func (s Suite) sameCostBack(t *testing.T, m solver.Model, spec solver.Spec, b solver.Batch, o solver.Objective,
	d *solver.Derivative) {
	want := Suite{Backend: solver.Reference(), Precision: s.Precision}.differentiate(t, m, spec, []float64{-0.8}, b, o)
	for i := range want.BackStats {
		if d.BackStats[i] != want.BackStats[i] {
			t.Errorf("%v: the way back cost %+v, want %+v", spec.Gradient, d.BackStats[i], want.BackStats[i])
		}
	}
	segments := 4 // between 0, 0.5, 0.6, 1.5 and 2
	if st := want.BackStats[0]; spec.Gradient == solver.Backsolve && st.NFE != 1+segments+6*st.Tried() {
		t.Errorf("%+v: want one starting rule and a slope for each of %d segments", st, segments)
	}
}

// batchIndependence permutes, splits and pads a batch: no bit of a sample may change.
func (s Suite) batchIndependence(t *testing.T) {
	p := reference.Embedded()[0]
	m := network(t, &p)
	n := 40
	for _, mode := range solver.Gradients() {
		spec := s.spec(mode)
		spec.Controller.Rtol, spec.Controller.Atol = 1e-3, 1e-6
		program := s.compile(t, m, spec)
		whole := s.rows(t, program, &p, upTo(n))
		permuted := upTo(n)
		rand.New(rand.NewPCG(1, 2)).Shuffle(n, func(i, j int) { permuted[i], permuted[j] = permuted[j], permuted[i] })
		whole.sameAs(t, "permuted", s.rows(t, program, &p, permuted), permuted)
		whole.sameAs(t, "first part", s.rows(t, program, &p, upTo(n)[:n/3]), upTo(n)[:n/3])
		whole.sameAs(t, "one alone", s.rows(t, program, &p, []int{7}), []int{7})
		padded := append(upTo(n), 3, 3, 3, 9, 0)
		whole.sameAs(t, "padded", s.rows(t, program, &p, padded), padded)
		same(t, "∂L/∂θ of the same call twice", s.rows(t, program, &p, upTo(n)).d.Theta, whole.d.Theta)
	}
}

func upTo(n int) []int {
	x := make([]int, n)
	for i := range x {
		x[i] = i
	}
	return x
}

// result is a derivative with the cotangent of each sample its own, so that it does not depend on the batch's size.
type result struct {
	d   *solver.Derivative
	dim int
}

func (s Suite) rows(t *testing.T, program solver.Program, p *reference.Problem, samples []int) result {
	t.Helper()
	dim := p.Dim()
	b := solver.Batch{Spans: []solver.Span{{T0: p.T0, T1: p.T1}}}
	o := solver.Objective{}
	for _, i := range samples {
		b.Z0 = append(b.Z0, p.X[i*dim:(i+1)*dim]...)
		o.Cotangent = append(o.Cotangent, math.Sin(float64(i)), math.Cos(float64(i)))
	}
	d, err := program.Differentiate(context.Background(), p.Theta, b, o)
	must(t, d, err)
	for i, end := range d.Back {
		if end.Status != solver.OK && end.Status != solver.AdjointDrifted { // backsolve does, on the trained circle
			t.Fatalf("sample %d ended %+v", i, end)
		}
	}
	return result{d, dim}
}

// sameAs compares sample samples[k] of r with sample k of other.
func (r result) sameAs(t *testing.T, what string, other result, samples []int) {
	t.Helper()
	for k, i := range samples {
		if i*r.dim >= len(r.d.Z1) {
			continue
		}
		row := func(x []float64, i int) []float64 { return x[i*r.dim : (i+1)*r.dim] }
		same(t, fmt.Sprintf("%s: z1 of sample %d", what, i), row(other.d.Z1, k), row(r.d.Z1, i))
		same(t, fmt.Sprintf("%s: ∂L/∂z0 of sample %d", what, i), row(other.d.Z0, k), row(r.d.Z0, i))
		if r.d.Drift != nil && other.d.Drift[k] != r.d.Drift[i] {
			t.Errorf("%s: the drift of sample %d differs", what, i)
		}
		if other.d.Stats[k] != r.d.Stats[i] || other.d.BackStats[k] != r.d.BackStats[i] ||
			other.d.Back[k] != r.d.Back[i] {
			t.Errorf("%s: stats of sample %d differ", what, i)
		}
	}
}

// same compares bits.
func same(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
			t.Errorf("%s: element %d is %v, want the bits of %v", what, i, got[i], want[i])
			return
		}
	}
}

// thereAndBack integrates forward and backward, and in two parts.
func (s Suite) thereAndBack(t *testing.T) {
	p := reference.Embedded()[3]
	m := network(t, &p)
	b, _ := some(&p, 5)
	spec := s.spec(solver.NoGradient)
	whole := s.solve(t, m, spec, p.Theta, b)
	span := b.Spans[0]
	back := s.solve(t, m, spec, p.Theta, solver.Batch{Z0: whole.Z1, Spans: []solver.Span{{T0: span.T1, T1: span.T0}}})
	near(t, "there and back", back.Z1, b.Z0, s.choose(1e-3, 1e-6))
	middle := 0.3*span.T0 + 0.7*span.T1
	first := s.solve(t, m, spec, p.Theta, solver.Batch{Z0: b.Z0, Spans: []solver.Span{{T0: span.T0, T1: middle}}})
	second := s.solve(t, m, spec, p.Theta, solver.Batch{Z0: first.Z1, Spans: []solver.Span{{T0: middle, T1: span.T1}}})
	near(t, "in two parts", second.Z1, whole.Z1, s.choose(1e-4, 1e-7))
	s.ownSpans(t, m, spec, &p, b)
}

// ownSpans gives each sample a span of its own.
func (s Suite) ownSpans(t *testing.T, m solver.Model, spec solver.Spec, p *reference.Problem, b solver.Batch) {
	spans := []solver.Span{{T0: 0.25, T1: 2}, {T0: 0, T1: 1}, {T0: 1, T1: 0}, {T0: 3, T1: 3}, {T0: -1, T1: 0.5}}
	all := s.solve(t, m, spec, p.Theta, solver.Batch{Z0: b.Z0, Spans: spans})
	dim := p.Dim()
	for i, span := range spans {
		one := s.solve(t, m, spec, p.Theta, solver.Batch{Z0: b.Z0[i*dim : (i+1)*dim], Spans: []solver.Span{span}})
		same(t, fmt.Sprintf("sample %d over %v", i, span), all.Z1[i*dim:(i+1)*dim], one.Z1)
	}
}

// linearInCotangent adds two cotangents.
func (s Suite) linearInCotangent(t *testing.T) {
	p := reference.Embedded()[2]
	m := network(t, &p)
	b, _ := some(&p, 4)
	n := 4 * p.Dim()
	x, y, sum := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		x[i], y[i] = math.Sin(float64(i)), math.Cos(3*float64(i))
		sum[i] = 2*x[i] + y[i]
	}
	program := s.compile(t, m, s.spec(solver.Discrete)) // with backsolve the cotangent chooses the steps
	gradient := func(c []float64) *solver.Derivative {
		d, err := program.Differentiate(context.Background(), p.Theta, b, solver.Objective{Cotangent: c})
		return must(t, d, err)
	}
	dx, dy, ds := gradient(x), gradient(y), gradient(sum)
	for i, v := range dx.Theta {
		dx.Theta[i] = 2*v + dy.Theta[i]
	}
	near(t, "∂L/∂θ", ds.Theta, dx.Theta, s.choose(1e-5, 1e-12))
}

// modesAgree compares the gradients with the discrete one as the tolerance falls.
func (s Suite) modesAgree(t *testing.T) {
	p := reference.Embedded()[4]
	m := network(t, &p)
	b, o := some(&p, 8)
	at := func(mode solver.Gradient, rtol float64) []float64 {
		spec := s.spec(mode)
		spec.Controller.Rtol, spec.Controller.Atol = rtol, rtol/10
		return s.differentiate(t, m, spec, p.Theta, b, o).Theta
	}
	for _, mode := range solver.Gradients() {
		if mode == solver.Discrete {
			continue
		}
		last := math.Inf(1)
		for _, rtol := range []float64{1e-2, s.choose(1e-5, 1e-8)} {
			got, want, worst := at(mode, rtol), at(solver.Discrete, rtol), 0.0
			for i := range got {
				worst = math.Max(worst, math.Abs(got[i]-want[i]))
			}
			if !(worst < last) {
				t.Errorf("%v at rtol %v is %v off the discrete gradient, before %v", mode, rtol, worst, last)
			}
			last = worst
		}
		if bound := s.choose(1e-4, 1e-7); last > bound {
			t.Errorf("%v is %v off the discrete gradient, want below %v", mode, last, bound)
		}
	}
}

// finiteDifferences checks the discrete gradient of the model's loss in a direction, in float64.
func (s Suite) finiteDifferences(t *testing.T) {
	if s.Precision != solver.Float64 {
		t.Skip("needs float64")
	}
	p := reference.Embedded()[3]
	m := network(t, &p)
	b, o := some(&p, 6)
	program := s.compile(t, m, s.spec(solver.Discrete))
	loss := func(theta []float64) *solver.Derivative {
		d, err := program.Differentiate(context.Background(), theta, b, o)
		return must(t, d, err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3 {
		up, down, want := slices.Clone(p.Theta), slices.Clone(p.Theta), 0.0
		d := loss(p.Theta)
		const e = 1e-4
		for i := range up {
			v := rng.NormFloat64()
			up[i] += e * v
			down[i] -= e * v
			want += v * d.Theta[i]
		}
		near(t, "directional derivative", []float64{(loss(up).Loss - loss(down).Loss) / (2 * e)}, []float64{want}, 1e-6)
	}
}
