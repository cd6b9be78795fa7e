package neuralode_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuralode"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// pushed is an oscillator x″ = −k·x − c·x′ + u with a push u for each sample.
func pushed() graph.Field {
	return graph.Field{Dim: 2, Inputs: 1, Params: []graph.Param{{Name: "k"}, {Name: "c"}},
		InputFunc: func(t, z, u *expr.Node, theta []*expr.Node) (*expr.Node, error) {
			x, v := expr.Col(z, 0), expr.Col(z, 1)
			pull, drag := expr.Mul(theta[0], x), expr.Mul(theta[1], v)
			return expr.Columns(v, expr.Sub(u, expr.Add(pull, drag))), nil
		}}
}

// The grid that times of observation lie on: up to the last each series has 5 to 50 of them.
const (
	gridTimes  = 200
	gridEnd    = 10.0
	fewestRows = 5
	mostRows   = 50
)

// observations are series of pushed oscillators, each with times of its own, as labels of the position and velocity.
type observations struct {
	ragged, union   solver.Batch
	rows, masked    solver.Objective // of the series' own times, and of the union of all
	raggedN, unionN int              // rows
}

// observeOften draws n series: the union of their times, with a weight of zero where a series was not observed, says
// the same.
func observeOften(n int) observations {
	rng := rand.New(rand.NewPCG(5, 9))
	var o observations
	o.ragged.Offsets = []int{0}
	at := func(k int) float64 { return gridEnd * float64(k+1) / gridTimes }
	for k := range gridTimes {
		o.union.Times = append(o.union.Times, at(k))
	}
	o.union.Spans = []solver.Span{{T0: 0, T1: gridEnd}}
	for range n {
		z0, u := []float64{rng.NormFloat64(), rng.NormFloat64()}, rng.NormFloat64()
		o.ragged.Z0, o.ragged.Inputs = append(o.ragged.Z0, z0...), append(o.ragged.Inputs, u)
		own := rng.Perm(gridTimes)[:fewestRows+rng.IntN(mostRows-fewestRows+1)]
		slices.Sort(own)
		labels, weights := make([]float64, 2*gridTimes), make([]float64, gridTimes)
		for _, k := range own {
			x, v := rng.NormFloat64(), rng.NormFloat64()
			o.ragged.Times = append(o.ragged.Times, at(k))
			o.rows.Labels, o.rows.Weight = append(o.rows.Labels, x, v), append(o.rows.Weight, 1)
			labels[2*k], labels[2*k+1], weights[k] = x, v, 1
		}
		o.masked.Labels, o.masked.Weight = append(o.masked.Labels, labels...), append(o.masked.Weight, weights...)
		o.ragged.Offsets = append(o.ragged.Offsets, len(o.ragged.Times))
		o.ragged.Spans = append(o.ragged.Spans, solver.Span{T0: 0, T1: at(own[len(own)-1])})
	}
	o.union.Z0, o.union.Inputs = o.ragged.Z0, o.ragged.Inputs
	o.rows.AtTimes, o.masked.AtTimes = true, true
	o.raggedN, o.unionN = len(o.ragged.Times), n*gridTimes
	for _, w := range []solver.Objective{o.rows, o.masked} {
		for i := range w.Weight {
			w.Weight[i] /= float64(o.raggedN)
		}
	}
	return o
}

// some are these series alone.
func (o observations) some(of ...int) (b solver.Batch, goal solver.Objective) {
	b.Offsets, goal.AtTimes = []int{0}, true
	for _, i := range of {
		from, to := o.ragged.Rows(i)
		b.Z0 = append(b.Z0, o.ragged.Z0[2*i:2*i+2]...)
		b.Inputs, b.Spans = append(b.Inputs, o.ragged.Inputs[i]), append(b.Spans, o.ragged.Spans[i])
		b.Times = append(b.Times, o.ragged.Times[from:to]...)
		b.Offsets = append(b.Offsets, len(b.Times))
		goal.Labels = append(goal.Labels, o.rows.Labels[2*from:2*to]...)
		goal.Weight = append(goal.Weight, o.rows.Weight[from:to]...)
	}
	return b, goal
}

var pushedTheta = []float64{1.7, 0.2}

func pushedHead() *graph.Head {
	return &graph.Head{Dim: 2, Readout: graph.Components(), Loss: graph.MeanSquaredError()}
}

// work adds up the evaluations of the field of both passes.
func work(d *solver.Derivative) (n int) {
	for i := range d.Stats {
		n += d.Stats[i].NFE + d.BackStats[i].NFE
	}
	return n
}

