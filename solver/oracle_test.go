package solver_test

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/solver"
	"neuralode/solver/solvertest"
)

// The numbers of this file come from other programs and from exact arithmetic: each rule of the package meets one that
// somebody else wrote.

// agree fails where got is not want to 12 digits.
func agree(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12*math.Abs(want)) {
		t.Errorf("%s is %.17g, want %.17g", what, got, want)
	}
}

// TestNextAgainstDiffrax takes sequences of error norms through the controller.
func TestNextAgainstDiffrax(t *testing.T) {
	for _, x := range solvertest.ErrorSequences() {
		c := x.Controller
		var history solver.Errors
		for k, norm := range x.Norms {
			what := fmt.Sprintf("P %v, I %v, D %v, power %d: error %v", c.P, c.I, c.D, x.Power, norm)
			accept, factor := c.Next(norm, x.Power, &history)
			if accept != (norm < 1) {
				t.Errorf("%s: accepted is %v", what, accept)
			}
			agree(t, what+": the factor", factor, x.Factors[k])
		}
	}
}

// TestStartAgainstSciPy compares where the starting rule looks, and the step that it chooses.
func TestStartAgainstSciPy(t *testing.T) {
	for _, x := range solvertest.FirstSteps() {
		start, slope, change := x.Norms()
		probe := solver.StartProbe(start, slope, x.Span)
		agree(t, fmt.Sprintf("the probe for %v", x), probe, x.Probe)
		agree(t, fmt.Sprintf("the step for %v", x), solver.StartStep(probe, slope, change, x.Power), x.Step)

		var looked []float64 // the whole rule, as Integrate applies it
		s := spec(x.Rtol, x.Atol)
		s.Controller.MaxSteps = 1
		if s.Method = solver.Dopri5(); x.Power == 3 {
			s.Method = solver.Bosh3()
		}
		path := solver.Integrate(func(at float64, _, dz []float64) {
			if looked = append(looked, at); len(looked) == 2 {
				copy(dz, x.F1)
			} else {
				copy(dz, x.F0)
			}
		}, x.Z0, x.Span, nil, s, nil)
		if at := x.Span.T0 + math.Copysign(x.Probe, x.Span.T1-x.Span.T0); math.Abs(looked[1]-at) > 1e-15*math.Abs(at) {
			t.Errorf("%v is probed at %v, want %v", x, looked[1], at)
		}
		agree(t, fmt.Sprintf("the first step of %v", x), math.Abs(path.End.H), x.Step)
	}
}

