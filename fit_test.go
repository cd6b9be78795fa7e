package neuralode_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"neuralode"
	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// lotkaVolterra is x' = αx − βxy, y' = δxy − γy.
func lotkaVolterra() graph.Field {
	return graph.Field{Dim: 2, Params: []graph.Param{{Name: "alpha"}, {Name: "beta"}, {Name: "gamma"}, {Name: "delta"}},
		Func: func(t, z *expr.Node, p []*expr.Node) (*expr.Node, error) {
			x, y := expr.Col(z, 0), expr.Col(z, 1)
			xy := expr.Mul(x, y)
			return expr.Columns(expr.Sub(expr.Mul(p[0], x), expr.Mul(p[1], xy)),
				expr.Sub(expr.Mul(p[3], xy), expr.Mul(p[2], y))), nil
		}}
}

func exact(t *testing.T, f graph.Field) *neuralode.ODE {
	t.Helper()
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	ode, err := neuralode.New(backend, f, nil, solver.AccurateSpec())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ode.Close() })
	return ode
}

// observe makes series of solutions at times of their own, with noise in part of the deviation of each feature.
func observe(t *testing.T, ode *neuralode.ODE, theta []float64, starts [][]float64, t1, noise float64) *dataset.Series {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	s := &dataset.Series{Offsets: []int{0}, Dim: ode.Dim()}
	for j := range s.Dim {
		s.Features = append(s.Features, string(rune('x'+j)))
	}
	for i, z0 := range starts {
		times := []float64{0}
		for times[len(times)-1] < t1 {
			times = append(times, times[len(times)-1]+0.05+0.1*rng.Float64())
		}
		sol, err := ode.SolveAt(context.Background(), theta, z0, times)
		if err == nil {
			err = sol.Err()
		}
		if err != nil {
			t.Fatal(err)
		}
		s.IDs = append(s.IDs, string(rune('a'+i)))
		s.Times = append(s.Times, times...)
		s.X = append(s.X, sol.Saved...)
		s.Offsets = append(s.Offsets, len(s.Times))
	}
	for i := range s.X {
		s.X[i] += noise * rng.NormFloat64()
	}
	return s
}

