package solver_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"neuralode/solver"
)

// exact are the published coefficients: the fractions of Dormand and Prince (1980), with Shampine's (1986) lower-order
// weights, of Bogacki and Shampine (1989) and of the textbook methods; the first 40 decimals of those of Tsitouras
// (2011) that diffrax 0.7.2 has; and the fractions of Prince and Dormand (1981) that diffrax and torchdiffeq have,
// which are approximations. These two meet the order conditions within rounding. No lower-order weights: no error
// estimate.
var exact = map[string]struct {
	order, errorOrder int
	rounding          string
	a                 []string
	b, lower, c       string
}{
	"dopri5": {5, 4, "0",
		[]string{"", "1/5", "3/40 9/40", "44/45 -56/15 32/9", "19372/6561 -25360/2187 64448/6561 -212/729",
			"9017/3168 -355/33 46732/5247 49/176 -5103/18656", "35/384 0 500/1113 125/192 -2187/6784 11/84"},
		"35/384 0 500/1113 125/192 -2187/6784 11/84 0",
		"1951/21600 0 22642/50085 451/720 -12231/42400 649/6300 1/60", "0 1/5 3/10 4/5 8/9 1 1"},
	"bosh3": {3, 2, "0",
		[]string{"", "1/2", "0 3/4", "2/9 1/3 4/9"},
		"2/9 1/3 4/9 0", "7/24 1/4 1/3 1/8", "0 1/2 3/4 1"},
	"tsit5": {5, 4, "1e-38",
		[]string{
			"",
			"161/1000",
			"-0.8480655492356988544426874250230774675121e-2 0.3354806554923569885444268742502307746751",
			"2.8971530571054934321304325941929387649248 -6.3594484899750748431481599123838256259527 " +
				"4.3622954328695814110177273181908868610278",
			"5.3258648284392566044288779208405113178364 -11.748883564062827877747170339785772961887 " +
				"7.4955393428898362083046047845643581556586 -0.9249506636175524925650207933207191611349e-1",
			"5.8614554429464200286592514869826478903943 -12.920969317847109291706118681783359395417 " +
				"8.1593678985761586431804007945392534851819 -0.7158497328140099722453054252582973869127e-1 " +
				"-0.2826905039406838290900305721271224146717e-1",
			"0.9646076681806522951816731316512876333711e-1 1/100 0.4798896504144995747752495322905965199130 " +
				"1.3790085741037418931922748218568727707564 -3.2900695154360806799010475857113638501156 " +
				"2.3247105240997739824153559183987657961090",
		},
		"0.9646076681806522951816731316512876333711e-1 1/100 0.4798896504144995747752495322905965199130 " +
			"1.3790085741037418931922748218568727707564 -3.2900695154360806799010475857113638501156 " +
			"2.3247105240997739824153559183987657961090 0.0",
		"0.9468075576583945807478876255758922856117e-1 0.9183565540343253096776363936645313759813e-2 " +
			"0.4877705284247615707855642599631228241516 1.2342975669304789856551096738842376540355 " +
			"-2.7077123499835254548811099750593216706896 1.8666284181705870357537193995662114986662 1/66",
		"0 161/1000 327/1000 9/10 0.9800255409045096857298102862870245954942 1 1"},
	"heun": {2, 1, "0", []string{"", "1", "1/2 1/2"}, "1/2 1/2 0", "1 0 0", "0 1 1"},
	"dopri8": {8, 7, "1e-15",
		[]string{
			"",
			"1/18",
			"1/48 1/16",
			"1/32 0 3/32",
			"5/16 0 -75/64 75/64",
			"3/80 0 0 3/16 3/20",
			"29443841/614563906 0 0 77736538/692538347 -28693883/1125000000 23124283/1800000000",
			"16016141/946692911 0 0 61564180/158732637 22789713/633445777 545815736/2771057229 " +
				"-180193667/1043307555",
			"39632708/573591083 0 0 -433636366/683701615 -421739975/2616292301 100302831/723423059 " +
				"790204164/839813087 800635310/3783071287",
			"246121993/1340847787 0 0 -37695042795/15268766246 -309121744/1061227803 -12992083/490766935 " +
				"6005943493/2108947869 393006217/1396673457 123872331/1001029789",
			"-1028468189/846180014 0 0 8478235783/508512852 1311729495/1432422823 -10304129995/1701304382 " +
				"-48777925059/3047939560 15336726248/1032824649 -45442868181/3398467696 3065993473/597172653",
			"185892177/718116043 0 0 -3185094517/667107341 -477755414/1098053517 -703635378/230739211 " +
				"5731566787/1027545527 5232866602/850066563 -4093664535/808688257 3962137247/1805957418 " +
				"65686358/487910083",
			"403863854/491063109 0 0 -5068492393/434740067 -411421997/543043805 652783627/914296604 " +
				"11173962825/925320556 -13158990841/6184727034 3936647629/1978049680 -160528059/685178525 " +
				"248638103/1413531060 0",
			"14005451/335480064 0 0 0 0 -59238493/1068277825 181606767/758867731 561292985/797845732 " +
				"-1041891430/1371343529 760417239/1151165299 118820643/751138087 -528747749/2220607170 1/4",
		},
		"14005451/335480064 0 0 0 0 -59238493/1068277825 181606767/758867731 561292985/797845732 " +
			"-1041891430/1371343529 760417239/1151165299 118820643/751138087 -528747749/2220607170 1/4 0",
		"13451932/455176623 0 0 0 0 -808719846/976000145 1757004468/5645159321 656045339/265891186 " +
			"-3867574721/1518517206 465885868/322736535 53011238/667516719 2/45 0 0",
		"0 1/18 1/12 1/8 5/16 3/8 59/400 93/200 5490023248/9719169821 13/20 1201146811/1299019798 1 1 1"},
	"midpoint": {2, 1, "0", []string{"", "1/2", "0 1"}, "0 1 0", "1 0 0", "0 1/2 1"},
	"ralston":  {2, 1, "0", []string{"", "2/3", "1/4 3/4"}, "1/4 3/4 0", "1 0 0", "0 2/3 1"},
	"rk4":      {4, 0, "0", []string{"", "1/2", "0 1/2", "0 0 1", "1/6 1/3 1/3 1/6"}, "1/6 1/3 1/3 1/6 0", "", "0 1/2 1/2 1 1"},
	"euler":    {1, 0, "0", []string{"", "1"}, "1 0", "", "0 1"},
}

