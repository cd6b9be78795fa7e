package train_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuralode/dataset"
	"neuralode/solver"
	"neuralode/train"
)

// pushed writes series of dx/dt = u(t) − x from x0, with u(t) = a·t up to 1.5 and falling from there, and the column k,
// which says nothing. In some rows u is not known, or x not observed.
func pushed(t *testing.T, n int) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("id,t,x,u,k\n")
	for i := range n {
		a, x0 := 0.5+0.3*float64(i%5), float64(i%4)-1
		for k := range 13 {
			at := 0.25 * float64(k)
			x := (x0+a)*math.Exp(-at) + a*(at-1)
			if late := at - 1.5; late > 0 {
				x -= 2 * a * (math.Exp(-late) + late - 1)
			}
			u, seen := fmt.Sprint(a*math.Min(at, 3-at)), fmt.Sprint(x)
			if k%3 == 1 {
				u = "" // on the line between its neighbours
			}
			if k%5 == 3 {
				seen = ""
			}
			fmt.Fprintf(&text, "s%d,%v,%s,%s,7\n", i, at, seen, u)
		}
	}
	path := filepath.Join(t.TempDir(), "pushed.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestInputs: series that a known signal pushes are told apart by it alone, seen in training or not, in windows or
// whole; the model file has all that is to be known of the signal. Columns are named by their numbers here, and in the
// model as the header does.
func TestInputs(t *testing.T) {
	for _, interpolation := range solver.Interpolations() {
		c := seriesConfig(pushed(t, 20))
		c.Features, c.Inputs, c.Constants, c.Interpolation = []string{"x"}, []string{"4"}, []string{"5"}, interpolation.String()
		r, e := heldScores(t, c)
		if !(e.R2 > 0.98) {
			t.Errorf("%v: R² is %v", interpolation, e.R2)
		}
		m, err := train.LoadModel(filepath.Join(r.Dir, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(m.Signals, []string{"u"}) || !slices.Equal(m.Constants, []string{"k"}) || m.Interpolation != interpolation ||
			!slices.Equal(m.SignalScale.Mean, r.Model.SignalScale.Mean) || m.Net.Inputs != 2 {
			t.Errorf("the model file has the signals %q, %v, with the scale %+v", m.Signals, m.Interpolation, m.SignalScale)
		}
		spec, err := c.Spec()
		if err != nil {
			t.Fatal(err)
		}
		again, err := m.Evaluate(context.Background(), backend(t), spec, r.Held())
		if err != nil || again.RMSE != e.RMSE {
			t.Errorf("the model of the file has RMSE %v, %v; want %v", again.RMSE, err, e.RMSE)
		}
	}
}

// TestManyKnots says what lines between many knots cost.
func TestManyKnots(t *testing.T) {
	var text strings.Builder
	text.WriteString("id,t,x,u\n")
	for k := range 500 {
		fmt.Fprintf(&text, "a,%d,%v,%v\n", k, math.Sin(float64(k)), k%7)
	}
	path := filepath.Join(t.TempDir(), "series.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for interpolation, want := range map[string]bool{"linear": true, "hermite": false} {
		c := seriesConfig(path)
		c.Inputs, c.Interpolation = []string{"u"}, interpolation
		r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend(t), "test")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		said := strings.Contains(strings.Join(r.Data.Notes, "\n"), "at most of the 500 rows")
		if said != want {
			t.Errorf("%s: the notes are %q", interpolation, r.Data.Notes)
		}
	}
}

// TestInputsThatAreNotKnown are errors that name the series, and no solve goes where nothing is known.
func TestInputsThatAreNotKnown(t *testing.T) {
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "series.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for want, text := range map[string]string{
		`series "b" goes from t 0 to 2, the input "u" is known from 1 to 2`: "id,t,x,u\na,0,1,2\na,2,1,2\nb,0,1,\nb,1,2,1\nb,2,2,1\n",
		`series "b" goes from t 0 to 2, the input "u" is known from 0 to 0`: "id,t,x,u\na,0,1,2\na,2,1,2\nb,0,1,3\nb,1,2,\nb,2,2,\n",
		`series "b": the input "u" is never known`:                          "id,t,x,u\na,0,1,2\na,2,1,2\nb,0,1,\nb,1,2,\nb,2,2,\n",
	} {
		c := seriesConfig(write(text))
		c.Inputs = []string{"u"}
		_, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend(t), "test")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	c := seriesConfig(write("id,t,x,u\na,0,1,2\na,2,1.5,2.5\nb,0,1,3\nb,1,2,\nb,2,2,\n"))
	c.Inputs, c.HoldInputs, c.Iterations, c.Validation, c.Patience = []string{"u"}, true, 2, 0, 0
	r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	m, err := train.LoadModel(filepath.Join(r.Dir, "model.safetensors"))
	if err != nil || !m.HoldSignals {
		t.Errorf("the model file does not hold its inputs: %v", err)
	}
	spec, err := c.Spec()
	if err != nil {
		t.Fatal(err)
	}
	m.HoldSignals = false
	p, err := m.Compile(backend(t), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	err = p.SolveSeries(context.Background(), nil, r.Data.Series, func(int, *dataset.Series, *solver.Solution, error) error {
		t.Error("a solve goes where inputs are not known")
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), `series "b" goes from t 0 to 2`) {
		t.Error(err)
	}
	for want, change := range map[string]func(c *train.Config){
		"interpolation must be one of":         func(c *train.Config) { c.Interpolation = "cubic" },
		"none are named":                       func(c *train.Config) { c.Inputs = nil },
		"inputs and hold-inputs are of series": func(c *train.Config) { c.Task = "auto" },
	} {
		wrong := c
		change(&wrong)
		if err := wrong.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