// TestRaggedIsTheUnionWithWeights has 1000 series with 5 to 50 times of their own. The union of all times, of which
// most have weight zero in a series, gives the same gradient for θ, starts and inputs, and has seven times the rows.
func TestRaggedIsTheUnionWithWeights(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 100
	}
	o := observeOften(n)
	ode := open(t, pushed(), pushedHead())
	ragged, err := ode.Differentiate(t.Context(), pushedTheta, o.ragged, o.rows)
	if err != nil {
		t.Fatal(err)
	}
	union, err := ode.Differentiate(t.Context(), pushedTheta, o.union, o.masked)
	if err != nil {
		t.Fatal(err)
	}
	for what, x := range map[string][2][]float64{"∂L/∂θ": {ragged.Theta, union.Theta}, "∂L/∂z0": {ragged.Z0, union.Z0},
		"∂L/∂inputs": {ragged.Inputs, union.Inputs}, "L": {{ragged.Loss}, {union.Loss}}} {
		if off := relative(x[0], x[1]); off > 1e-7 {
			t.Errorf("%s is %.2g away from that of the union", what, off)
		}
	}
	if len(ragged.Saved) != 2*o.raggedN || len(union.Saved) < 7*len(ragged.Saved) {
		t.Errorf("%d rows, %d of the union", len(ragged.Saved)/2, len(union.Saved)/2)
	}
	if of, all := work(ragged), work(union); of >= all {
		t.Errorf("%d evaluations, %d of the union", of, all)
	}
}

func relative(x, y []float64) float64 {
	d, n := 0.0, 0.0
	for i := range x {
		d, n = math.Hypot(d, x[i]-y[i]), math.Hypot(n, y[i])
	}
	return d / n
}

// TestSeriesDoNotDependOnOthers: a series has the same bits alone and among others, in any place.
func TestSeriesDoNotDependOnOthers(t *testing.T) {
	o := observeOften(70)
	ode := open(t, pushed(), pushedHead())
	all, err := ode.Differentiate(t.Context(), pushedTheta, o.ragged, o.rows)
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range [][]int{{0}, {69}, {41}, {69, 3, 41}} {
		b, goal := o.some(of...)
		d, err := ode.Differentiate(t.Context(), pushedTheta, b, goal)
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range of {
			from, to := o.ragged.Rows(i)
			at, end := b.Rows(k)
			if !slices.Equal(d.Z0[2*k:2*k+2], all.Z0[2*i:2*i+2]) || d.Inputs[k] != all.Inputs[i] ||
				!slices.Equal(d.Losses[at:end], all.Losses[from:to]) || d.Stats[k] != all.Stats[i] {
				t.Errorf("series %d has other bits among %v", i, of)
			}
		}
	}
}

// TestRaggedAgainstDifferences holds the gradients for θ, starts, inputs and times of some series to finite
// differences.
func TestRaggedAgainstDifferences(t *testing.T) {
	b, goal := observeOften(12).some(2, 7, 11)
	goal.ForTimes = true
	r, err := open(t, pushed(), pushedHead()).CheckGradient(t.Context(), pushedTheta, b, goal)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, d := range r.Differences {
		found[d.Of] = true
	}
	for _, of := range []string{"z0", "inputs", "k", "c", "t0", "times"} {
		if !found[of] {
			t.Errorf("no differences of %s", of)
		}
	}
	for _, m := range r.Modes {
		if !(m.ToDifferences < 1e-6) {
			t.Errorf("%v: %v away from differences", m.Gradient, m.ToDifferences)
		}
	}
}

// BenchmarkRagged takes the gradient of 1000 series at times of their own, and at the union of all times: times-as-much
// is what that costs.
func BenchmarkRagged(b *testing.B) {
	o := observeOften(1000)
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		b.Fatal(err)
	}
	spec := solver.DefaultSpec()
	spec.Gradient = solver.Discrete
	ode, err := neuralode.New(backend, pushed(), pushedHead(), spec)
	if err != nil {
		b.Fatal(err)
	}
	defer ode.Close()
	took := map[string]float64{}
	for _, x := range []struct {
		name  string
		batch solver.Batch
		goal  solver.Objective
		rows  int
	}{{"own", o.ragged, o.rows, o.raggedN}, {"union", o.union, o.masked, o.unionN}} {
		b.Run(x.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				d, err := ode.Differentiate(b.Context(), pushedTheta, x.batch, x.goal)
				if err != nil {
					b.Fatal(err)
				}
				n = work(d)
			}
			took[x.name] = b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(float64(x.rows), "rows")
			b.ReportMetric(float64(n), "evaluations")
			if own := took["own"]; own > 0 {
				b.ReportMetric(took[x.name]/own, "times-as-much")
			}
		})
	}
}
