package train

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuralode/dataset"
	"neuralode/graph"
	"neuralode/solver"
)

var nan = math.NaN()

// gappy are two series of two features and a constant, with what a lift meets: a feature that was not observed, a row
// that is too late, fewer rows than it looks at.
func gappy() *dataset.Series {
	return &dataset.Series{IDs: []string{"a", "b"}, Offsets: []int{0, 4, 6}, Times: []float64{1, 2, 3, 7, 0, 4}, Dim: 2,
		X: []float64{1, 2, nan, 4, 5, 6, 7, 8, 9, 10, 11, nan}, Features: []string{"x", "y"}, Constants: []float64{3, 5},
		ConstantNames: []string{"m"}, IDName: "id", TimeName: "t"}
}

func TestLeads(t *testing.T) {
	m := &Model{Constants: []string{"m"}, Lift: Lift{Features: 2, Rows: 3, Window: 1.5},
		FeatureScale:  dataset.Scale{Mean: []float64{1, 0}, Std: []float64{1, 2}},
		ConstantScale: dataset.Scale{Mean: []float64{3}, Std: []float64{2}},
		TimeScale:     dataset.Scale{Mean: []float64{0}, Std: []float64{4}}}
	want := []float64{
		0, 1, 1, 1, 0, 0, 2, 0, 1, 0.25, 0, 0, 0, 0, 0, 0,
		8, 5, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	}
	s := gappy()
	if got := m.leads(s); !slices.Equal(got, want) {
		t.Errorf("the lift reads %v, want %v", got, want)
	}
	if got := m.leads(s.Select([]int{1, 0})); !slices.Equal(got, append(slices.Clone(want[16:]), want[:16]...)) {
		t.Errorf("of the series in another order it reads %v", got)
	}
	for what, other := range map[string]*dataset.Series{"hidden": s.Hide(func(int) bool { return true }),
		"elsewhere": s.At(func(int) []float64 { return []float64{10} })} {
		if got := m.leads(other); !slices.Equal(got, want) {
			t.Errorf("of series %s it reads %v, want what was observed, %v", what, got, want)
		}
	}
}

// TestEndsAreNotLiftedFrom: rows that are held out are none that a lift looks at.
func TestEndsAreNotLiftedFrom(t *testing.T) {
	m := &Model{Lift: Lift{Features: 2, Rows: 4}}
	early, late := gappy().SplitEnds(0.5)
	before, after := m.leads(early), m.leads(late)
	if !slices.Equal(before, after) || before[5*3] != 0 || before[0] != 1 {
		t.Errorf("the lift reads %v of what comes before, %v of what is held out", before, after)
	}
}

// TestStartVelocities: a parabola's slope is exact, whatever the times, and noise on times that are close does not blow
// up.
func TestStartVelocities(t *testing.T) {
	for _, at := range [][]float64{{0, 0.25, 1}, {0, 0.1, 0.15, 0.7, 0.71}} {
		x := make([]float64, len(at))
		for i, t := range at {
			x[i] = 3 + 0.5*t - 2*t*t
		}
		if got := slopeAtZero(at, x); math.Abs(got-0.5) > 1e-12 {
			t.Errorf("the slope of a parabola is %v, want 0.5", got)
		}
	}
	if got := slopeAtZero([]float64{0, 0.25}, []float64{1, 2}); got != 4 {
		t.Errorf("the slope of a line is %v, want 4", got)
	}
	noisy := &dataset.Series{IDs: []string{"a"}, Offsets: []int{0, 7}, Dim: 1, Features: []string{"x"},
		Times: []float64{0, 0.001, 0.002, 0.2, 0.4, 0.6, 9}, X: []float64{0.05, -0.05, 0.05, 0.15, 0.45, 0.55, 99}}
	velocity := make([]float64, 1)
	new(Model).startVelocities(velocity, noisy, 0)
	if math.Abs(velocity[0]-1) > 1 {
		t.Errorf("what moves at the speed 1, seen through noise of 0.05, begins at %v", velocity)
	}
	m := &Model{Net: graph.MLP{Sizes: []int{4, 2}, SecondOrder: true},
		FeatureScale: dataset.Scale{Mean: []float64{1, 0}, Std: []float64{2, 2}},
		TimeScale:    dataset.Scale{Mean: []float64{0}, Std: []float64{2}}}
	var b solver.Batch
	m.starts(&b, gappy())
	// x of a is 1, 5, 7 at times 1, 3, 7: the slope at 1 is 2 + 2·1.5/6; y is 2 apart a unit
	want := []float64{0, 1, (2 + 0.5), 2, 4, 5, 0.5, 0}
	for i, v := range want {
		if math.Abs(b.Z0[i]-v) > 1e-12 {
			t.Fatalf("the series begin at %v, want %v", b.Z0, want)
		}
	}
}

func TestWrongLiftsInConfigurations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "series.csv")
	text := "id,t,x,m\na,0,1,2\na,1,2,2\nb,0,3,4\nb,1,1,4\nb,2,5,5\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(c *Config){
		"choose lift linear or mlp":              func(c *Config) { c.Latent, c.Lift = 3, "none" },
		"lift must be one of auto, none, linear": func(c *Config) { c.Lift = "gru" },
		"leave out augment":                      func(c *Config) { c.Latent, c.Augment = 3, 1 },
		"as many velocities as positions":        func(c *Config) { c.Latent, c.SecondOrder = 3, true },
		"lift-from must be from 0":               func(c *Config) { c.LiftFrom = -1 },
		"lift-window must be zero or positive":   func(c *Config) { c.LiftWindow = -1 },
		"choose lift-hidden":                     func(c *Config) { c.Latent, c.LiftHidden = 2, nil },
		"choose readout-hidden":                  func(c *Config) { c.Readout, c.ReadoutHidden = "mlp", nil },
		"lift-hidden must be at least 1":         func(c *Config) { c.LiftHidden = []int{0} },
		"has 1":                                  func(c *Config) { c.Latent, c.Readout, c.Features = 1, components, []string{"x", "m"} },
		`line 6, column 4 ("m")`:                 func(c *Config) { c.Constants = []string{"m"} },
	} {
		c := SeriesDefaults(path)
		change(&c)
		r, err := NewRun(filepath.Join(t.TempDir(), "run"), c, solver.Reference(), "")
		if err == nil {
			r.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	c := DefaultConfig()
	c.LiftFrom, c.Constants, c.Readout = 3, []string{"m"}, components
	err := c.Check()
	for _, want := range []string{"lift-from and lift-window are of series", "constants are of series", "readout components is of series"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("points: got %v, want %s", err, want)
		}
	}
}
