package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// DefaultNoise is the noise of the problems as they are usually posed.
const DefaultNoise = 0.1

// maxGenerated is the largest n of a generator.
const maxGenerated = 1 << 28

// Generate is the generator of that name, "spiral" or "circle"; see [Spiral] and [Circle].
func Generate(name string, n int, noise float64, rng *rand.Rand) (*Dataset, error) {
	switch name {
	case "spiral":
		return Spiral(n, noise, rng)
	case "circle":
		return Circle(n, noise, rng)
	}
	return nil, fmt.Errorf("dataset: there is no generator %q; there are spiral and circle", name)
}

// Spiral returns n points on two interleaved spirals, task Binary: class 0 first, which has the odd point, then class
// 1. With r = θ/3π + 0.05, class 0 lies at (r cos θ, r sin θ) with θ = 3π√u, and class 1 at (−r cos θ, −r sin θ) with θ
// = 3πu in ascending order; u is uniform in [0, 1). Each coordinate has Gaussian noise of standard deviation noise.
//
// It is a function of its arguments: rng gives n uniform numbers, class 0's first, then 2n normal ones, point by point.
// It is an error when n is not between 2 and 2^28 or noise is negative or not finite.
func Spiral(n int, noise float64, rng *rand.Rand) (*Dataset, error) {
	if err := checkGenerator("spiral", n, noise); err != nil {
		return nil, err
	}
	u := uniform(n, rng)
	slices.Sort(u[firstClass(n):])
	return twoClasses(u, noise, rng, func(class int, u float64) (x, y float64) {
		theta, sign := 3*math.Pi*math.Sqrt(u), 1.0
		if class == 1 {
			theta, sign = 3*math.Pi*u, -1
		}
		r := theta/(3*math.Pi) + 0.05
		return sign * r * math.Cos(theta), sign * r * math.Sin(theta)
	}), nil
}

// Circle returns n points on two circles around the origin, task Binary: class 0 first, which has the odd point, of
// radius 1, then class 1 of radius 2. Angles are uniform; noise, rng and errors are as in [Spiral].
func Circle(n int, noise float64, rng *rand.Rand) (*Dataset, error) {
	if err := checkGenerator("circle", n, noise); err != nil {
		return nil, err
	}
	return twoClasses(uniform(n, rng), noise, rng, func(class int, u float64) (x, y float64) {
		r, theta := float64(class+1), 2*math.Pi*u
		return r * math.Cos(theta), r * math.Sin(theta)
	}), nil
}

func checkGenerator(name string, n int, noise float64) error {
	if n < 2 || n > maxGenerated {
		return fmt.Errorf("dataset: %s: the number of points must be from 2 to %d, got %d", name, maxGenerated, n)
	}
	if !(noise >= 0) || math.IsInf(noise, 0) {
		return fmt.Errorf("dataset: %s: noise must be finite and not negative, got %v", name, noise)
	}
	return nil
}

func uniform(n int, rng *rand.Rand) []float64 {
	u := make([]float64, n)
	for i := range u {
		u[i] = rng.Float64()
	}
	return u
}

// firstClass is how many of n points are of class 0.
func firstClass(n int) int { return n - n/2 }

// twoClasses places a point for each u and adds noise.
func twoClasses(u []float64, noise float64, rng *rand.Rand, place func(class int, u float64) (x, y float64)) *Dataset {
	n := len(u)
	d := &Dataset{
		X: make([]float64, 2*n), Dim: 2, Features: []string{"x1", "x2"},
		Task: Binary, Labels: make([]float64, n), Width: 1, Targets: []string{"label"}, Classes: []string{"0", "1"},
	}
	for i, u := range u {
		class := 0
		if i >= firstClass(n) {
			class = 1
		}
		x, y := place(class, u)
		d.X[2*i] = x + noise*rng.NormFloat64()
		d.X[2*i+1] = y + noise*rng.NormFloat64()
		d.Labels[i] = float64(class)
	}
	return d
}