// dense are the weights of the stages at five places of a step: for dopri5 and dopri8 what diffrax 0.7.2 makes of unit
// slopes, for bosh3 SciPy 1.17.1's RK23.P, for tsit5 and heun the polynomials in diffrax's source, in its factors, and
// for the others SciPy's CubicHermiteSpline through both ends.
var (
	densePlaces = []float64{0.1, 0.25, 0.5, 0.9, 1}
	dense       = map[string][][]float64{
		"dopri5": {
			{0.07442324105370443, 0.11524482517522178, 0.10013431883002377, 0.08846490772037041, 35. / 384},
			{0, 0, 0, 0, 0},
			{0.034249554675449205, 0.1642510636362518, 0.39183217941842585, 0.4583286202639485, 500. / 1113},
			{-0.027823601722200216, -0.09815654682667918, -0.029824601765948366, 0.5867597316111323, 125. / 192},
			{0.01950111916129049, 0.07344665680263984, 0.05893268337240787, -0.28482199404625685, -2187. / 6784},
			{-0.01064831151564687, -0.041669672170259645, -0.044978888091043556, 0.11297073610340097, 11. / 84},
			{0.010297998347402965, 0.03688367338282536, 0.023904308236133986, -0.06170200165259688, 0},
		},
		"bosh3": {
			{0.08722222222222223, 0.17534722222222224, 0.23611111111111113, 0.225, 2. / 9},
			{0.009333333333333336, 0.052083333333333336, 0.16666666666666669, 0.324, 1. / 3},
			{0.012444444444444447, 0.06944444444444445, 0.2222222222222222, 0.432, 4. / 9},
			{-0.009, -0.046875, -0.125, -0.081, 0},
		},
		"tsit5": {
			{0.07517088463930073, 0.11867435231703674, 0.10741235230096871, 0.09422984851555426, 0.09646076681806515},
			{0.0011037700000000002, 0.005137890625, 0.01135625, 0.010543770000000011, 0.010000000000000012},
			{0.03361099122538114, 0.1625438733884424, 0.39560903056045305, 0.486626821216669, 0.47988965041449955},
			{-0.09542739332797895, -0.3662991524963064, -0.34475214352593553, 1.2063567006259535, 1.379008574103742},
			{0.29165218146662597, 1.151612957218478, 1.3161853649581645, -2.814173441105036, -3.2900695154360826},
			{-0.21736043400332888, -0.8626855460526504, -1.0170608542936508, 1.977166300746858, 2.324710524099774},
			{0.011250000000000003, 0.041015625, 0.031249999999999993, -0.06075, 0.0},
		},
		"heun": {
			{0.095, 0.21875, 0.375, 0.495, 0.5},
			{0.014000000000000002, 0.078125, 0.25, 0.486, 0.5},
			{-0.009000000000000001, -0.046875, -0.125, -0.08099999999999996, 0.0},
		},
		"dopri8": {
			{0.05029777118269294, 0.04694156470786626, 0.04103130360739393, 0.037828746839043005, 0.041747491141356896},
			{0.0, 0.0, 0.0, 0.0, 0.0},
			{0.0, 0.0, 0.0, 0.0, 0.0},
			{0.0, 0.0, 0.0, 0.0, 0.0},
			{0.0, 0.0, 0.0, 0.0, 0.0},
			{-0.03494048968632635, -0.03040595035027044, 0.05100562801991382, -0.10277573118210516, -0.05545232861221727},
			{0.06805561106127289, 0.20211674849956845, 0.2388930677412202, 0.2549782461052726, 0.23931280720172232},
			{0.00613645528316771, 0.05459111737141025, 0.3096870143996103, 0.7054816735154703, 0.7035106694035569},
			{0.014395989770403003, -0.030992865981180784, -0.2172325471755352, -0.6467720139496952, -0.7597596138137099},
			{-0.001879006804149301, 0.008190780883064228, 0.07833405679331928, 0.5708053900949134, 0.6605630309221873},
			{-0.004869911555680819, -0.0010528838505821925, -0.0018614369715579948, 0.109569803177908, 0.1581874825097127},
			{0.02671580540243275, 0.04099275828751303, 0.007072844202678841, -0.15552572873042922, -0.23810953875237217},
			{-0.032948465036744604, -0.03911724359569668, 0.00690847373200576, 0.14401337374680964, 0.24999999999992895},
			{0.009036240382931765, -0.001264025971691951, -0.013838404349047373, -0.017603759617180807, -1.5631940186722204e-13},
		},
		"midpoint": {
			{0.081, 0.140625, 0.125, 0.009000000000000008, 0.0},
			{0.028000000000000004, 0.15625, 0.5, 0.972, 1.0},
			{-0.009000000000000001, -0.046875, -0.125, -0.08099999999999996, 0.0},
		},
		"ralston": {
			{0.08800000000000001, 0.1796875, 0.25, 0.2519999999999999, 0.25},
			{0.021000000000000005, 0.1171875, 0.375, 0.7290000000000001, 0.75},
			{-0.009000000000000001, -0.046875, -0.125, -0.08099999999999996, 0.0},
		},
		"rk4": {
			{0.08566666666666667, 0.16666666666666666, 0.20833333333333334, 0.17100000000000004, 0.16666666666666674},
			{0.009333333333333336, 0.052083333333333336, 0.16666666666666669, 0.324, 0.33333333333333337},
			{0.009333333333333336, 0.052083333333333336, 0.16666666666666669, 0.324, 0.33333333333333337},
			{0.004666666666666668, 0.026041666666666668, 0.08333333333333334, 0.162, 0.16666666666666669},
			{-0.009000000000000001, -0.046875, -0.125, -0.08099999999999996, 0.0},
		},
		"euler": {
			{0.10900000000000001, 0.296875, 0.625, 0.9809999999999999, 1.0},
			{-0.009000000000000001, -0.046875, -0.125, -0.08099999999999996, 0.0},
		},
	}
)