func rationals(t *testing.T, s string) []*big.Rat {
	t.Helper()
	var out []*big.Rat
	for _, f := range strings.Fields(s) {
		r, ok := new(big.Rat).SetString(f)
		if !ok {
			t.Fatalf("%q is no fraction", f)
		}
		out = append(out, r)
	}
	return out
}

// tableaus are the methods that have one: the explicit ones.
func tableaus(t *testing.T) []*solver.Tableau {
	t.Helper()
	var all []*solver.Tableau
	for _, m := range solver.Methods() {
		if tab, ok := m.(*solver.Tableau); ok {
			all = append(all, tab)
		}
	}
	return all
}

// TestTableausAreTheFractions compares the float64 coefficients with the published fractions, each to the bit or, where
// a difference of two is taken, to rounding.
func TestTableausAreTheFractions(t *testing.T) {
	for _, tab := range tableaus(t) {
		want, ok := exact[tab.Name]
		if !ok {
			t.Fatalf("no fractions for %s", tab.Name)
		}
		compare := func(what string, got []float64, fractions []*big.Rat, tolerance float64) {
			t.Helper()
			if len(got) != len(fractions) {
				t.Fatalf("%s %s has %d numbers, want %d", tab.Name, what, len(got), len(fractions))
			}
			for i, f := range fractions {
				if x, _ := f.Float64(); math.Abs(got[i]-x) > tolerance {
					t.Errorf("%s %s[%d] is %v, want %v", tab.Name, what, i, got[i], x)
				}
			}
		}
		compare("c", tab.C, rationals(t, want.c), 0)
		for i, row := range want.a {
			compare("a", tab.A[i], rationals(t, row), 0)
		}
		b := rationals(t, want.b)
		compare("b", tab.B, b, 0)
		if want.errorOrder > 0 {
			lower := rationals(t, want.lower)
			for i := range b {
				lower[i].Sub(b[i], lower[i])
			}
			compare("e", tab.E, lower, 1e-15)
		}
		if err := tab.Check(); err != nil {
			t.Error(err)
		}
	}
}

