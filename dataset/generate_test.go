package dataset

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func must(t *testing.T) func(*Dataset, error) *Dataset {
	return func(d *Dataset, err error) *Dataset {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

// distance is that of Kolmogorov and Smirnov between a sample and a distribution function, times √n: above 1.95 with
// probability 1e-3.
func distance(sample []float64, cdf func(float64) float64) float64 {
	x, n := slices.Clone(sample), float64(len(sample))
	sort.Float64s(x)
	worst := 0.0
	for i, v := range x {
		worst = max(worst, math.Abs(cdf(v)-float64(i)/n), math.Abs(cdf(v)-float64(i+1)/n))
	}
	return worst * math.Sqrt(n)
}

func uniformCDF(u float64) float64 { return min(max(u, 0), 1) }
func normalCDF(v float64) float64  { return math.Erfc(-v/math.Sqrt2) / 2 }

// Without noise every point lies on its curve and the parameter along it is distributed as said.
func TestSpiralCurves(t *testing.T) {
	d := must(t)(Spiral(4001, 0, seeded(1)))
	var first, second []float64
	for i := range d.Len() {
		x, y := d.X[2*i], d.X[2*i+1]
		r := math.Hypot(x, y)
		theta := 3 * math.Pi * (r - 0.05)
		sign := 1 - 2*d.Labels[i]
		if math.Abs(x-sign*r*math.Cos(theta)) > 1e-12 || math.Abs(y-sign*r*math.Sin(theta)) > 1e-12 {
			t.Fatalf("point %d of class %v, (%v, %v), is off its spiral", i, d.Labels[i], x, y)
		}
		if s := theta / (3 * math.Pi); d.Labels[i] == 0 {
			first = append(first, s*s) // θ = 3π√u
		} else {
			second = append(second, s)
		}
	}
	if len(first) != 2001 || len(second) != 2000 {
		t.Errorf("%d and %d points, want 2001 and 2000", len(first), len(second))
	}
	if a, b := distance(first, uniformCDF), distance(second, uniformCDF); a > 1.95 || b > 1.95 {
		t.Errorf("u is not uniform: %v, %v", a, b)
	}
	if !sort.Float64sAreSorted(second) || sort.Float64sAreSorted(first) {
		t.Error("class 1 is not the sorted one")
	}
}

func TestCircles(t *testing.T) {
	d := must(t)(Circle(4000, 0, seeded(2)))
	angles := [2][]float64{}
	for i := range d.Len() {
		x, y := d.X[2*i], d.X[2*i+1]
		class := int(d.Labels[i])
		if r := math.Hypot(x, y); math.Abs(r-float64(1+class)) > 1e-12 {
			t.Fatalf("point %d of class %d at radius %v", i, class, r)
		}
		angles[class] = append(angles[class], 0.5+math.Atan2(y, x)/(2*math.Pi))
	}
	for class, u := range angles {
		if len(u) != 2000 || distance(u, uniformCDF) > 1.95 {
			t.Errorf("class %d: %d points, distance from uniform %v", class, len(u), distance(u, uniformCDF))
		}
	}
}

// The same draws with and without noise differ by a normal distribution of the right width.
func TestNoiseIsGaussian(t *testing.T) {
	for name, generate := range map[string]func(int, float64, *rand.Rand) (*Dataset, error){"spiral": Spiral,
		"circle": Circle} {
		const noise = 0.3
		clean, noisy := must(t)(generate(3000, 0, seeded(3))), must(t)(generate(3000, noise, seeded(3)))
		var residuals []float64
		for i := range clean.X {
			residuals = append(residuals, (noisy.X[i]-clean.X[i])/noise)
		}
		if d := distance(residuals, normalCDF); d > 1.95 {
			t.Errorf("%s: distance from normal %v", name, d)
		}
		if !slices.Equal(clean.Labels, noisy.Labels) {
			t.Errorf("%s: noise changes labels", name)
		}
	}
}

// The order of the draws is part of the contract: a seed means the same data in every version.
func TestDrawsComeInTheDocumentedOrder(t *testing.T) {
	rng := seeded(7)
	u := []float64{rng.Float64(), rng.Float64(), rng.Float64()}
	var want []float64
	for i, sign := range []float64{1, 1, -1} {
		theta := 3 * math.Pi * u[i]
		if i < 2 {
			theta = 3 * math.Pi * math.Sqrt(u[i])
		}
		r := theta/(3*math.Pi) + 0.05
		want = append(want, sign*r*math.Cos(theta)+0.1*rng.NormFloat64(), sign*r*math.Sin(theta)+0.1*rng.NormFloat64())
	}
	got := must(t)(Spiral(3, DefaultNoise, seeded(7)))
	for i := range want {
		if math.Abs(got.X[i]-want[i]) > 1e-14 {
			t.Errorf("x %v, want %v", got.X, want)
			break
		}
	}
	if !slices.Equal(got.Labels, []float64{0, 0, 1}) {
		t.Errorf("labels %v", got.Labels)
	}
}

func TestGenerateIsPure(t *testing.T) {
	for _, name := range []string{"spiral", "circle"} {
		a, b := must(t)(Generate(name, 101, 0.1, seeded(5))), must(t)(Generate(name, 101, 0.1, seeded(5)))
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: the same seed gives other data", name)
		}
		if c := must(t)(Generate(name, 101, 0.1, seeded(6))); slices.Equal(a.X, c.X) {
			t.Errorf("%s: another seed gives the same data", name)
		}
		if err := a.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestGeneratorsRefuse(t *testing.T) {
	for _, c := range []struct {
		name  string
		n     int
		noise float64
		want  string
	}{
		{"spiral", 1, 0, "dataset: spiral: the number of points must be from 2 to 268435456, got 1"},
		{"circle", -5, 0, "got -5"},
		{"circle", math.MaxInt, 0, "from 2 to"},
		{"spiral", 2, -1, "dataset: spiral: noise must be finite and not negative, got -1"},
		{"circle", 2, math.NaN(), "dataset: circle: noise must be finite and not negative, got NaN"},
		{"circle", 2, math.Inf(1), "got +Inf"},
		{"moon", 2, 0, `dataset: there is no generator "moon"; there are spiral, circle, moons, arms`},
	} {
		if _, err := Generate(c.name, c.n, c.noise, seeded(1)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// TestMoonsAndArms puts every point on its curve, and each class on a curve of its own, evenly.
func TestMoonsAndArms(t *testing.T) {
	moons := must(t)(Moons(2001, 0, seeded(5)))
	var angles []float64
	for i := range moons.Len() {
		x, y, class := moons.X[2*i], moons.X[2*i+1], moons.Labels[i]
		if class == 1 {
			x, y = 1-x, 0.5-y
		}
		if math.Abs(math.Hypot(x, y)-1) > 1e-12 || y < 0 || (class == 0) != (i < 1001) {
			t.Fatalf("point %d of class %v is (%v, %v)", i, class, moons.X[2*i], moons.X[2*i+1])
		}
		angles = append(angles, math.Atan2(y, x)/math.Pi)
	}
	if d := distance(angles, uniformCDF); d > 1.95 {
		t.Errorf("the angles of moons are off by %v", d)
	}
	arms := must(t)(Arms(2000, 0, seeded(6)))
	if err := arms.Check(); err != nil || arms.Task != MultiClass {
		t.Errorf("%v of %v", err, arms.Task)
	}
	var along []float64
	counts := make([]int, 3)
	for i := range arms.Len() {
		x, y, class := arms.X[2*i], arms.X[2*i+1], arms.Labels[i]
		s := math.Hypot(x, y) - 0.05
		phi := 4*s + 2*math.Pi*class/3
		if math.Abs(x-(s+0.05)*math.Cos(phi)) > 1e-12 || math.Abs(y-(s+0.05)*math.Sin(phi)) > 1e-12 {
			t.Fatalf("point %d of class %v, (%v, %v), is off its arm", i, class, x, y)
		}
		along = append(along, s*s)
		counts[int(class)]++
	}
	if d := distance(along, uniformCDF); d > 1.95 || !slices.Equal(counts, []int{667, 667, 666}) {
		t.Errorf("arms are off by %v, of %v points", d, counts)
	}
	if _, err := Generate("moon", 10, 0, seeded(1)); err == nil ||
		!strings.Contains(err.Error(), "spiral, circle, moons, arms") {
		t.Errorf("moon: %v", err)
	}
}