func TestDenseOutputAgainstOthers(t *testing.T) {
	for _, tab := range tableaus(t) {
		weights, rounding := dense[tab.Name], 1e-14
		if tab.Name == "dopri8" {
			rounding = 2e-12 // the decimals of diffrax miss the result by so much, ours do not
		}
		step := solver.Step{T: 3, H: 0.5, Z0: []float64{2}, K: make([][]float64, tab.Stages()), Dense: tab.Dense}
		for i := range step.K {
			step.K[i] = []float64{float64(i*i) - 3}
		}
		for at, x := range densePlaces {
			want := 2.0
			for i, w := range weights {
				if got := solver.Polynomial(tab.Dense[i], x); math.Abs(got-w[at]) > rounding {
					t.Errorf("%s: the weight of stage %d at %v is %v, want %v", tab.Name, i, x, got, w[at])
				}
				want += 0.5 * w[at] * step.K[i][0]
			}
			got := []float64{0}
			step.At(x, got)
			if math.Abs(got[0]-want) > 200*rounding {
				t.Errorf("%s at %v is %v, want %v", tab.Name, x, got[0], want)
			}
		}
	}
	if got := solver.Polynomial([]float64{2, -3, 0.5}, 2); got != 2*2-3*4+0.5*8 {
		t.Errorf("2x − 3x² + x³/2 at 2 is %v", got)
	}
}

// TestAdamAgainstOptax takes four gradients through adam of optax 0.2.8, alone (torch.optim.Adam of PyTorch 2.15 gives
// the same to the bit) and after clip_by_global_norm, with a rate of 0.1, betas of 0.8 and 0.95 and an epsilon of 1e-3.
func TestAdamAgainstOptax(t *testing.T) {
	gradients := [][]float64{{0.3, -0.4, 0}, {3, 4, -1}, {0.1, 0.1, 0.2}, {-2, 0.5, 1}}
	for _, x := range []struct {
		clip  float64
		theta [][]float64
		m, v  []float64
	}{
		{0, [][]float64{
			{0.9003322259136213, -1.9002493765586035, 0.5},
			{0.8169805682393978, -1.9712608612324256, 0.5774709290892502},
			{0.7536284780353124, -2.0250090797704647, 0.6191406016768036},
			{0.7507618442874048, -2.074704401372879, 0.5948180167633119}},
			[]float64{0.03072, 0.58704, 0.104}, []float64{0.6104581875, 0.741834, 0.097025}},
		{0.5, [][]float64{
			{0.9003322259136213, -1.9002493765586035, 0.5},
			{0.8007560939432639, -1.9103565409936025, 0.5764898359317204},
			{0.7134619361367103, -1.9302172127917978, 0.5388194261178213},
			{0.7150511777861251, -1.9582735157343643, 0.47220868586761183}},
			[]float64{-0.002912858147865599, 0.04706751961897435, 0.06309214539835468},
			[]float64{0.017762045100732617, 0.014871545787545801, 0.004714846611721616}},
	} {
		o := solver.Optimizer{Rate: 0.1, Beta1: 0.8, Beta2: 0.95, Epsilon: 1e-3, ClipNorm: x.clip}
		rates := []float64{0.1, 0.1, 0.1, 0.1}
		state := updated(t, fmt.Sprintf("clip %v", x.clip), o, gradients, rates, x.theta)
		for i := range x.m {
			agree(t, fmt.Sprintf("clip %v: m%d", x.clip, i), state.M[i], x.m[i])
			agree(t, fmt.Sprintf("clip %v: v%d", x.clip, i), state.V[i], x.v[i])
		}
	}
}