// TestOrderConditions checks the conditions of all rooted trees in exact arithmetic: the method and the embedded one
// meet those up to their order, and not all of the next.
func TestOrderConditions(t *testing.T) {
	for _, tab := range tableaus(t) {
		x := exact[tab.Name]
		w := weights{rounding: rationals(t, x.rounding)[0]}
		for _, row := range x.a {
			w.a = append(w.a, rounded(rationals(t, row)))
		}
		if got := w.order(rounded(rationals(t, x.b)), x.order+1); got != x.order || tab.Order != x.order {
			t.Errorf("%s has order %d and says %d, want %d", tab.Name, got, tab.Order, x.order)
		}
		if got := w.order(rounded(rationals(t, x.lower)), x.errorOrder+1); got != x.errorOrder ||
			tab.ErrorOrder != x.errorOrder {
			t.Errorf("the embedded method of %s has order %d and says %d, want %d", tab.Name, got, tab.ErrorOrder,
				x.errorOrder)
		}
	}
}

// TestDenseConditions checks the same of the dense output at places within a step, where a tree of n nodes has the
// condition Σ b_i(x) Φ_i = xⁿ/γ.
func TestDenseConditions(t *testing.T) {
	for _, tab := range tableaus(t) {
		order := 100
		for _, x := range []float64{0.1, 0.3, 0.5, 0.8, 0.95} {
			b := make([]float64, tab.Stages())
			for i, p := range tab.Dense {
				b[i] = solver.Polynomial(p, x)
			}
			order = min(order, denseOrder(tab, b, x, tab.DenseOrder+1))
		}
		if order != tab.DenseOrder {
			t.Errorf("the dense output of %s has order %d and says %d", tab.Name, order, tab.DenseOrder)
		}
	}
}

// TestOrdersAsSlopes halves the step: the largest errors at the ends of steps and within them fall as the orders say.
func TestOrdersAsSlopes(t *testing.T) {
	f := func(t float64, z, dz []float64) { dz[0] = z[0] * z[0] * math.Cos(t) }
	for _, m := range solver.Methods() {
		if _, chooses := m.(*solver.Auto); chooses {
			continue // it takes no constant steps
		}
		orders, step := m.Orders(), 1./32
		if orders.Result > 5 {
			step = 1. / 4 // at much smaller ones it is exact to rounding
		}
		coarse, coarseWithin := largestErrors(f, m, step)
		fine, fineWithin := largestErrors(f, m, step/2)
		if slope := math.Log2(coarse / fine); math.Abs(slope-float64(orders.Result)) > 0.4 {
			t.Errorf("the error of %v falls with the power %.2f of the step, want %d", m, slope, orders.Result)
		}
		want := min(orders.Result, orders.Dense+1) // one more, since the error within a step does not add up
		if slope := math.Log2(coarseWithin / fineWithin); math.Abs(slope-float64(want)) > 0.4 {
			t.Errorf("the error of %v within steps falls with the power %.2f, want %d", m, slope, want)
		}
	}
}

// largestErrors are those of z = 1/(1.5 − sin t) up to 5, at the ends of steps of that size and within them.
func largestErrors(f solver.FieldFunc, m solver.Method, step float64) (ends, within float64) {
	s := spec(1e-3, 1e-6)
	s.Method, s.Controller.Step = m, step
	solver.Integrate(f, []float64{1 / 1.5}, solver.Span{T1: 5}, nil, s, func(st solver.Step) {
		ends = max(ends, math.Abs(st.Z1[0]-1/(1.5-math.Sin(st.End))))
		for _, x := range []float64{0.2, 0.5, 0.7} {
			z := []float64{0}
			st.At(x, z)
			within = max(within, math.Abs(z[0]-1/(1.5-math.Sin(st.T+x*st.H))))
		}
	})
	return ends, within
}

func TestBrokenTableausAreReported(t *testing.T) {
	for what, spoil := range map[string]func(*solver.Tableau){
		"sum of B":        func(tab *solver.Tableau) { tab.B[0] += 1e-3 },
		"error order":     func(tab *solver.Tableau) { tab.ErrorOrder = 0 },
		"order 0":         func(tab *solver.Tableau) { tab.Order = 0 },
		"dense order 0":   func(tab *solver.Tableau) { tab.DenseOrder = 0 },
		"incomplete":      func(tab *solver.Tableau) { tab.Dense = nil },
		"dense output of": func(tab *solver.Tableau) { tab.Dense[2][1]++ },
		"next step":       func(tab *solver.Tableau) { tab.C[6] = 0.5 },
	} {
		tab := solver.Dopri5()
		spoil(tab)
		if err := tab.Check(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("want a report of the %s: %v", what, err)
		}
	}
	if _, err := solver.MethodNamed("rk45"); err == nil || !strings.Contains(err.Error(), "dopri5") {
		t.Errorf("an unknown method gives %v", err)
	}
}
