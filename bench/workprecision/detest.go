package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"neuralode/solver"
)

// detest are all problems of Hull, Enright, Fellen and Sedgwick, Comparing numerical methods for ordinary differential
// equations, SIAM J. Numer. Anal. 9 (1972), from 0 to 20. The states there are of closed forms, or those of the
// extrapolation of classical; of C5, D1, D2 and D4 those of SciPy's DOP853 at an rtol of 1e-13.
func detest() []*initial {
	return append(append(detestAB(), detestC()...), detestDE()...)
}

func detestAB() []*initial {
	return []*initial{
		{"A1", func(_ float64, z, dz []float64) { dz[0] = -z[0] }, []float64{1}, 20, []float64{math.Exp(-20)}},
		{"A2", func(_ float64, z, dz []float64) { dz[0] = -z[0] * z[0] * z[0] / 2 }, []float64{1}, 20,
			[]float64{1 / math.Sqrt(21)}},
		{"A3", func(t float64, z, dz []float64) { dz[0] = z[0] * math.Cos(t) }, []float64{1}, 20,
			[]float64{math.Exp(math.Sin(20))}},
		{"A4", func(_ float64, z, dz []float64) { dz[0] = z[0] / 4 * (1 - z[0]/20) }, []float64{1}, 20,
			[]float64{20 / (1 + 19*math.Exp(-5))}},
		{"A5", func(t float64, z, dz []float64) { dz[0] = (z[0] - t) / (z[0] + t) }, []float64{4}, 20,
			[]float64{-0.78878266889640142}},
		{"B1", func(_ float64, z, dz []float64) { dz[0], dz[1] = 2*(z[0]-z[0]*z[1]), z[0]*z[1]-z[1] },
			[]float64{1, 3}, 20, []float64{0.67618760085766066, 0.18608160996400298}},
		{"B2", func(_ float64, z, dz []float64) { dz[0], dz[1], dz[2] = z[1]-z[0], z[0]-2*z[1]+z[2], z[1]-z[2] },
			[]float64{2, 0, 1}, 20, []float64{1 + math.Exp(-20)/2 + math.Exp(-60)/2, 1 - math.Exp(-60),
				1 - math.Exp(-20)/2 + math.Exp(-60)/2}},
		{"B3", func(_ float64, z, dz []float64) { dz[0], dz[1], dz[2] = -z[0], z[0]-z[1]*z[1], z[1]*z[1] },
			[]float64{1, 0, 0}, 20, []float64{math.Exp(-20), 0.052572280220485125, 0.94742771771836125}},
		{"B4", torus, []float64{3, 0, 0}, 20, []float64{0.98269509280065305, 2.1984470816949297, 0.91294525072762765}},
		{"B5", euler, []float64{0, 1, 1}, 20, []float64{-0.9396570798729204, -0.34211777540007491, 0.7414126596199953}},
	}
}

// torus is the curve on one.
func torus(_ float64, z, dz []float64) {
	r := math.Hypot(z[0], z[1])
	dz[0], dz[1], dz[2] = -z[1]-z[0]*z[2]/r, z[0]-z[1]*z[2]/r, z[0]/r
}

func detestC() []*initial {
	first := func(n int) []float64 {
		z := make([]float64, n)
		z[0] = 1
		return z
	}
	return []*initial{
		{"C1", chain(func(int) float64 { return 1 }), first(10), 20, decayed(10)},
		{"C2", chain(func(i int) float64 { return float64(i + 1) }), first(10), 20, []float64{math.Exp(-20)}},
		{"C3", heat, first(10), 20, warm(10)},
		{"C4", heat, first(51), 20, warm(51)},
		{"C5", planets, planetsStart(), 20, []float64{-4.792730224324707, -4.2173104040352145, 4.035559443262272,
			-29.987593263248442, -24.42125302518483}},
	}
}

// chain is a radioactive decay through all components, with those rates.
func chain(rate func(i int) float64) solver.FieldFunc {
	return func(_ float64, z, dz []float64) {
		in := 0.0
		for i := range z[1:] {
			dz[i], in = in-rate(i)*z[i], rate(i)*z[i]
		}
		dz[len(z)-1] = in
	}
}

