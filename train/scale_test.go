package train_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neuralode/dataset"
	"neuralode/safetensors"
	"neuralode/solver"
	"neuralode/train"
)

// tableFile writes a table of n rows of x, y and label.
func tableFile(t *testing.T, n int, row func(i int) (x, y, label any)) string {
	t.Helper()
	text := "x,y,label\n"
	for i := range n {
		x, y, label := row(i)
		text += fmt.Sprintf("%v,%v,%v\n", x, y, label)
	}
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// onFile is a small configuration that treats its file as the defaults do.
func onFile(path string) train.Config {
	c, d := small(), train.DefaultsFor(path)
	c.Data, c.Scale, c.Validation, c.Patience = path, d.Scale, d.Validation, 20
	return c
}

// line is a table of points on a line, in any units.
func line(features, labels dataset.Scale) func(i int) (x, y, label any) {
	return func(i int) (x, y, label any) {
		u, v := math.Sin(float64(3*i)), math.Cos(float64(5*i))
		p := features.Undo([]float64{u, v}, 2)
		return p[0], p[1], labels.Undo([]float64{0.8*u - 0.5*v}, 1)[0]
	}
}

// TestUnitsDoNotMatter trains on the same table in other units, far from zero: the scaled training is the same but for
// rounding, and its predictions are those of the first in the new units. Without scales it is worth nothing.
func TestUnitsDoNotMatter(t *testing.T) {
	none := dataset.Scale{}
	far := dataset.Scale{Mean: []float64{1.7e9, -3}, Std: []float64{4000, 1e-5}}
	price := dataset.Scale{Mean: []float64{250_000}, Std: []float64{90_000}}
	var rmse [2]float64
	for k, path := range []string{tableFile(t, 60, line(none, none)), tableFile(t, 60, line(far, price))} {
		c := onFile(path)
		c.Iterations, c.Rate = 200, 1e-2
		r := newRun(t, c)
		if err := r.Train(context.Background(), backend(t)); err != nil {
			t.Fatal(err)
		}
		spec, _ := c.Spec()
		m, err := train.LoadModel(filepath.Join(r.Dir, "model.safetensors")) // as everyone else has it
		if err != nil {
			t.Fatal(err)
		}
		rmse[k] = rootMeanSquare(t, m, spec, r.Data)
	}
	std := price.Std[0]
	if !(rmse[0] < 0.2) || math.Abs(rmse[1]/std-rmse[0]) > 0.05*rmse[0] {
		t.Errorf("errors %v, and %v prices, which is %v of their deviation", rmse[0], rmse[1], rmse[1]/std)
	}
}

// rootMeanSquare is how far the model's predictions are from the labels, in their units.
func rootMeanSquare(t *testing.T, m *train.Model, spec solver.Spec, d *dataset.Dataset) float64 {
	t.Helper()
	p, err := m.Compile(backend(t), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	answers, err := p.Predict(context.Background(), d.X)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, o := range answers.Value {
		sum += (o - d.Labels[i]) * (o - d.Labels[i]) / float64(d.Len())
	}
	return math.Sqrt(sum)
}

// TestScaleInTheFile reads the scales of a model file with what others have: names, shapes, numbers, beside float32
// parameters. A constant column has deviation 1.
func TestScaleInTheFile(t *testing.T) {
	c := onFile(tableFile(t, 12, func(i int) (x, y, label any) { return 1e9 + float64(i%2), 7, i % 3 * 100 }))
	c.Validation, c.Patience = 0, 0
	r := newRun(t, c)
	if r.Data.Task != dataset.Regression {
		t.Fatalf("task %v", r.Data.Task)
	}
	file, err := safetensors.ReadFile(filepath.Join(r.Dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float64{"scale.features.mean": {1e9 + 0.5, 7}, "scale.features.std": {0.5, 1},
		"scale.labels.mean": {100}, "scale.labels.std": {100 * math.Sqrt(2./3)}} {
		got := file.Tensors[name]
		if len(got.Floats) != len(want) || got.DType != safetensors.F64 || len(got.Shape) != 1 {
			t.Fatalf("%s is %+v", name, got)
		}
		for i := range want {
			if math.Abs(got.Floats[i]-want[i]) > 1e-12*want[i] {
				t.Errorf("%s is %v, want %v", name, got.Floats, want)
			}
		}
	}
	z := r.Model.States([]float64{1e9 + 1, 7})
	if back := r.Model.Unscale(z); z[0] != 1 || z[1] != 0 || back[0] != 1e9+1 || back[1] != 7 {
		t.Errorf("the point begins at %v, which is %v", z, back)
	}
}

// TestWrongScales spoils the scales of a model file: each is an error that names them.
func TestWrongScales(t *testing.T) {
	r := newRun(t, onFile(tableFile(t, 12, func(i int) (x, y, label any) {
		return i, -i * i, []string{"a", "b"}[i%2]
	})))
	path := filepath.Join(r.Dir, "model.safetensors")
	for what, spoil := range map[string]func(f *safetensors.File){
		"no deviation": func(f *safetensors.File) { delete(f.Tensors, "scale.features.std") },
		"a third column": func(f *safetensors.File) {
			f.Tensors["scale.features.std"] = safetensors.Float64([]float64{1, 2, 3}, 3)
		},
		"deviation 0":     func(f *safetensors.File) { f.Tensors["scale.features.std"].Floats[1] = 0 },
		"a negative one":  func(f *safetensors.File) { f.Tensors["scale.features.std"].Floats[1] = -1 },
		"no number":       func(f *safetensors.File) { f.Tensors["scale.features.mean"].Floats[0] = math.NaN() },
		"classes with it": func(f *safetensors.File) { addLabelScale(f) },
	} {
		f, err := safetensors.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		spoil(f)
		other := filepath.Join(t.TempDir(), "model.safetensors")
		if err := f.WriteFile(other); err != nil {
			t.Fatal(err)
		}
		if _, err := train.LoadModel(other); err == nil || !strings.Contains(err.Error(), "scale") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func addLabelScale(f *safetensors.File) {
	f.Tensors["scale.labels.mean"] = safetensors.Float64([]float64{1}, 1)
	f.Tensors["scale.labels.std"] = safetensors.Float64([]float64{1}, 1)
}

// TestNoScale turns scaling off: the file has none, as those of older runs, whose configuration does not speak of it.
func TestNoScale(t *testing.T) {
	c := onFile(tableFile(t, 12, line(dataset.Scale{}, dataset.Scale{})))
	c.Scale = "none"
	r := newRun(t, c)
	if text := string(file(t, r, "model.safetensors")); strings.Contains(text, "scale.") || r.Model.Scaled() {
		t.Error("there is a scale")
	}
	config := filepath.Join(r.Dir, "config.json")
	older := strings.Replace(string(file(t, r, "config.json")), `"scale": "none",`, "", 1)
	if err := os.WriteFile(config, []byte(older), 0o644); err != nil {
		t.Fatal(err)
	}
	if r = resumed(t, r, 0); r.Config.Scale != "none" || r.Model.Scaled() {
		t.Errorf("an older run is scaled: %q", r.Config.Scale)
	}
}
