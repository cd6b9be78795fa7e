package main

import (
	"math"

	"neuralode/solver"
)

// initial is an initial value problem from t = 0, with its state at t1.
type initial struct {
	name string
	f    solver.FieldFunc
	z0   []float64
	t1   float64
	want []float64 // of the first components
}

func (p *initial) solve(spec solver.Spec) ([]cost, error) {
	path := solver.Integrate(p.f, p.z0, solver.Span{T1: p.t1}, nil, spec, nil)
	solution := solver.Solution{End: []solver.End{path.End}}
	return []cost{{"z(t1)", float64(path.Stats.NFE), distance(path.Z1[:len(p.want)], p.want)}}, solution.Err()
}

// classical are problems of DETEST (Hull et al. 1972) and of Hairer, Nørsett and Wanner, Solving ODEs I. What has no
// closed form was computed by extrapolation in 32 digits, to a tolerance of 1e-24.
func classical() []*initial {
	return []*initial{
		{"DETEST A2", func(_ float64, z, dz []float64) { dz[0] = -z[0] * z[0] * z[0] / 2 }, []float64{1}, 20,
			[]float64{1 / math.Sqrt(21)}},
		{"DETEST A3", func(t float64, z, dz []float64) { dz[0] = z[0] * math.Cos(t) }, []float64{1}, 20,
			[]float64{math.Exp(math.Sin(20))}},
		{"DETEST A4", func(_ float64, z, dz []float64) { dz[0] = z[0] / 4 * (1 - z[0]/20) }, []float64{1}, 20,
			[]float64{20 / (1 + 19*math.Exp(-5))}},
		{"DETEST B5", euler, []float64{0, 1, 1}, 20,
			[]float64{-0.9396570798729204, -0.34211777540007491, 0.7414126596199953}},
		{"Kepler, eccentricity 0.5", kepler, []float64{0.5, 0, 0, math.Sqrt(3)}, 20,
			[]float64{-0.57804329530353612, 0.86338400091941928, -0.95950837303807274, -0.065049151267120902}},
		{"Kepler, eccentricity 0.9", kepler, []float64{0.1, 0, 0, math.Sqrt(19)}, 20,
			[]float64{-1.2952662509875744, 0.40039389637923215, -0.67753909247075659, -0.12708381542786862}},
		{"Lotka-Volterra", lotkaVolterra, []float64{1, 1}, 10, []float64{1.0263447675750893, 0.90969107813604162}},
		{"van der Pol, μ = 1", vanDerPol(1), []float64{2, 0}, 20, []float64{2.0081497621749486, -0.042508875273202147}},
		{"van der Pol, μ = 5", vanDerPol(5), []float64{2, 0}, 10, []float64{-1.1587012660309908, 0.4304698089791424}},
		{"Lorenz", lorenz, []float64{1, 0, 0}, 5,
			[]float64{-6.974570472684818, -7.0210608908225304, 25.119616492127594}},
		{"cubic spiral", cubicSpiral, []float64{2, 0}, 25, []float64{-0.44362348669863495, 0.279440641618939}},
		{"Pleiades", pleiades, pleiadesStart(), 3, []float64{
			0.37061391439705129, 3.2372840920572331, -3.2225590324183233, 0.65970914557753084, 0.34255817071565798,
			1.562172101400631, -0.70030929222124954, -3.9434375855173921, -3.2713809739725499, 5.2250818434565442,
			-2.5906124349774695, 1.1982136933922746, -0.24296823449358234, 1.0914492404289797}},
	}
}

func euler(_ float64, z, dz []float64) { dz[0], dz[1], dz[2] = z[1]*z[2], -z[0]*z[2], -0.51*z[0]*z[1] }

func kepler(_ float64, z, dz []float64) {
	r := math.Pow(z[0]*z[0]+z[1]*z[1], 1.5)
	dz[0], dz[1], dz[2], dz[3] = z[2], z[3], -z[0]/r, -z[1]/r
}

func lotkaVolterra(_ float64, z, dz []float64) {
	dz[0], dz[1] = 1.5*z[0]-z[0]*z[1], z[0]*z[1]-3*z[1]
}

func vanDerPol(mu float64) solver.FieldFunc {
	return func(_ float64, z, dz []float64) { dz[0], dz[1] = z[1], mu*(1-z[0]*z[0])*z[1]-z[0] }
}

func lorenz(_ float64, z, dz []float64) {
	dz[0], dz[1], dz[2] = 10*(z[1]-z[0]), z[0]*(28-z[2])-z[1], z[0]*z[1]-8./3*z[2]
}

func cubicSpiral(_ float64, z, dz []float64) {
	a, b := z[0]*z[0]*z[0], z[1]*z[1]*z[1]
	dz[0], dz[1] = -0.1*a-2*b, 2*a-0.1*b
}

// pleiades are seven stars in a plane, of the masses 1 to 7: x, y, dx/dt and dy/dt of each.
func pleiades(_ float64, z, dz []float64) {
	copy(dz, z[14:])
	x, y, ax, ay := z[:7], z[7:14], dz[14:21], dz[21:]
	for i := range 7 {
		ax[i], ay[i] = 0, 0
		for j := range 7 {
			if i == j {
				continue
			}
			dx, dy := x[j]-x[i], y[j]-y[i]
			pull := float64(j+1) / math.Pow(dx*dx+dy*dy, 1.5)
			ax[i], ay[i] = ax[i]+pull*dx, ay[i]+pull*dy
		}
	}
}

func pleiadesStart() []float64 {
	return []float64{3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0}
}