// updated compares the updates of θ = (1, −2, 0.5) with those wanted.
func updated(t *testing.T, what string, o solver.Optimizer, gradients [][]float64,
	rates []float64, want [][]float64) solver.OptimizerState {
	t.Helper()
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	state := solver.NewOptimizerState([]float64{1, -2, 0.5})
	for k, g := range gradients {
		o.Update(&state, g, math.Sqrt(g[0]*g[0]+g[1]*g[1]+g[2]*g[2]), rates[k])
		for i := range g {
			agree(t, fmt.Sprintf("%s: θ%d after %d updates", what, i, k+1), state.Theta[i], want[k][i])
		}
	}
	if state.Step != int64(len(gradients)) {
		t.Errorf("%s: %d updates, want %d", what, state.Step, len(gradients))
	}
	return state
}

// TestUpdatesAgainstOthers takes four gradients, each with a learning rate of its own, through AdamW and SGD of
// torch.optim (PyTorch 2.15), and those with clipping through optax 0.2.8, where the decay of SGD is
// add_decayed_weights before it. The two agree where both were asked.
func TestUpdatesAgainstOthers(t *testing.T) {
	gradients := [][]float64{{0.3, -0.4, 0}, {3, 4, -1}, {0.1, 0.1, 0.2}, {-2, 0.5, 1}}
	rates := []float64{0.1, 0.05, 0.2, 0.02}
	adamw := solver.Optimizer{Rule: solver.AdamW, Rate: 1, Beta1: 0.8, Beta2: 0.95, Epsilon: 1e-3, WeightDecay: 0.25}
	clipped := adamw
	clipped.ClipNorm = 0.5
	sgd := func(momentum, decay float64) solver.Optimizer {
		return solver.Optimizer{Rule: solver.SGD, Rate: 1, Momentum: momentum, WeightDecay: decay}
	}
	nesterov, all := sgd(0.75, 0), sgd(0.75, 0.25)
	nesterov.Nesterov, all.Nesterov, all.ClipNorm = true, true, 0.5
	for _, x := range []struct {
		what  string
		o     solver.Optimizer
		theta [][]float64
	}{
		{"adamw", adamw, [][]float64{
			{0.8753322259136213, -1.8502493765586034, 0.4875},
			{0.8227147442525893, -1.862627001688532, 0.5201417145446252},
			{0.654874826631789, -1.8769920886801836, 0.5774739739925008},
			{0.6510271257490485, -1.8775461925572656, 0.56972208713984}}},
		{"adamw, clipped", clipped, [][]float64{
			{0.8753322259136213, -1.8502493765586034, 0.4875},
			{0.8146025071045223, -1.8321748415691204, 0.5196511679658602},
			{0.5992840661361889, -1.780287443087055, 0.4183277899397689},
			{0.596605494135391, -1.776997266460133, 0.40291400294002816}}},
		{"sgd", sgd(0, 0), [][]float64{{0.97, -1.96, 0.5}, {0.82, -2.16, 0.55}, {0.8, -2.18, 0.51}, {0.84, -2.19, 0.49}}},
		{"sgd, momentum", sgd(0.75, 0), [][]float64{
			{0.97, -1.96, 0.5}, {0.80875, -2.145, 0.55}, {0.305, -2.72, 0.66}, {0.30721875, -2.773125, 0.64825}}},
		{"sgd, Nesterov", nesterov, [][]float64{
			{0.9475, -1.93, 0.5}, {0.6765625, -2.26875, 0.5875}, {0.27875, -2.72, 0.63}, {0.3204140625, -2.76984375, 0.6011875}}},
		{"sgd, momentum, decay", sgd(0.75, 0.25), [][]float64{
			{0.945, -1.91, 0.4875}, {0.7625625, -2.052375, 0.52671875}, {0.157121875, -2.39688125, 0.5780390625},
			{0.15092821875, -2.4207348125, 0.558997890625}}},
		{"sgd, Nesterov, decay, clipped", all, [][]float64{
			{0.90375, -1.8425, 0.478125},
			{0.8427714760131133, -1.8112031361491823, 0.4727304715372956},
			{0.6291101553073973, -1.6040911796422201, 0.34840394725430507},
			{0.6275164877470976, -1.5836328099220178, 0.33316603650461074}}},
	} {
		updated(t, x.what, x.o, gradients, rates, x.theta)
	}
}

