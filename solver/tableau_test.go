package solver_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"neuralode/solver"
)

// exact are the published coefficients: the fractions of Dormand and Prince (1980), with Shampine's (1986) lower-order
// weights, of Bogacki and Shampine (1989) and of Heun's method, and the first 40 decimals of those of Tsitouras (2011) that
// diffrax 0.7.2 has, which meet the order conditions within rounding.
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

// TestTableausAreTheFractions compares the float64 coefficients with the published fractions, each to the bit or, where
// a difference of two is taken, to rounding.
func TestTableausAreTheFractions(t *testing.T) {
	for _, tab := range solver.Tableaus() {
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
		b, lower := rationals(t, want.b), rationals(t, want.lower)
		compare("b", tab.B, b, 0)
		for i := range b {
			lower[i].Sub(b[i], lower[i])
		}
		compare("e", tab.E, lower, 1e-15)
		if err := tab.Check(); err != nil {
			t.Error(err)
		}
	}
}

// TestOrderConditions checks the rooted-tree conditions of order 1 to 5 in exact arithmetic: the method and the embedded one
// meet those up to their order, and not all of the next.
func TestOrderConditions(t *testing.T) {
	for name, x := range exact {
		var a [][]*big.Rat
		for _, row := range x.a {
			a = append(a, rationals(t, row))
		}
		c := rationals(t, x.c)
		rounding := rationals(t, x.rounding)[0]
		if got := orderOf(a, rationals(t, x.b), c, rounding); got != x.order {
			t.Errorf("%s has order %d, want %d", name, got, x.order)
		}
		if got := orderOf(a, rationals(t, x.lower), c, rounding); got != x.errorOrder {
			t.Errorf("the embedded method of %s has order %d, want %d", name, got, x.errorOrder)
		}
		tab, err := solver.TableauNamed(name)
		if err != nil || tab.Order != x.order || tab.ErrorOrder != x.errorOrder {
			t.Errorf("%s says order %d and %d, want %d and %d; %v", name, tab.Order, tab.ErrorOrder, x.order, x.errorOrder, err)
		}
	}
}

// orderOf is the largest p up to 5 for which all conditions Σ b_i Φ_i = 1/γ of trees with at most p nodes hold
// (Hairer, Nørsett and Wanner, Solving ODEs I, II.2, table 2.1), within rounding.
func orderOf(a [][]*big.Rat, b, c []*big.Rat, rounding *big.Rat) int {
	n := len(b)
	one := make([]*big.Rat, n)
	for i := range one {
		one[i] = big.NewRat(1, 1)
	}
	times := func(x, y []*big.Rat) []*big.Rat {
		z := make([]*big.Rat, n)
		for i := range z {
			z[i] = new(big.Rat).Mul(x[i], y[i])
		}
		return z
	}
	apply := func(x []*big.Rat) []*big.Rat {
		z := make([]*big.Rat, n)
		for i := range z {
			z[i] = new(big.Rat)
			for j, w := range a[i] {
				z[i].Add(z[i], new(big.Rat).Mul(w, x[j]))
			}
		}
		return z
	}
	c2 := times(c, c)
	c3 := times(c2, c)
	ac, ac2 := apply(c), apply(c2)
	trees := [][]struct {
		phi   []*big.Rat
		gamma int64
	}{
		{{one, 1}},
		{{c, 2}},
		{{c2, 3}, {ac, 6}},
		{{c3, 4}, {times(c, ac), 8}, {ac2, 12}, {apply(ac), 24}},
		{{times(c2, c2), 5}, {times(c2, ac), 10}, {times(c, ac2), 15}, {times(c, apply(ac)), 30}, {times(ac, ac), 20},
			{apply(c3), 20}, {apply(times(c, ac)), 40}, {apply(ac2), 60}, {apply(apply(ac)), 120}},
	}
	for p, conditions := range trees {
		for _, tree := range conditions {
			sum := new(big.Rat)
			for i := range b {
				sum.Add(sum, new(big.Rat).Mul(b[i], tree.phi[i]))
			}
			if sum.Sub(sum, big.NewRat(1, tree.gamma)); sum.Abs(sum).Cmp(rounding) > 0 {
				return p
			}
		}
	}
	return len(trees)
}

// TestDenseOutput checks that dense output converges: its error against exp falls with the fourth power of the step for
// the quartics and the cubic's third or better, and the slope at both ends is the field's.
func TestDenseOutput(t *testing.T) {
	for _, tab := range solver.Tableaus() {
		var errs []float64
		for _, h := range []float64{0.1, 0.05} {
			spec := solver.DefaultSpec()
			spec.Tableau = tab
			spec.Controller.FirstStep, spec.Controller.Rtol = h, 1e9
			worst := 0.0
			solver.Integrate(func(_ float64, z, dz []float64) { dz[0] = z[0] }, []float64{1}, solver.Span{T1: h}, nil, spec,
				func(s solver.Step) {
					out := []float64{0}
					for x := 0.05; x < 1; x += 0.05 {
						s.At(&tab, x, out)
						worst = math.Max(worst, math.Abs(out[0]-math.Exp(x*h)))
					}
				})
			errs = append(errs, worst)
		}
		if order, want := math.Log2(errs[0]/errs[1]), map[string]float64{"dopri5": 4.8, "tsit5": 4.8, "bosh3": 3.8, "heun": 2.8}[tab.Name]; order < want {
			t.Errorf("the dense output of %s has local order %.2f, want at least %.1f", tab.Name, order, want)
		}
	}
}

func TestBrokenTableausAreReported(t *testing.T) {
	tab := solver.Dopri5()
	tab.B[0] += 1e-3
	if tab.Check() == nil {
		t.Error("weights that do not sum to 1 pass")
	}
	if _, err := solver.TableauNamed("rk45"); err == nil || !strings.Contains(err.Error(), "dopri5") {
		t.Errorf("an unknown method gives %v", err)
	}
}
