package portrait

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"neuralode/dataset"
	"neuralode/figure"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/train"
)

// trained is the portrait of a small net after that many iterations on the spiral, solved as figures are.
func trained(t *testing.T, iterations int, rate float64) *Portrait {
	t.Helper()
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := train.DefaultConfig()
	c.Samples, c.Hidden, c.Batch, c.Iterations, c.Rate, c.Gradient = 30, []int{8}, 16, iterations, rate, "discrete"
	r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Train(context.Background(), backend); err != nil {
		t.Fatal(err)
	}
	shown, err := r.Shown()
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(r.Model, shown, backend, Fine(solver.DefaultSpec()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestLegendNames(t *testing.T) {
	for _, c := range []struct {
		classes, targets, want []string
	}{
		{[]string{"0", "1", "2"}, []string{"kind"}, []string{"class 0", "class 1", "class 2"}},
		{[]string{"0", "2"}, []string{"kind"}, []string{"class 0", "class 2"}},
		{[]string{"-1", "1"}, []string{"kind"}, []string{"class −1", "class 1"}},
		{[]string{"0", "cat"}, []string{"kind"}, []string{"0", "cat"}},
		{nil, []string{"yield", "price"}, []string{"yield"}},
	} {
		if got := legendNames(&dataset.Dataset{Classes: c.classes, Targets: c.targets}); !slices.Equal(got, c.want) {
			t.Errorf("classes %q, targets %q: %q, want %q", c.classes, c.targets, got, c.want)
		}
	}
}

func TestAxisNames(t *testing.T) {
	points := "1,2,0\n2,1,1\n"
	for _, c := range []struct {
		header string
		labels []string
		want   [2]string
	}{
		{"height,weight,kind\n", nil, [2]string{"height", "weight"}},
		{"kind,u,v\n", []string{"kind"}, [2]string{"u", "v"}},
		{"x1,x2,label\n", nil, [2]string{"x1", "x2"}},
		{"x1,x2,label\n", []string{"3"}, [2]string{"x1", "x2"}},
		{"", nil, [2]string{}},
	} {
		file := filepath.Join(t.TempDir(), "points.csv")
		if err := os.WriteFile(file, []byte(c.header+points), 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := dataset.ReadFile(file, dataset.Options{Labels: c.labels})
		if err != nil {
			t.Fatal(err)
		}
		if got := axisNames(d); got != c.want {
			t.Errorf("%q: %q, want %q", c.header, got, c.want)
		}
	}
	d, err := dataset.Circle(10, 0.1, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	if got := axisNames(d); got != [2]string{} {
		t.Errorf("made data: %q, want no names", got)
	}
}

// TestPicked takes samples whose labels repeat in the rhythm in which every sixth would be taken.
func TestPicked(t *testing.T) {
	labels := make([]float64, 300)
	for i := range labels {
		labels[i] = float64(i % 3)
	}
	counts, before := [3]int{}, -1
	for _, i := range picked(labels, 50) {
		if i <= before {
			t.Errorf("sample %d after %d", i, before)
		}
		before = i
		counts[i%3]++
	}
	if counts != [3]int{17, 17, 16} {
		t.Errorf("picked %v of three equal classes", counts)
	}
	if got := picked([]float64{1, 0, 1}, 3); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("picked %v of all", got)
	}
}

func TestMargins(t *testing.T) {
	for width, want := range map[float64]float64{0: 1, 1: 1, 2.3: 1, 20: 1, 0.4: 0.1, 40: 10} {
		if got := margin(3, 3+width); math.Abs(got-want) > 1e-12 {
			t.Errorf("width %v: margin %v, want %v", width, got, want)
		}
	}
}

func TestFine(t *testing.T) {
	run := solver.DefaultSpec()
	run.Precision, run.Controller.Control, run.Controller.MaxSteps = solver.TF32, solver.ControlBatch, 7
	got := Fine(run)
	if err := got.Check(); err != nil {
		t.Fatal(err)
	}
	if c := got.Controller; c.Rtol != 1e-6 || c.Atol != 1e-8 || c.MaxSteps != 4096 || c.Control != solver.ControlSample {
		t.Errorf("figures are solved with %+v", c)
	}
	run.Controller.Rtol, run.Controller.Atol, run.Controller.MaxSteps = 1e-9, 1e-10, 10_000
	if c := Fine(run).Controller; c.Rtol != 1e-9 || c.Atol != 1e-10 || c.MaxSteps != 10_000 {
		t.Errorf("a run's finer tolerances become %+v", c)
	}
}

// TestWays measures curves by their corners: 200 points of a smooth curve turn little from one to the next.
func TestWays(t *testing.T) {
	ways, err := trained(t, 30, 3e-3).Ways(context.Background(), trajectories, points)
	if err != nil {
		t.Fatal(err)
	}
	if len(ways.Paths) != 50 || len(ways.Labels) != 50 {
		t.Fatalf("%d trajectories with %d labels, want 50", len(ways.Paths), len(ways.Labels))
	}
	for i, w := range ways.Paths {
		if len(w) != 200 {
			t.Fatalf("trajectory %d has %d points, want 200", i, len(w))
		}
		for j := 2; j < len(w); j++ {
			a, b := direction(w[j-2], w[j-1]), direction(w[j-1], w[j])
			if turn := math.Abs(math.Remainder(b-a, 2*math.Pi)); turn > 0.1 {
				t.Errorf("trajectory %d turns by %.2f at point %d", i, turn, j)
			}
		}
	}
}

func direction(a, b figure.Point) float64 { return math.Atan2(b[1]-a[1], b[0]-a[0]) }

// TestFrameFollowsTrajectories looks for each point of each trajectory in the frame of the figure, until the data would
// be too small to see.
func TestFrameFollowsTrajectories(t *testing.T) {
	data := figure.Limits{XMin: -1, XMax: 1, YMin: -2, YMax: 2}
	inside := func(l figure.Limits, p figure.Point) bool {
		return l.XMin < p[0] && p[0] < l.XMax && l.YMin < p[1] && p[1] < l.YMax
	}
	ways := figure.Trajectories{Paths: [][]figure.Point{{{0, 0}, {5, 3}, {4, 1}}, {{0.5, 0}, {-2, -1.9}}}}
	l := within(data, ways)
	for _, way := range ways.Paths {
		for _, p := range way {
			if !inside(l, p) {
				t.Errorf("%v lies outside of %v", p, l)
			}
		}
	}
	if l.YMin != data.YMin {
		t.Errorf("the frame goes down to %v, where no trajectory does", l.YMin)
	}
	if got := within(data, figure.Trajectories{}); got != data {
		t.Errorf("without trajectories the frame is %v", got)
	}
	far := within(data, figure.Trajectories{Paths: [][]figure.Point{{{0, 0}, {1e30, 0}}}})
	if want := (figure.Limits{XMin: -1, XMax: 8, YMin: -2, YMax: 2}); far != want {
		t.Errorf("the frame of a trajectory that flies off is %v, want %v", far, want)
	}
}

// TestEndsAreInTheFrame draws a model that moves its points far off.
func TestEndsAreInTheFrame(t *testing.T) {
	p := trained(t, 200, 0.05)
	ways, err := p.Ways(context.Background(), trajectories, points)
	if err != nil {
		t.Fatal(err)
	}
	outside, frame := 0, within(p.Limits, ways)
	for i, way := range ways.Paths {
		end := way[len(way)-1]
		if figure.Around([]figure.Point{end, {p.Limits.XMin, p.Limits.YMin}, {p.Limits.XMax, p.Limits.YMax}}, 0) != p.Limits {
			outside++
		}
		if figure.Around([]figure.Point{end, {frame.XMin, frame.YMin}, {frame.XMax, frame.YMax}}, 0) != frame {
			t.Errorf("trajectory %d ends at %v, outside of %v", i, end, frame)
		}
	}
	if outside == 0 {
		t.Errorf("no trajectory leaves %v: this test shows nothing", p.Limits)
	}
}

// TestArrowsLieOnSquares counts the arrows along the sides of frames.
func TestArrowsLieOnSquares(t *testing.T) {
	for l, want := range map[figure.Limits][2]int{
		{XMax: 2, YMax: 1}:        {20, 10},
		{XMax: 1, YMax: 4}:        {5, 20},
		{XMax: 70000, YMax: 60}:   {20, 20},
		{XMax: 1e-3, YMax: 1e300}: {20, 20},
	} {
		if g := Square(l, 20); g.NX != want[0] || g.NY != want[1] {
			t.Errorf("%v: %d × %d arrows, want %v", l, g.NX, g.NY, want)
		}
	}
}

// TestUnits draws a model that scales its features: ways begin at the data, and arrows are the slopes of ways there.
func TestUnits(t *testing.T) {
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "table.csv")
	rows := "year,mass,kind\n1990,0.001,a\n2003,0.004,b\n2008,0.002,a\n2020,0.003,b\n1999,0.0015,a\n2011,0.0042,b\n"
	if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	c := train.DefaultsFor(path)
	c.Hidden = []int{8}
	r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	shown, err := r.Shown()
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(r.Model, shown, backend, Fine(solver.DefaultSpec()))
	if err != nil {
		t.Fatal(err)
	}
	ways, err := p.Ways(context.Background(), 1, 1001)
	if err != nil {
		t.Fatal(err)
	}
	from, next := ways.Paths[0][0], ways.Paths[0][1]
	if math.Abs(from[0]-1990) > 1e-3 || math.Abs(from[1]-0.001) > 1e-8 {
		t.Fatalf("the way of (1990, 0.001) begins at %v", from)
	}
	at := figure.Limits{XMin: from[0] - 1e-3, XMax: from[0] + 1e-3, YMin: from[1] - 1e-7, YMax: from[1] + 1e-7}
	arrow := p.Field(0, figure.Grid{Limits: at, NX: 2, NY: 2}).Vectors[0]
	for j, unit := range []float64{10, 0.001} {
		if slope := 1000 * (next[j] - from[j]); math.Abs(slope-arrow[j]) > 0.02*unit || math.Abs(arrow[j]) < 0.02*unit {
			t.Errorf("component %d: the arrow says %v, the way %v", j, arrow[j], slope)
		}
	}
}
