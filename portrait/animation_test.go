package portrait

import (
	"bytes"
	"context"
	"image/gif"
	"math"
	"testing"

	"neuralode/figure"
	"neuralode/train"
)

// TestAtIsOnTheWays compares where the data are with the ways of the same samples, which are solved apart.
func TestAtIsOnTheWays(t *testing.T) {
	p := trained(t, 30, 3e-3)
	some := p.some(7)
	ways, err := some.Ways(context.Background(), 7, 3)
	if err != nil {
		t.Fatal(err)
	}
	at, err := some.At(context.Background(), []float64{0, 0.5, 1})
	if err != nil {
		t.Fatal(err)
	}
	for k, states := range at {
		for i := range states {
			if states[i] != ways.Paths[i][k] {
				t.Errorf("sample %d is at %v at time %d, its way at %v", i, states[i], k, ways.Paths[i][k])
			}
		}
	}
	if a, b := at[0][0], some.Data.Points[0]; math.Hypot(a[0]-b[0], a[1]-b[1]) > 1e-6 { // in float32
		t.Errorf("at t0 sample 0 is at %v, want %v", at[0][0], some.Data.Points[0])
	}
}

// TestEndLimits has one point that flies off, and points at one place.
func TestEndLimits(t *testing.T) {
	var points []figure.Point
	for i := range 200 {
		points = append(points, figure.Point{float64(i) / 100, 5})
	}
	points[0] = figure.Point{1e9, 5}
	if l := endLimits(points); l.XMin > 0.01 || l.XMax < 2 || l.XMax > 10 || l.YMin >= 5 || l.YMax <= 5 {
		t.Errorf("limits %v", l)
	}
}

// TestSpread keeps both ends.
func TestSpread(t *testing.T) {
	all := make([]train.Snapshot, 100)
	for i := range all {
		all[i].Iteration = i
	}
	some := spread(all, 12)
	if len(some) != 12 || some[0].Iteration != 0 || some[11].Iteration != 99 || some[6].Iteration != 54 || len(spread(all, 200)) != 100 {
		t.Errorf("%v", some)
	}
}

// TestAnimations draws both, and counts the pictures.
func TestAnimations(t *testing.T) {
	p := trained(t, 30, 3e-3)
	flow, err := p.Flow(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	training, err := p.Training(context.Background(), []train.Snapshot{{Iteration: 0, Theta: p.model.Theta}, {Iteration: 16, Theta: p.model.Theta}})
	if err != nil {
		t.Fatal(err)
	}
	for want, a := range map[int]*figure.Animation{flowPictures: flow, 2: training} {
		var b bytes.Buffer
		if err := a.WriteGIF(&b); err != nil {
			t.Fatal(err)
		}
		g, err := gif.DecodeAll(&b)
		if err != nil || len(g.Image) != want {
			t.Errorf("%d pictures, %v, want %d", len(g.Image), err, want)
		}
	}
}