// decayed is the chain of rates of 1 at 20: tⁱe⁻ᵗ/i!, and the rest in the last.
func decayed(n int) []float64 {
	z, rest, term := make([]float64, n), 1.0, math.Exp(-20)
	for i := range n - 1 {
		z[i], rest = term, rest-term
		term *= 20 / float64(i+1)
	}
	z[n-1] = rest
	return z
}

// heat is its equation on a rod with cold ends.
func heat(_ float64, z, dz []float64) {
	for i := range z {
		dz[i] = -2 * z[i]
		if i > 0 {
			dz[i] += z[i-1]
		}
		if i+1 < len(z) {
			dz[i] += z[i+1]
		}
	}
}

// warm is the rod at 20, by its eigenvectors, sin(jkπ/(n+1)).
func warm(n int) []float64 {
	z, angle := make([]float64, n), math.Pi/float64(n+1)
	for i := range z {
		for j := 1; j <= n; j++ {
			s := math.Sin(float64(j) * angle / 2)
			z[i] += 2 / float64(n+1) * math.Exp(-80*s*s) * math.Sin(float64(j)*angle) * math.Sin(float64(j*(i+1))*angle)
		}
	}
	return z
}

// planets are the five outer ones: x of each, y of each, z of each, and their velocities.
func planets(_ float64, z, dz []float64) {
	const gravity, sun = 2.95912208286, 1.00000597682
	masses := [5]float64{0.000954786104043, 0.000285583733151, 0.0000437273164546, 0.0000517759138449, 0.00000277777777778}
	at := func(j int) [3]float64 { return [3]float64{z[j], z[5+j], z[10+j]} }
	cube := func(x [3]float64) float64 { return math.Pow(x[0]*x[0]+x[1]*x[1]+x[2]*x[2], 1.5) }
	copy(dz, z[15:])
	for j := range masses {
		own := at(j)
		for c, x := range own {
			dz[15+5*c+j] = -gravity * (sun + masses[j]) * x / cube(own)
		}
		for k, mass := range masses {
			if k == j {
				continue
			}
			other := at(k)
			apart := [3]float64{other[0] - own[0], other[1] - own[1], other[2] - own[2]}
			for c := range own {
				dz[15+5*c+j] += gravity * mass * (apart[c]/cube(apart) - other[c]/cube(other))
			}
		}
	}
}

func planetsStart() []float64 {
	return []float64{3.42947415189, 6.64145542550, 11.2630437207, -30.1552268759, -21.1238353380,
		3.35386959711, 5.97156957878, 14.6952576794, 1.65699966404, 28.4465098142,
		1.35494901715, 2.18231499728, 6.27960525067, 1.43785752721, 15.3882659679,
		-0.557160570446, -0.415570776342, -0.325325669158, -0.024047625417, -0.176860753121,
		0.505696783289, 0.365682722812, 0.189706021964, -0.287659532608, -0.216393453025,
		0.230578543901, 0.169143213293, 0.087726532278, -0.117219543175, -0.014864789309}
}