// TestSchedulesAgainstOptax lists learning rates of optax 0.2.8: warmup_constant_schedule, warmup_cosine_decay_schedule
// and warmup_exponential_decay_schedule with a peak of 0.3, a warm-up of 5 of 25 iterations from 0, and an end at 0.03;
// cosine_decay_schedule to 0 and exponential_decay by 0.1 over 25 iterations.
func TestSchedulesAgainstOptax(t *testing.T) {
	at := []int{0, 1, 4, 5, 6, 12, 25, 30}
	for _, x := range []struct {
		s    solver.Schedule
		want []float64
	}{
		{solver.Schedule{Rate: 0.3}, []float64{0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3}},
		{solver.Schedule{Rate: 0.3, Warmup: 5}, []float64{0, 0.06, 0.24, 0.3, 0.3, 0.3, 0.3, 0.3}},
		{solver.Schedule{Decline: solver.CosineRate, Rate: 0.3, Final: 0.03, Warmup: 5, Iterations: 25},
			[]float64{0, 0.06, 0.24, 0.3, 0.2983379259803436, 0.2262887174648388, 0.03, 0.03}},
		{solver.Schedule{Decline: solver.CosineRate, Rate: 0.3, Iterations: 25}, []float64{0.3, 0.2988172051971717,
			0.2814460020065795, 0.27135254915624213, 0.2593452941132117, 0.159418577929397, 0, 0}},
		{solver.Schedule{Decline: solver.ExponentialRate, Rate: 0.3, Final: 0.03, Warmup: 5, Iterations: 25},
			[]float64{0, 0.06, 0.24, 0.3, 0.2673752814401237, 0.13400507764528893, 0.03, 0.03}},
		{solver.Schedule{Decline: solver.ExponentialRate, Rate: 0.3, Final: 0.03, Iterations: 25}, []float64{0.3,
			0.2736032518067729, 0.20754929127568095, 0.18928720334405796, 0.17263198120114706, 0.09933933644477733,
			0.03, 0.03}},
	} {
		if err := x.s.Check(); err != nil {
			t.Error(err)
		}
		for i, k := range at {
			agree(t, fmt.Sprintf("%v, warm-up %d: iteration %d", x.s.Decline, x.s.Warmup, k), x.s.At(k), x.want[i])
		}
	}
}

// TestCorrections compares with 1/(1 − βⁿ) in 200 bits.
func TestCorrections(t *testing.T) {
	exact := func(beta float64, n int64) float64 {
		one, power := big.NewFloat(1).SetPrec(200), big.NewFloat(1).SetPrec(200)
		for range n {
			power.Mul(power, big.NewFloat(beta))
		}
		x, _ := new(big.Float).Quo(one, new(big.Float).SetPrec(200).Sub(one, power)).Float64()
		return x
	}
	o := solver.DefaultOptimizer(1)
	for _, n := range []int64{1, 2, 10, 1000, 50000} {
		m, v := o.Corrections(n)
		agree(t, fmt.Sprintf("the correction of m at %d", n), m, exact(0.9, n))
		agree(t, fmt.Sprintf("the correction of v at %d", n), v, exact(0.999, n))
	}
}

// TestClipScale lists what shortens a gradient to the clipping norm.
func TestClipScale(t *testing.T) {
	for _, x := range []struct{ clip, norm, want float64 }{
		{0, 1e9, 1}, {2, 1, 1}, {2, 2, 1}, {2, 4, 0.5}, {0.5, 200, 0.0025}, {2, 0, 1}, {3, math.Inf(1), 0},
	} {
		if got := (solver.Optimizer{ClipNorm: x.clip}).ClipScale(x.norm); got != x.want {
			t.Errorf("a norm of %v clipped to %v is scaled by %v, want %v", x.norm, x.clip, got, x.want)
		}
	}
}

