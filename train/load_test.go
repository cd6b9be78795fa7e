package train_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"neuralode/dataset"
	"neuralode/safetensors"
	"neuralode/solver"
	"neuralode/train"
)

// modelFile is a classifier of three classes by a linear read-out of a state of two features and an added zero.
func modelFile() *safetensors.File {
	return &safetensors.File{
		Metadata: map[string]string{
			"sizes": "[3,4,3]", "activation": "tanh", "time": "false", "t0": "0", "t1": "1",
			"augment": "1", "readout": "linear", "component": "0", "outputs": "3", "loss": "softmax",
			"classes": `["ant","bee","cat"]`, "inputs": `["x","y"]`,
		},
		Tensors: map[string]safetensors.Tensor{
			"layers.0.weight": numbered(4, 3), "layers.0.bias": numbered(4),
			"layers.1.weight": numbered(3, 4), "layers.1.bias": numbered(3),
			"readout.weight": numbered(3, 3), "readout.bias": numbered(3),
		},
	}
}

// numbered holds 0, 0.01, 0.02, ...
func numbered(shape ...int) safetensors.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i) / 100
	}
	return safetensors.Float64(x, shape...)
}

func load(t *testing.T, f *safetensors.File) (*train.Model, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := f.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	return train.LoadModel(path)
}

// points are a sample of each of the three classes.
func points() *dataset.Dataset {
	return &dataset.Dataset{X: []float64{1, 2, 3, 4, 5, 6}, Dim: 2, Features: []string{"x", "y"},
		Task: dataset.MultiClass, Labels: []float64{0, 1, 2}, Width: 1, Targets: []string{"kind"},
		Classes: []string{"ant", "bee", "cat"}}
}

func TestLoadModel(t *testing.T) {
	m, err := load(t, modelFile())
	if err != nil {
		t.Fatal(err)
	}
	if m.Features() != 2 || m.Outputs != 3 || !slices.Equal(m.Classes, []string{"ant", "bee", "cat"}) ||
		len(m.Theta) != 16+15+12 ||
		m.Theta[len(m.Theta)-1] != 0.02 {
		t.Errorf("model %+v", m)
	}
	if _, err := m.Evaluate(context.Background(), backend(t), solver.DefaultSpec(), points()); err != nil {
		t.Error(err)
	}
}