func detestDE() []*initial {
	orbit := func(e float64) []float64 { return []float64{1 - e, 0, 0, math.Sqrt((1 + e) / (1 - e))} }
	e1 := math.Sqrt(2 / (math.Pi * 21))
	return []*initial{
		{"D1", kepler, orbit(0.1), 20,
			[]float64{0.21988353520182888, 0.9427076846334987, -0.9787659841059196, 0.32879779909730233}},
		{"D2", kepler, orbit(0.3), 20,
			[]float64{-0.1777027357147732, 0.9467784719898306, -1.0302941631935996, 0.12110748900425135}},
		{"D3", kepler, orbit(0.5), 20,
			[]float64{-0.57804329530353612, 0.86338400091941928, -0.95950837303807274, -0.065049151267120902}},
		{"D4", kepler, orbit(0.7), 20,
			[]float64{-0.953899029338032, 0.6907409024223727, -0.8212674270903946, -0.15395742591084513}},
		{"D5", kepler, orbit(0.9), 20,
			[]float64{-1.2952662509875744, 0.40039389637923215, -0.67753909247075659, -0.12708381542786862}},
		{"E1", func(t float64, z, dz []float64) {
			dz[0], dz[1] = z[1], -(z[1]/(t+1) + z[0]*(1-0.25/((t+1)*(t+1))))
		}, []float64{0.6713967071418030, 0.09540051444747446}, 20, []float64{e1 * math.Sin(21)}},
		{"E2", vanDerPol(1), []float64{2, 0}, 20, []float64{2.0081497621749486, -0.042508875273202147}},
		{"E3", func(t float64, z, dz []float64) {
			dz[0], dz[1] = z[1], z[0]*z[0]*z[0]/6-z[0]+2*math.Sin(2.78535*t)
		}, []float64{0, 0}, 20, []float64{-0.10041788586472407, 0.24114001320959556}},
		{"E4", func(_ float64, z, dz []float64) { dz[0], dz[1] = z[1], 0.032-0.4*z[1]*z[1] }, []float64{30, 0}, 20,
			[]float64{30 + 2.5*math.Log(math.Cosh(20*math.Sqrt(0.0128)))}},
		{"E5", func(t float64, z, dz []float64) { dz[0], dz[1] = z[1], math.Sqrt(1+z[1]*z[1])/(25-t) },
			[]float64{0, 0}, 20, []float64{12.5*math.Log(5) - 6, 2.4}},
	}
}

// off is the error in units of the largest component, but of no less than 1.
func off(p *initial, costs []cost) float64 {
	largest := 0.0
	for _, v := range p.want {
		largest = max(largest, math.Abs(v))
	}
	return costs[0].error * min(1, largest)
}

// arenstorf is a satellite of earth and moon on a closed orbit: Hairer, Nørsett and Wanner, Solving ODEs I, II.0.
func arenstorf() *initial {
	const moon = 0.012277471
	start := []float64{0.994, 0, 0, -2.00158510637908252240537862224}
	field := func(_ float64, z, dz []float64) {
		x, y := z[0], z[1]
		earth, other := math.Pow((x+moon)*(x+moon)+y*y, 1.5), math.Pow((x-1+moon)*(x-1+moon)+y*y, 1.5)
		dz[0], dz[1] = z[2], z[3]
		dz[2] = x + 2*z[3] - (1-moon)*(x+moon)/earth - moon*(x-1+moon)/other
		dz[3] = y - 2*z[2] - (1-moon)*y/earth - moon*y/other
	}
	return &initial{"Arenstorf", field, start, 17.0652165601579625588917206249, start}
}

// printDetest prints what each method with an error estimate costs on each problem, and how far off it ends.
func printDetest(to io.Writer, rtol float64) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	methods := explicitMethods()
	fmt.Fprintf(table, "rtol %.0e, atol a thousandth\t", rtol)
	for _, m := range methods {
		fmt.Fprintf(table, "%v NFE\terror\t", m)
	}
	fmt.Fprintln(table)
	for _, p := range append(append(detest(), classical()[6:]...), arenstorf()) {
		fmt.Fprintf(table, "%s\t", p.name)
		for _, m := range methods {
			costs, err := p.solve(detestSpec(m, rtol))
			if err != nil {
				return fmt.Errorf("%s, %v: %w", p.name, m, err)
			}
			fmt.Fprintf(table, "%.0f\t%.1e\t", costs[0].evaluations, off(p, costs))
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// explicitMethods are those with an error estimate.
func explicitMethods() []solver.Method {
	var some []solver.Method
	for _, m := range solver.Methods() {
		if t, ok := m.(*solver.Tableau); ok && t.Orders().Estimate > 0 {
			some = append(some, m)
		}
	}
	return some
}

func detestSpec(m solver.Method, rtol float64) solver.Spec {
	spec := solver.AccurateSpec()
	spec.Method, spec.Controller.MaxSteps = m, 1<<22
	spec.Controller.Rtol, spec.Controller.Atol = rtol, rtol/1000
	return spec
}