// TestSmallestStep lists four spacings of float64, or up to twice as many, and four of the smallest numbers of the
// precision at zero.
func TestSmallestStep(t *testing.T) {
	for _, x := range []struct {
		at             float64
		single, double float64
	}{
		{0, 4 * 0x1p-149, 4 * 0x1p-1074},
		{1, 4 * 0x1p-52, 4 * 0x1p-52},
		{-1, 4 * 0x1p-52, 4 * 0x1p-52},
		{1.5, 6 * 0x1p-52, 6 * 0x1p-52},
		{-0x1p30, 4 * 0x1p-22, 4 * 0x1p-22},
		{0x1p-100, 4 * 0x1p-149, 4 * 0x1p-152},
		{0x1p-90, 4 * 0x1p-142, 4 * 0x1p-142},
	} {
		for p, want := range map[solver.Precision]float64{solver.Float32: x.single, solver.TF32: x.single,
			solver.Float64: x.double} {
			got := solver.SmallestStep(x.at, p)
			if got != want || x.at != 0 && x.at+got/2 == x.at {
				t.Errorf("the smallest step of %v at %v is %v, want %v", p, x.at, got, want)
			}
		}
	}
}

// TestClipStep lists steps and what is left of the span.
func TestClipStep(t *testing.T) {
	for _, x := range []struct {
		t, h, t1 float64
		want     float64
		last     bool
	}{
		{0, 0.25, 1, 0.25, false},
		{0, 1, 1, 1, true},
		{0, 2, 1, 1, true},
		{0, -2, -1, -1, true},
		{0, -0.25, -1, -0.25, false},
		{0, 1 - 1e-13, 1, 1, true},
		{0, 1 - 1e-11, 1, 1 - 1e-11, false},
		{1, 1e-300, 2, 4 * 0x1p-52, false},
		{1, -1e-300, 0, -4 * 0x1p-52, false},
		{1, 1e-300, 1 + 0x1p-52, 0x1p-52, true},
		{1, 5.7 * 0x1p-52, 1 + 6*0x1p-52, 6 * 0x1p-52, true}, // rounds to t1
		{1, 5.2 * 0x1p-52, 1 + 6*0x1p-52, 5.2 * 0x1p-52, false},
	} {
		if got, last := solver.ClipStep(x.t, x.h, x.t1, solver.Float64); got != x.want || last != x.last {
			t.Errorf("%v from %v towards %v is %v, last %v; want %v, %v", x.h, x.t, x.t1, got, last, x.want, x.last)
		}
	}
}

// TestMeanLoss differentiates the squared distance of z(1) from labels for z' = z² from starts of which one blows up:
// 1/3 and −1/2 arrive, with losses 4/9 and 9/4. The sample that does not arrive counts for nothing, whatever its
// weight.
func TestMeanLoss(t *testing.T) {
	field, err := graph.LowerField(graph.Field{Dim: 1,
		Func: func(_, z *gorgonia.Node, _ []*gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Square(z) }})
	if err != nil {
		t.Fatal(err)
	}
	head, err := graph.LowerHead(graph.Head{Dim: 1, Readout: graph.Component(0), Loss: graph.MeanSquaredError()})
	if err != nil {
		t.Fatal(err)
	}
	s := spec(1e-10, 1e-12)
	s.Gradient, s.Precision = solver.Discrete, solver.Float64
	p, err := solver.Reference().Compile(solver.Model{Field: field, Head: head}, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		z0, weight []float64
		want       float64
	}{
		{[]float64{0.25, -1}, nil, (4./9 + 9./4) / 2},
		{[]float64{0.25, 2, -1}, nil, (4./9 + 9./4) / 3},
		{[]float64{0.25, 2, -1}, []float64{0.5, 7, 0.25}, 4./18 + 9./16},
	} {
		labels := make([]float64, len(x.z0))
		for i := range labels {
			labels[i] = 1
		}
		d, err := p.Differentiate(context.Background(), nil, solver.Batch{Z0: x.z0, Spans: []solver.Span{{T1: 1}}},
			solver.Objective{Labels: labels, Weight: x.weight})
		if err != nil {
			t.Fatal(err)
		}
		for i, loss := range d.Losses {
			if blows := x.z0[i] == 2; math.IsNaN(loss) != blows {
				t.Errorf("the loss of %v is %v", x.z0[i], loss)
			}
		}
		if math.Abs(d.Loss-x.want) > 1e-7 {
			t.Errorf("the loss of %v with weights %v is %v, want %v", x.z0, x.weight, d.Loss, x.want)
		}
	}
}