// TestContradictions spoils one thing of a model file after another: each is an error that names it.
func TestContradictions(t *testing.T) {
	const missing = "\x00"
	for _, x := range []struct {
		change map[string]string
		want   string
	}{
		{map[string]string{"classes": missing}, "outputs 3 and 0 classes"},
		{map[string]string{"outputs": missing}, "outputs 1 and 3 classes"},
		{map[string]string{"loss": missing}, "loss bce wants two classes, got 3"},
		{map[string]string{"sizes": missing}, `metadata "sizes" is missing`},
		{map[string]string{"outputs": "0"}, "outputs must be from 1"},
		{map[string]string{"outputs": "0", "readout": "component", "loss": "bce", "classes": `["a","b"]`}, "outputs 0"},
		{map[string]string{"outputs": "2"}, "outputs 2 and 3 classes"},
		{map[string]string{"outputs": "-3"}, `"outputs" is "-3", want a whole number`},
		{map[string]string{"outputs": "3.0"}, `"outputs" is "3.0"`},
		{map[string]string{"outputs": "99999999999999999999"}, `"outputs" is "99999999999999999999"`},
		{map[string]string{"outputs": "4611686018427387904", "loss": "mse", "classes": "null"}, "outputs must be from 1 to 1048576, got 4611686018427387904"},
		{map[string]string{"outputs": "1048576", "loss": "mse", "classes": "null"}, `tensor "readout.weight" has shape [3 3], want [1048576 3]`},
		{map[string]string{"classes": `["ant","bee"]`}, "outputs 3 and 2 classes"},
		{map[string]string{"classes": `["ant","bee","bee"]`}, `classes: "bee" is there twice`},
		{map[string]string{"classes": `["ant","bee",""]`}, "classes: a name is empty"},
		{map[string]string{"classes": `["ant","bee",null]`}, `"classes" is "[\"ant\",\"bee\",null]", want a JSON list`},
		{map[string]string{"classes": `["ant","bee",3]`}, `"classes" is`},
		{map[string]string{"classes": `ant,bee,cat`}, `"classes" is "ant,bee,cat", want a JSON list`},
		{map[string]string{"classes": `["ant","bee","cat"] `[:18]}, `"classes" is`},
		{map[string]string{"classes": "null"}, "outputs 3 and 0 classes"},
		{map[string]string{"classes": "[]"}, "outputs 3 and 0 classes"},
		{map[string]string{"loss": "bce"}, "loss bce wants two classes, got 3"},
		{map[string]string{"loss": "mse"}, "loss mse wants no classes"},
		{map[string]string{"loss": "\x1b[2J"}, `loss must be bce, softmax, mse, huber or gaussian, got "\x1b[2J"`},
		{map[string]string{"loss": "auto"}, `loss must be bce, softmax, mse, huber or gaussian, got "auto"`},
		{map[string]string{"readout": "component"}, "readout component gives one output"},
		{map[string]string{"readout": "component", "component": "3"}, "component 3 of a state of 3 components, want 0 to 2"},
		{map[string]string{"readout": "component", "outputs": "1", "loss": "bce", "classes": `["ant","bee"]`}, `" does not belong to readout component`},
		{map[string]string{"readout": ""}, `readout must be component, components, linear or mlp, got ""`},
		{map[string]string{"component": "-1"}, `"component" is "-1"`},
		{map[string]string{"augment": "3"}, "augment must be from 0 to 2"},
		{map[string]string{"augment": "-1"}, `"augment" is "-1"`},
		{map[string]string{"augment": "0"}, "inputs must be a name for each of 3 features, got 2"},
		{map[string]string{"inputs": `["x"]`}, "inputs must be a name for each of 2 features, got 1"},
		{map[string]string{"inputs": `["x","x"]`}, `inputs: "x" is there twice`},
		{map[string]string{"inputs": `{"x":1}`}, `"inputs" is`},
		{map[string]string{"t1": "0"}, "t0 and t1 must be finite and differ, got 0 and 0"},
		{map[string]string{"t0": "-1e308", "t1": "1e308"}, "t0 and t1 must be finite and differ"},
		{map[string]string{"t1": "Inf"}, `"t1" is "Inf"`},
		{map[string]string{"start": "learnt"}, `"start" is "learnt", want first or, of series, learnt`},
		{map[string]string{"loss": "huber", "huber_delta": "-1"}, "huber_delta must be positive"},
		{map[string]string{"weights": "[1,-1]"}, "weights must be a number from 0"},
		{map[string]string{"weights": "x"}, `metadata "weights" is "x"`},
		{map[string]string{"activation": strings.Repeat("x", 1e5)}, `activation "` + strings.Repeat("x", 60) + `", want one of`},
		{map[string]string{"activation": "swish"}, `activation "swish", want one of`},
		{map[string]string{"activation": "\x1b]0;title\a"}, `activation "\x1b]0;title\a", want one of`},
		{map[string]string{"sizes": "[4,4,4]"}, `tensor "layers.0.weight" has shape [4 3], want [4 4]`},
		{map[string]string{"outputs": "0", "t1": "0", "augment": "9"}, "differ"}, // with the others
		{map[string]string{"outputs": "0", "t1": "0", "augment": "9"}, "augment must be"},
		{map[string]string{"outputs": "x", "augment": "y"}, `"augment" is "y"`},
	} {
		f := modelFile()
		for key, value := range x.change {
			f.Metadata[key] = value
			if value == missing {
				delete(f.Metadata, key)
			}
		}
		if _, err := load(t, f); err == nil || !strings.Contains(err.Error(), x.want) ||
			!strings.Contains(err.Error(), "model.safetensors") {
			t.Errorf("%v gives %v, want %q", x.change, err, x.want)
		}
	}
}