// TestFitLotkaVolterra finds the parameters from a guess that is off by up to a half, to half a percent with noise of 2
// %, and to the last digits without.
func TestFitLotkaVolterra(t *testing.T) {
	ode, truth, guess := exact(t, lotkaVolterra()), []float64{1.5, 1, 3, 1}, []float64{1, 0.6, 2, 1.4}
	for name, c := range map[string]struct{ noise, want float64 }{"exact": {0, 1e-5}, "noise": {0.03, 5e-3}} {
		s := observe(t, ode, truth, [][]float64{{1, 1}, {2, 0.5}, {3, 2}}, 10, c.noise)
		if c.noise == 0 {
			for r := range s.Rows() {
				if r%5 == 3 && s.Times[r] > 0 {
					s.X[2*r+r%2] = math.NaN() // not observed
				}
			}
		}
		f, err := ode.Fit(context.Background(), guess, s, neuralode.FitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v", name, f)
		for i, v := range f.Theta {
			if math.Abs(v/truth[i]-1) > c.want {
				t.Errorf("%s: parameter %d is %v, want %v within %v", name, i, v, truth[i], c.want)
			}
		}
	}
}

// TestFitUnobserved fits a pendulum of which only the angle is observed: the speed at the start is found too, with the
// frequency as a constant of each series.
func TestFitUnobserved(t *testing.T) {
	pendulum := graph.Field{Dim: 2, Inputs: 1, Params: []graph.Param{{Name: "damping"}},
		InputFunc: func(t, z, u *expr.Node, p []*expr.Node) (*expr.Node, error) {
			angle, speed := expr.Col(z, 0), expr.Col(z, 1)
			return expr.Columns(speed, expr.Neg(expr.Add(expr.Mul(u, expr.Sin(angle)), expr.Mul(p[0], speed)))), nil
		}}
	ode := exact(t, pendulum)
	s := &dataset.Series{IDs: []string{"a", "b"}, Offsets: []int{0, 30, 60}, Dim: 1, Features: []string{"angle"},
		Constants: []float64{4, 9}, ConstantNames: []string{"frequency"}}
	b := solver.Batch{Z0: []float64{1, 0.5, -0.5, 2}, Spans: []solver.Span{{T1: 3}}, Inputs: s.Constants}
	for k := range 30 {
		b.Times = append(b.Times, float64(k)*3/29)
	}
	sol, err := ode.SolveBatch(context.Background(), []float64{0.3}, b)
	if err != nil {
		t.Fatal(err)
	}
	for r := range 60 {
		s.X, s.Times = append(s.X, sol.Saved[2*r]), append(s.Times, b.Times[r%30])
	}
	f, err := ode.Fit(context.Background(), []float64{1}, s, neuralode.FitOptions{Starts: []float64{1, 0, -0.5, 0}})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range append(f.Theta, f.Starts...) {
		if want := append([]float64{0.3}, b.Z0...)[i]; math.Abs(v-want) > 1e-4 {
			t.Errorf("number %d is %v, want %v", i, v, want)
		}
	}
}

func TestFitErrors(t *testing.T) {
	ode := exact(t, lotkaVolterra())
	s := observe(t, ode, []float64{1.5, 1, 3, 1}, [][]float64{{1, 1}}, 2, 0)
	guess := []float64{1, 1, 1, 1}
	unknown := s.Select([]int{0})
	unknown.X[1] = math.NaN()
	for want, c := range map[string]struct {
		theta []float64
		s     *dataset.Series
		o     neuralode.FitOptions
	}{
		"theta has 3 numbers, want 4":                                 {guess[:3], s, neuralode.FitOptions{}},
		`component 1 of series "a" is not observed at its first time`: {guess, unknown, neuralode.FitOptions{}},
		"horizons must rise to 1":                                     {guess, s, neuralode.FitOptions{Horizons: []float64{1, 0.5}}},
		"starts has 1 numbers":                                        {guess, s, neuralode.FitOptions{Starts: []float64{1}}},
		"at least one series":                                         {guess, &dataset.Series{}, neuralode.FitOptions{}},
		"where the search begins":                                     {[]float64{300, -300, 300, 300}, s, neuralode.FitOptions{}},
	} {
		if _, err := ode.Fit(context.Background(), c.theta, c.s, c.o); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	long := neuralode.FitOptions{Starts: []float64{1, 1, math.NaN()}}
	if _, err := ode.Fit(context.Background(), guess, s, long); err == nil ||
		!strings.Contains(err.Error(), "starts has 3 numbers") {
		t.Errorf("starts that are too many: %v", err)
	}
	still := exact(t, graph.Field{Dim: 2, Func: func(_, z *expr.Node, _ []*expr.Node) (*expr.Node, error) {
		return z,
			nil
	}})
	_, err := still.Fit(context.Background(), nil, s, neuralode.FitOptions{FixedStarts: true})
	if err == nil || !strings.Contains(err.Error(), "nothing to fit") {
		t.Errorf("a fit of nothing: %v", err)
	}
	read := open(t, rotation(), &graph.Head{Dim: 2, Readout: graph.Linear(1), Loss: graph.MeanSquaredError()})
	_, err = read.Fit(context.Background(), []float64{1, 0, 0, 0}, s, neuralode.FitOptions{})
	if err == nil || !strings.Contains(err.Error(), "the read-out or the lift of the ODE has parameters") {
		t.Errorf("a fit of a read-out: %v", err)
	}
	if err := still.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := still.Fit(context.Background(), nil, s, neuralode.FitOptions{}); err == nil {
		t.Error("a closed ODE fits")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ode.Fit(ctx, guess, s, neuralode.FitOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a fit without time left ends with %v", err)
	}
}
