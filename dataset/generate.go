package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// DefaultNoise is the noise of the problems as they are usually posed.
const DefaultNoise = 0.1

// maxGenerated is the largest n of a generator.
const maxGenerated = 1 << 28

// generator is a problem in the plane.
type generator struct {
	name    string
	classes int
	make    func(n int, noise float64, rng *rand.Rand) (*Dataset, error)
}

func generators() []generator {
	return []generator{{"spiral", 2, Spiral}, {"circle", 2, Circle}, {"moons", 2, Moons}, {"arms", 3, Arms}}
}

// Generators are the names of the generators.
func Generators() (names []string) {
	for _, g := range generators() {
		names = append(names, g.name)
	}
	return names
}

// GeneratedClasses is how many classes the points of the generator of that name have, 0 where there is none.
func GeneratedClasses(name string) int {
	for _, g := range generators() {
		if g.name == name {
			return g.classes
		}
	}
	return 0
}

// Generate is the generator of that name, one of [Generators]; see [Spiral], [Circle], [Moons] and [Arms].
func Generate(name string, n int, noise float64, rng *rand.Rand) (*Dataset, error) {
	for _, g := range generators() {
		if g.name == name {
			return g.make(n, noise, rng)
		}
	}
	return nil, fmt.Errorf("dataset: there is no generator %q; there are %s", name, strings.Join(Generators(), ", "))
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
	return inClasses(2, u, noise, rng, func(class int, u float64) (x, y float64) {
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
	return inClasses(2, uniform(n, rng), noise, rng, func(class int, u float64) (x, y float64) {
		r, theta := float64(class+1), 2*math.Pi*u
		return r * math.Cos(theta), r * math.Sin(theta)
	}), nil
}

// Moons returns n points on two half circles that reach into each other, task Binary, as scikit-learn's make_moons:
// class 0 first, which has the odd point, at (cos θ, sin θ), then class 1 at (1 − cos θ, ½ − sin θ), with θ uniform in
// [0, π). noise, rng and errors are as in [Spiral].
func Moons(n int, noise float64, rng *rand.Rand) (*Dataset, error) {
	if err := checkGenerator("moons", n, noise); err != nil {
		return nil, err
	}
	return inClasses(2, uniform(n, rng), noise, rng, func(class int, u float64) (x, y float64) {
		sin, cos := math.Sincos(math.Pi * u)
		if class == 1 {
			return 1 - cos, 0.5 - sin
		}
		return cos, sin
	}), nil
}

// Arms returns n points on the three arms of a spiral, task MultiClass: class 0 first, then 1 and 2, of which the first
// have one more where n is no multiple of 3. Class k lies at (r cos φ, r sin φ) with r = √u + 0.05 and φ = 4√u + 2πk/3;
// u is uniform in [0, 1). noise, rng and errors are as in [Spiral].
func Arms(n int, noise float64, rng *rand.Rand) (*Dataset, error) {
	if err := checkGenerator("arms", n, noise); err != nil {
		return nil, err
	}
	return inClasses(3, uniform(n, rng), noise, rng, func(class int, u float64) (x, y float64) {
		s := math.Sqrt(u)
		sin, cos := math.Sincos(4*s + 2*math.Pi*float64(class)/3)
		return (s + 0.05) * cos, (s + 0.05) * sin
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

// inClasses places a point for each u and adds noise.
func inClasses(classes int, u []float64, noise float64, rng *rand.Rand,
	place func(class int, u float64) (x, y float64)) *Dataset {
	n := len(u)
	d := &Dataset{
		X: make([]float64, 2*n), Dim: 2, Features: []string{"x1", "x2"},
		Task: Binary, Labels: make([]float64, n), Width: 1, Targets: []string{"label"},
	}
	if classes > 2 {
		d.Task = MultiClass
	}
	for k := range classes {
		d.Classes = append(d.Classes, strconv.Itoa(k))
	}
	class, left := 0, (n+classes-1)/classes // of this class
	for i, u := range u {
		if left == 0 {
			class++
			left = (n + classes - 1 - class) / classes
		}
		left--
		x, y := place(class, u)
		d.X[2*i] = x + noise*rng.NormFloat64()
		d.X[2*i+1] = y + noise*rng.NormFloat64()
		d.Labels[i] = float64(class)
	}
	return d
}