// TestSpoiltTensors puts numbers that no training leaves into a model file, or leaves some out.
func TestSpoiltTensors(t *testing.T) {
	for name, shape := range map[string][]int{"layers.1.bias": {3}, "readout.weight": {3, 3}, "readout.bias": {3}} {
		for _, spoilt := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			f := modelFile()
			f.Tensors[name].Floats[2] = spoilt
			if _, err := load(t, f); err == nil || !strings.Contains(err.Error(), `"`+name+`": number 2 is`) {
				t.Errorf("%v in %s gives %v", spoilt, name, err)
			}
		}
		f := modelFile()
		f.Tensors[name] = safetensors.Int64(make([]int64, f.Tensors[name].Len()), shape...)
		if _, err := load(t, f); err == nil || !strings.Contains(err.Error(), `"`+name+`" is "I64"`) {
			t.Errorf("integers in %s give %v", name, err)
		}
		delete(f.Tensors, name)
		if _, err := load(t, f); err == nil || !strings.Contains(err.Error(), `"`+name+`" is missing`) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// TestReadOutBeyondNumbers evaluates a read-out whose sum is no number: its classes would be those of NaN.
func TestReadOutBeyondNumbers(t *testing.T) {
	f := modelFile()
	for i := range f.Tensors["readout.weight"].Floats {
		f.Tensors["readout.weight"].Floats[i] = math.MaxFloat32
	}
	m, err := load(t, f)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := m.Evaluate(context.Background(), backend(t), solver.DefaultSpec(), points()); err == nil ||
		!strings.Contains(err.Error(), "sample 0: the read-out gives +Inf") {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestWeightBeyondFloat32 solves with a weight that is infinite as a float32: its tanh would be ±1 for most points.
func TestWeightBeyondFloat32(t *testing.T) {
	f := modelFile()
	f.Tensors["layers.1.weight"].Floats[5] = 1e300
	m, err := load(t, f)
	if err != nil {
		t.Fatal(err)
	}
	spec := solver.DefaultSpec()
	spec.Precision = solver.Float32
	if _, err := m.Evaluate(context.Background(), backend(t), spec, points()); err == nil ||
		!strings.Contains(err.Error(), "number 5 of layers.1.weight is 1e+300, which float32 does not hold") {
		t.Errorf("error %v", err)
	}
	spec.Precision = solver.Float64
	if _, err := m.Evaluate(context.Background(), backend(t), spec, points()); err != nil &&
		strings.Contains(err.Error(), "does not hold") {
		t.Errorf("error %v", err)
	}
}

// TestOtherClasses evaluates on data whose classes are others, or in another order, or are no classes at all.
func TestOtherClasses(t *testing.T) {
	m, err := load(t, modelFile())
	if err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*dataset.Dataset){
		`class 0 of the data is "bee", that of the model "ant"`: func(d *dataset.Dataset) { d.Classes = []string{"bee", "ant", "cat"} },
		"the data have 2 classes": func(d *dataset.Dataset) {
			d.Classes, d.Task, d.Labels = d.Classes[:2], dataset.Binary, []float64{0, 1, 1}
		},
		"label 2 is 7":                  func(d *dataset.Dataset) { d.Labels[2] = 7 },
		"the data have 1 features":      func(d *dataset.Dataset) { d.X, d.Dim, d.Features = d.X[:3], 1, []string{"x"} },
		"2 labels, want 3 for 3 points": func(d *dataset.Dataset) { d.Labels = d.Labels[:2] },
	} {
		d := points()
		spoil(d)
		if _, err := m.Evaluate(context.Background(), backend(t), solver.DefaultSpec(), d); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestNewModelsLoad saves what new runs begin with: the rules of both are the same.
func TestNewModelsLoad(t *testing.T) {
	accepted := 0
	for i, readout := range train.Readouts {
		for j, loss := range train.Losses {
			c := small()
			c.Samples, c.Precision, c.Augment, c.Component, c.T0 = 4, "float64", i+j, 0, -float64(j)
			c.Readout, c.Loss = readout, loss
			if readout == "component" {
				c.Component = 1
			}
			dir := filepath.Join(t.TempDir(), "run")
			r, err := train.NewRun(dir, c, backend(t), "test")
			if err != nil {
				continue
			}
			accepted++
			m, err := train.LoadModel(filepath.Join(dir, "model.safetensors"))
			if err != nil {
				t.Fatalf("read-out %s, loss %s: %v", readout, loss, err)
			}
			same(t, m, r.Model)
		}
	}
	if accepted != 15 { // all but a component for softmax, losses of numbers alone for classes, and what is of series
		t.Errorf("%d configurations are accepted", accepted)
	}
}

func same(t *testing.T, m, want *train.Model) {
	t.Helper()
	if !slices.Equal(m.Theta, want.Theta) || m.Outputs != want.Outputs || m.Readout != want.Readout ||
		m.Loss != want.Loss ||
		m.Component != want.Component || m.Augment != want.Augment || m.Span != want.Span ||
		!slices.Equal(m.Classes, want.Classes) ||
		!slices.Equal(m.Inputs, want.Inputs) || m.Net.Activation != want.Net.Activation {
		t.Errorf("loaded %+v, saved %+v", m, want)
	}
}

// TestAnotherModelInARun puts another model's file into a run: it is not drawn over samples of other classes or
// features.
func TestAnotherModelInARun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "points.csv")
	if err := os.WriteFile(path, []byte("x,y,kind\n"+strings.Repeat("0.1,0.2,ant\n1,2,bee\n-1,0,cat\n", 4)),
		0o644); err != nil {
		t.Fatal(err)
	}
	c := small()
	c.Data, c.Hidden, c.Augment = path, []int{4}, 1
	r := newRun(t, c)
	r.Close()
	for _, x := range []struct{ key, value, want string }{
		{"activation", "relu", ""}, // any of the same classes
		{"classes", `["bee","ant","cat"]`, `class 0 of the data is "ant", that of the model "bee"`},
	} {
		f := modelFile()
		f.Metadata[x.key] = x.value
		if err := f.WriteFile(filepath.Join(r.Dir, "model.safetensors")); err != nil {
			t.Fatal(err)
		}
		again, err := train.OpenRun(r.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Shown(); x.want == "" && err != nil || x.want != "" &&
			(err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s %s: %v, want %q", x.key, x.value, err, x.want)
		}
	}
}

// TestManyClasses evaluates a model of so many classes that a table of their pairs would take 80 GB.
func TestManyClasses(t *testing.T) {
	const k = 100_000
	classes := make([]string, k)
	for i := range classes {
		classes[i] = strconv.Itoa(i)
	}
	text, _ := json.Marshal(classes)
	f := modelFile()
	f.Metadata["classes"], f.Metadata["outputs"] = string(text), strconv.Itoa(k)
	bias := make([]float64, k)
	bias[k-1] = 1
	f.Tensors["readout.weight"], f.Tensors["readout.bias"] = safetensors.Float32(make([]float64, 3*k), k, 3),
		safetensors.Float32(bias, k)
	m, err := load(t, f)
	if err != nil {
		t.Fatal(err)
	}
	d := points()
	d.Classes, d.Labels = classes, []float64{0, k - 1, k - 1}
	spec := solver.DefaultSpec()
	spec.Precision = solver.Float64 // a sum of so many in float32 has four digits
	e, err := m.Evaluate(context.Background(), backend(t), spec, d)
	if err != nil {
		t.Fatal(err)
	}
	// The loss is log(e + 99999), less 1 where the last class is the true one.
	if want := math.Log(math.E+k-1) - 2./3; e.Confusion != nil || math.Abs(e.Accuracy-2./3) > 1e-15 ||
		math.Abs(e.Loss-want) > 1e-9 {
		t.Errorf("loss %v, want %v; accuracy %v; a table: %t", e.Loss, want, e.Accuracy, e.Confusion != nil)
	}
}

// TestSpoiltState spoils the state of a run: resuming says what is wrong with it.
func TestSpoiltState(t *testing.T) {
	r := newRun(t, small())
	path := filepath.Join(r.Dir, "state.safetensors")
	own := file(t, r, "state.safetensors")
	for want, spoil := range map[string]func(*safetensors.File){
		`metadata "format" is "pickle", want "neuralode training state 1"`: func(f *safetensors.File) { f.Metadata["format"] = "pickle" },
		`state of run "\x1b[2J"`:                  func(f *safetensors.File) { f.Metadata["run"] = "\x1b[2J" },
		`metadata "config"`:                       func(f *safetensors.File) { f.Metadata["config"] = "{" },
		`tensor "m" is missing, want shape [42]`:  func(f *safetensors.File) { delete(f.Tensors, "m") },
		`tensor "theta" has shape [1], want [42]`: func(f *safetensors.File) { f.Tensors["theta"] = numbered(1) },
		`tensor "v" is "I64"`:                     func(f *safetensors.File) { f.Tensors["v"] = safetensors.Int64(make([]int64, 42), 42) },
		`tensor "iteration" is "F64", want I64`:   func(f *safetensors.File) { f.Tensors["iteration"] = numbered(1) },
		`tensor "iteration" is missing`:           func(f *safetensors.File) { delete(f.Tensors, "iteration") },
		"step -1":                                 func(f *safetensors.File) { f.Tensors["iteration"].Ints[0] = -1 },
		"the second not negative":                 func(f *safetensors.File) { f.Tensors["v"].Floats[7] = -1 },
	} {
		if err := os.WriteFile(path, own, 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := safetensors.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		spoil(f)
		if err := f.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		if err := refused(t, r, train.Resumption{}); err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "state.safetensors") {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
