package neuralode_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"neuralode"
	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/graph/expr"
	"neuralode/solver"
)

// oscillator is x” = −stiffness·x − damping·x' + gain·u(t).
func oscillator() graph.Field {
	return graph.Field{Dim: 2, Inputs: 1,
		Params: []graph.Param{{Name: "stiffness"}, {Name: "damping"}, {Name: "gain"}},
		InputFunc: func(_, z, u *expr.Node, p []*expr.Node) (*expr.Node, error) {
			x, v := expr.Col(z, 0), expr.Col(z, 1)
			force := expr.Sub(expr.Mul(p[2], u), expr.Add(expr.Mul(p[0], x), expr.Mul(p[1], v)))
			return expr.Columns(v, force), nil
		}}
}

// swing is the oscillator's state at t from rest, driven by sin(w·t), in closed form.
func swing(stiffness, damping, gain, w, t float64) (x, v float64) {
	d := stiffness - w*w
	n := d*d + damping*damping*w*w
	a, b := gain*d/n, -gain*damping*w/n // the particular solution a·sin + b·cos
	decay, frequency := damping/2, math.Sqrt(stiffness-damping*damping/4)
	p := -b
	q := (decay*p - a*w) / frequency
	e, s, c := math.Exp(-decay*t), math.Sin(frequency*t), math.Cos(frequency*t)
	x = e*(p*c+q*s) + a*math.Sin(w*t) + b*math.Cos(w*t)
	v = e*((q*frequency-decay*p)*c-(p*frequency+decay*q)*s) + a*w*math.Cos(w*t) - b*w*math.Sin(w*t)
	return x, v
}

// swings are two of the oscillator's motions, of which the position alone was seen, with what drove them.
func swings(knots float64) *dataset.Series {
	s := &dataset.Series{Offsets: []int{0}, Dim: 1, Features: []string{"x"},
		Signals: &dataset.Signals{Names: []string{"u"}, Offsets: []int{0}}}
	for i, w := range []float64{0.7, 1.9} {
		for k := range 60 {
			t := 0.2 * float64(k)
			x, _ := swing(2, 0.3, 1.5, w, t)
			s.Times, s.X = append(s.Times, t), append(s.X, x)
		}
		s.IDs, s.Offsets = append(s.IDs, string(rune('a'+i))), append(s.Offsets, len(s.Times))
		for t := 0.; t < 11.8+knots; t += knots {
			s.Signals.Times, s.Signals.Values = append(s.Signals.Times, t), append(s.Signals.Values, math.Sin(w*t))
		}
		s.Signals.Offsets = append(s.Signals.Offsets, len(s.Signals.Times))
	}
	return s
}

// TestFitDriven recovers a linear system with a known input to 1e-3, from positions at other times than the input's.
func TestFitDriven(t *testing.T) {
	truth := []float64{2, 0.3, 1.5}
	for _, interpolation := range solver.Interpolations() {
		fitted, err := exact(t, oscillator()).Fit(context.Background(), []float64{1, 0.1, 1}, swings(0.03),
			neuralode.FitOptions{Interpolation: interpolation, FixedStarts: true, Starts: make([]float64, 4)})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range truth {
			if got := fitted.Theta[i]; math.Abs(got-want) > 1e-3*want {
				t.Errorf("%v: parameter %d is %v, want %v", interpolation, i, got, want)
			}
		}
	}
}

// TestSolveAtDriven compares with the closed form.
func TestSolveAtDriven(t *testing.T) {
	s := swings(0.01)
	u := solver.Signals{Times: s.Signals.Times[:s.Signals.Offsets[1]], Values: s.Signals.Values[:s.Signals.Offsets[1]]}
	ode := exact(t, oscillator())
	got, err := ode.SolveAt(context.Background(), []float64{2, 0.3, 1.5}, []float64{0, 0}, s.TimesOf(0), u)
	if err != nil {
		t.Fatal(err)
	}
	for k, at := range s.TimesOf(0) {
		x, v := swing(2, 0.3, 1.5, 0.7, at)
		if math.Abs(got.Saved[2*k]-x) > 2e-5 || math.Abs(got.Saved[2*k+1]-v) > 2e-5 {
			t.Errorf("at %v: %v, want %v and %v", at, got.Saved[2*k:2*k+2], x, v)
		}
	}
	if _, err := ode.SolveAt(context.Background(), []float64{2, 0.3, 1.5}, []float64{0, 0}, []float64{0, 1}); err == nil {
		t.Error("a field without its signals is no error")
	}
}

