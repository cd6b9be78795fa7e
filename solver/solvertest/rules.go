package solvertest

import (
	"math"

	"neuralode/solver"
)

// The numbers of this file come from other programs: what they make of rules that every implementation follows.

// ErrorSequence is a sequence of error norms, and by what the step is multiplied after each.
type ErrorSequence struct {
	Controller     solver.Controller
	Power          int // the order of the embedded method plus one
	Norms, Factors []float64
}

// ErrorSequences are those of PIDController.adapt_step_size of diffrax 0.7.2. Norms below 1 accept.
func ErrorSequences() []ErrorSequence {
	norms := []float64{0.5, 0.02, 3, 1.5, 0.9, 1e-7, 0.3, 40, 1e9, 1.2, 0.7}
	pid := func(p, i, d, safety, low, high float64) solver.Controller {
		c := solver.DefaultController()
		c.P, c.I, c.D, c.Safety, c.MinFactor, c.MaxFactor = p, i, d, safety, low, high
		return c
	}
	return []ErrorSequence{
		{pid(0, 1, 0, 0.9, 0.2, 10), 5, norms, []float64{1.0338285194973316, 1.9680517330979006, 0.7224674055842076,
			0.829897120333555, 1, 10, 1.1450336728854529, 0.4303586249055167, 0.2, 0.8677732536023646, 1}},
		{pid(0, 1, 0, 0.9, 0.2, 10), 3, norms, []float64{1.133928944905386, 3.3156283487763476, 0.6240251469155712,
			0.786222418262669, 1, 10, 1.3444214239671495, 0.263161596439158, 0.2, 0.8469324259929257,
			1.0136230923992455}},
		{pid(0.4, 0.3, 0, 0.9, 0.2, 10), 5, norms,
			[]float64{1, 1.4723664416397995, 0.5643232369424728, 0.6218306617949596, 1, 8.522792405120148,
				1, 0.4876674971882224, 0.2, 0.796758738586509, 1}},
		{pid(0.4, 0.3, 0, 0.9, 0.2, 10), 3, norms, []float64{1.0579931156552478, 2.044238254061073, 0.41341371738953825,
			0.4859876299061952, 1, 10, 1, 0.32412411608924363, 0.2, 0.7345979623032539, 1}},
		{pid(0.2, 0.5, 0.1, 0.9, 0.2, 10), 5, norms,
			[]float64{1.005558424264998, 1.5921915344440407, 0.5597654744105618, 0.625418764895815, 1, 10,
				1, 0.6252916240162292, 0.2, 0.9, 1.1945285205351235}},
		{pid(0.2, 0.5, 0.1, 0.9, 0.2, 10), 3, norms,
			[]float64{1.082722532473905, 2.328969732853056, 0.40786381216703477, 0.49067037734883656, 1, 10,
				1, 0.4905041419680546, 0.2, 0.9, 1.4426662304595155}},
		{pid(0.2, 0.5, 0.1, 0.8, 0.3, 2), 3, norms, []float64{1, 2, 0.36254561081514197, 0.4361514465322992, 1, 2,
			1, 0.4360036817493818, 0.3, 0.8, 1.282369982630681}},
	}
}

// FirstStep is a start from Z0, where the field is F0, and F1 at the end of an Euler step of size Probe: Step is the
// size of the first step.
type FirstStep struct {
	Z0, F0, F1  []float64
	Span        solver.Span
	Power       int // the order of the embedded method plus one
	Rtol, Atol  float64
	Probe, Step float64
}

// FirstSteps are those of select_initial_step of SciPy 1.17.1.
func FirstSteps() []FirstStep {
	return []FirstStep{
		{[]float64{1, 2}, []float64{3, -1}, []float64{2.5, -0.5}, solver.Span{T1: 10}, 5, 1e-3, 1e-6,
			0.004651004755042265, 0.041134430292214176},
		{[]float64{1, 2}, []float64{3, -1}, []float64{2.5, -0.5}, solver.Span{T1: 10}, 3, 1e-3, 1e-6,
			0.004651004755042265, 0.004901652037013009},
		{[]float64{0, 0}, []float64{1, 0}, []float64{1, 0.001}, solver.Span{T1: 10}, 5, 1e-3, 1e-6, 1e-6, 1e-4},
		{[]float64{1e-9, 0}, []float64{1, 1}, []float64{1, 2}, solver.Span{T1: 10}, 5, 1e-3, 1e-3, 1e-6, 1e-4},
		{[]float64{1, 1}, []float64{1e-9, 0}, []float64{1e-9, 1e-9}, solver.Span{T1: 10}, 5, 1e-3, 1e-3, 1e-6, 1e-4},
		{[]float64{1e-3, 1}, []float64{0, 0}, []float64{0, 0}, solver.Span{T1: 10}, 5, 1e-3, 1e-6, 1e-6, 1e-6},
		{[]float64{1, 1}, []float64{1e-3, 0}, []float64{1e-3, 0}, solver.Span{T1: 1e9}, 5, 1e-3, 1e-6,
			14.142135623730953, 0.42676600267078757},
		{[]float64{1, 1}, []float64{1e6, 0}, []float64{-1e6, 0}, solver.Span{T0: 5, T1: -5}, 5, 1e-6, 1e-9,
			1.4142135623730952e-08, 1.414213562373095e-06},
		{[]float64{1, 1}, []float64{1e-4, 0}, []float64{1e-4, 1}, solver.Span{T1: 0.25}, 5, 1e-6, 1e-9,
			0.25, 0.020406936673980462},
	}
}

// Norms are those of the start, of its slope and of the slope's change, scaled by the tolerances.
func (f FirstStep) Norms() (start, slope, change float64) {
	scaled := func(x func(i int) float64) float64 {
		sum := 0.0
		for i, z := range f.Z0 {
			e := x(i) / (f.Atol + f.Rtol*math.Abs(z))
			sum += e * e
		}
		return math.Sqrt(sum / float64(len(f.Z0)))
	}
	return scaled(func(i int) float64 { return f.Z0[i] }), scaled(func(i int) float64 { return f.F0[i] }),
		scaled(func(i int) float64 { return f.F1[i] - f.F0[i] })
}