// TestFitOfOtherSignals are errors before any work.
func TestFitOfOtherSignals(t *testing.T) {
	for want, change := range map[string]func(s *dataset.Series, o *neuralode.FitOptions){
		"0 constants and 0 signals,":                       func(s *dataset.Series, _ *neuralode.FitOptions) { s.Signals = nil },
		"0 constants and 1 signals with their derivatives": func(_ *dataset.Series, o *neuralode.FitOptions) { o.Derivative = true },
		`the input "u" is known from 0.03 to`:              func(s *dataset.Series, _ *neuralode.FitOptions) { s.Signals.Values[0] = math.NaN() },
	} {
		s, o := swings(0.03), neuralode.FitOptions{Starts: make([]float64, 4)}
		change(s, &o)
		_, err := exact(t, oscillator()).Fit(context.Background(), []float64{1, 0.1, 1}, s, o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// peersOscillator is what bench/peers/driven.py prints: diffrax 0.7.2 in float64, Dopri8 with tolerances of 1e-12 and
// steps that end at the knots.
var peersOscillator = map[solver.Interpolation]struct{ states, theta, u []float64 }{
	solver.LinearInterpolation: {
		[]float64{0.6451225342936958, -0.703711842333427, 0.1845034568131467, -0.9772158332873022, -0.4681671944708081,
			0.16270210918571226, 0.7463557237345367, -0.6354986902791622, 0.3358066181330989, -0.23627140936758542},
		[]float64{-1.373915679902212, 1.7934383775928975, 1.1133623158913941},
		[]float64{0.4634142396408791, 1.3517361313533829, 1.012469201235276, 0.6047239932760115, -0.04269187588823625,
			-0.046694219935407816, 0.18605358188446705, 0.018821850567363452, 0.7751734911974925, 0.9171899828844685}},
	solver.HermiteInterpolation: {
		[]float64{0.6463450119704, -0.6690105168531988, 0.3114289827186796, -0.7278371483261027, -0.3290713697201649,
			0.03192117897793883, 1.1935934937804489, -0.08587464572690093, 0.44744944914457513, -0.40068342802955226},
		[]float64{-1.7735686741073153, 1.8191899942627587, 2.0231193395325926},
		[]float64{0.2423321801916805, 1.6786444418749624, 0.821467862657067, 0.7647170470048155, -0.1342420586873793,
			-0.17715200411777127, 0.3760019337263947, -0.2648734098048825, 1.14935538590265, 0.783944997526731}},
}

// TestDrivenAgainstDiffrax compares states of an oscillator that ten knots drive, and the derivatives of their sum for
// parameters and knots, in every mode.
func TestDrivenAgainstDiffrax(t *testing.T) {
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	for interpolation, want := range peersOscillator {
		b := solver.Batch{Z0: []float64{1, -0.5}, Spans: []solver.Span{{T1: 6}}, Times: []float64{0.5, 1.1, 2, 4, 6},
			Signals: solver.Signals{Interpolation: interpolation,
				Times:  []float64{0, 0.4, 1.1, 1.5, 2.3, 3, 3.2, 4.1, 4.8, 6},
				Values: []float64{0, 1.2, -0.7, 0.3, 2.1, -1.4, 0.5, 0, 1.6, -0.8}}}
		o := solver.Objective{Cotangent: make([]float64, 2), Saved: slices.Repeat([]float64{1}, 10), ForSignals: true}
		for _, mode := range solver.Gradients() {
			spec := solver.AccurateSpec()
			spec.Gradient, spec.Controller.Rtol, spec.Controller.Atol = mode, 1e-10, 1e-11
			ode, err := neuralode.New(backend, oscillator(), nil, spec)
			if err != nil {
				t.Fatal(err)
			}
			d, err := ode.Differentiate(context.Background(), []float64{2, 0.3, 1.5}, b, o)
			if err == nil {
				err = errors.Join(d.Err(), ode.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprintf("%v, %v: ", interpolation, mode)
			differ(t, what+"states", d.Saved, want.states, 1e-8)
			differ(t, what+"∂L/∂θ", d.Theta, want.theta, 1e-7)
			differ(t, what+"∂L/∂u", d.Signals, want.u, 1e-7)
		}
	}
}

// differ fails where a number is further than that from what it should be.
func differ(t *testing.T, what string, got, want []float64, most float64) {
	t.Helper()
	for i, w := range want {
		if !(math.Abs(got[i]-w) <= most) {
			t.Errorf("%s: number %d is %v, want %v", what, i, got[i], w)
		}
	}
}
