package reference

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"neuralode/safetensors"
)

// The table of the files' own description.
var described = []struct {
	name       string
	sizes      []int
	activation string
	time       bool
	t0, t1     float64
	batch      int
	theta      int // counted by hand
}{
	{"spiral_trained", []int{2, 64, 64, 2}, "tanh", false, 0, 1, 256, 2*64 + 64 + 64*64 + 64 + 64*2 + 2},
	{"circle_trained", []int{2, 64, 64, 2}, "tanh", false, 0, 1, 256, 2*64 + 64 + 64*64 + 64 + 64*2 + 2},
	{"mlp_random", []int{2, 64, 64, 2}, "tanh", false, 0, 1, 256, 2*64 + 64 + 64*64 + 64 + 64*2 + 2},
	{"mlp_time_softplus", []int{3, 24, 16, 3}, "softplus", true, 0.25, 2, 37, 4*24 + 24 + 24*16 + 16 + 16*3 + 3},
	{"mlp_time_backward", []int{4, 32, 4}, "tanh", true, 1, -0.5, 16, 5*32 + 32 + 32*4 + 4},
}

func TestEmbeddedAreAsDescribed(t *testing.T) {
	problems := Embedded()
	if len(problems) != len(described) || len(Names()) != len(described) {
		t.Fatalf("%d problems, %d names, want %d", len(problems), len(Names()), len(described))
	}
	for i, want := range described {
		p := problems[i]
		if p.Name != want.name || Names()[i] != want.name || !slices.Equal(p.Sizes, want.sizes) ||
			p.Activation != want.activation ||
			p.Time != want.time || p.T0 != want.t0 || p.T1 != want.t1 {
			t.Errorf("%s: got %s %v %s %v %v %v", want.name, p.Name, p.Sizes, p.Activation, p.Time, p.T0, p.T1)
		}
		if p.Batch() != want.batch || p.Dim() != want.sizes[0] || len(p.X) != p.Batch()*p.Dim() ||
			len(p.Z1) != len(p.X) || len(p.GradX) != len(p.X) {
			t.Errorf("%s: batch %d, dim %d, %d numbers in x, %d in z1, %d in grad.x", p.Name, p.Batch(), p.Dim(),
				len(p.X), len(p.Z1), len(p.GradX))
		}
		if len(p.Theta) != want.theta || len(p.GradTheta) != want.theta {
			t.Errorf("%s: %d parameters, %d gradients, want %d", p.Name, len(p.Theta), len(p.GradTheta), want.theta)
		}
	}
}

// The files hold their own check: loss is the cross-entropy of z1 with label.
func TestLossIsThatOfZ1AndLabel(t *testing.T) {
	for _, p := range Embedded() {
		sum := 0.0
		for i, y := range p.Label {
			logit := p.Z1[i*p.Dim()]
			sum += math.Max(logit, 0) - logit*y + math.Log1p(math.Exp(-math.Abs(logit)))
		}
		if got := sum / float64(p.Batch()); math.Abs(got-p.Loss) > 1e-12 {
			t.Errorf("%s: loss %v, the file says %v", p.Name, got, p.Loss)
		}
	}
}

// field is f(t, z), from the layout that Params describes.
func field(m *Model, t float64, z []float64) []float64 {
	x := slices.Clone(z)
	if m.Time {
		x = append(x, t)
	}
	for i := 0; i < len(m.Params); i += 2 {
		w, b := m.Params[i].Of(m.Theta), m.Params[i+1].Of(m.Theta)
		y := slices.Clone(b)
		for r := range y {
			for c, v := range x {
				y[r] += w[r*len(x)+c] * v
			}
			if i+2 < len(m.Params) {
				y[r] = activate(m.Activation, y[r])
			}
		}
		x = y
	}
	return x
}

func activate(name string, v float64) float64 {
	if name == "softplus" {
		return math.Log1p(math.Exp(v))
	}
	return math.Tanh(v)
}

// rk4 solves from T0 to T1 with n classical steps.
func rk4(m *Model, z []float64, n int) []float64 {
	z = slices.Clone(z)
	h := (m.T1 - m.T0) / float64(n)
	shift := func(k []float64, by float64) []float64 {
		out := slices.Clone(z)
		for i := range out {
			out[i] += by * k[i]
		}
		return out
	}
	for s := range n {
		t := m.T0 + float64(s)*h
		k1 := field(m, t, z)
		k2 := field(m, t+h/2, shift(k1, h/2))
		k3 := field(m, t+h/2, shift(k2, h/2))
		k4 := field(m, t+h, shift(k3, h))
		for i := range z {
			z[i] += h / 6 * (k1[i] + 2*k2[i] + 2*k3[i] + k4[i])
		}
	}
	return z
}

// Solving with the parameters as they were unpacked reaches z1: layers, time column and rows are where they belong.
func TestThetaSolvesToZ1(t *testing.T) {
	for _, p := range Embedded() {
		for _, sample := range []int{0, p.Batch() - 1} {
			at := sample * p.Dim()
			got := rk4(&p.Model, p.X[at:at+p.Dim()], 400)
			for i, v := range got {
				if want := p.Z1[at+i]; math.Abs(v-want) > 2e-5*(1+math.Abs(want)) {
					t.Errorf("%s, sample %d, component %d: %v, want %v", p.Name, sample, i, v, want)
				}
			}
		}
	}
}

func TestEmbeddedIsACopy(t *testing.T) {
	Embedded()[0].Theta[0] = math.Inf(1)
	if math.IsInf(Embedded()[0].Theta[0], 1) {
		t.Error("a change reaches the next caller")
	}
}

// tiny is a 1-1 model with metadata and tensors that a test may break.
func tiny() *safetensors.File {
	return &safetensors.File{
		Metadata: map[string]string{"sizes": "[1,1]", "activation": "relu", "time": "true", "t0": "0", "t1": "1e-1",
			"note": "n"},
		Tensors: map[string]safetensors.Tensor{
			"layers.0.weight": safetensors.Float64([]float64{2, 3}, 1, 2),
			"layers.0.bias":   safetensors.Float32([]float64{4}, 1),
			"readout.weight":  safetensors.Float64([]float64{5}, 1, 1),
		},
	}
}

func tinyProblem() *safetensors.File {
	f := tiny()
	for name, t := range map[string]safetensors.Tensor{
		"x":                    safetensors.Float64([]float64{1, 2}, 2, 1),
		"z1":                   safetensors.Float64([]float64{3, 4}, 2, 1),
		"label":                safetensors.Float64([]float64{0, 1}, 2),
		"loss":                 safetensors.Float64([]float64{0.5}, 1),
		"grad.x":               safetensors.Float64([]float64{5, 6}, 2, 1),
		"grad.layers.0.weight": safetensors.Float64([]float64{7, 8}, 1, 2),
		"grad.layers.0.bias":   safetensors.Float64([]float64{9}, 1),
	} {
		f.Tensors[name] = t
	}
	return f
}

// opened is the file as it is read again.
func opened(t testing.TB, f *safetensors.File) *safetensors.Reader {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	r, err := safetensors.NewReader("f", bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestModel(t *testing.T) {
	m, err := ParseModel("tiny", opened(t, tiny()))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Theta, []float64{2, 3, 4}) || m.T1 != 0.1 || !m.Time {
		t.Errorf("got %+v", m)
	}
	want := []Param{{"layers.0.weight", []int{1, 2}, 0}, {"layers.0.bias", []int{1}, 2}}
	if !reflect.DeepEqual(m.Params, want) {
		t.Errorf("params %v", m.Params)
	}
}

func TestProblem(t *testing.T) {
	p, err := ParseProblem("tiny", opened(t, tinyProblem()))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.GradTheta, []float64{7, 8, 9}) || !slices.Equal(p.X, []float64{1, 2}) ||
		!slices.Equal(p.Z1, []float64{3, 4}) ||
		!slices.Equal(p.Label, []float64{0, 1}) || !slices.Equal(p.GradX, []float64{5, 6}) || p.Loss != 0.5 {
		t.Errorf("got %+v", p)
	}
	if m, err := ParseModel("tiny", opened(t, tinyProblem())); err != nil || len(m.Theta) != 3 {
		t.Errorf("a problem's file as a model: %v, error %v", m, err)
	}
}

func TestIllFormedFiles(t *testing.T) {
	set := func(key, value string) func(*safetensors.File) {
		return func(f *safetensors.File) { f.Metadata[key] = value }
	}
	put := func(name string, x safetensors.Tensor) func(*safetensors.File) {
		return func(f *safetensors.File) { f.Tensors[name] = x }
	}
	drop := func(name string) func(*safetensors.File) {
		return func(f *safetensors.File) { delete(f.Tensors, name); delete(f.Metadata, name) }
	}
	zeros := func(shape ...int) safetensors.Tensor {
		return safetensors.Float64(make([]float64, product(shape)), shape...)
	}
	for _, c := range []struct {
		spoil func(*safetensors.File)
		want  string
	}{
		{drop("sizes"), `metadata "sizes" is missing, want a JSON list of 2 to 257 widths from 1 to 1048576`},
		{set("sizes", "[2]"), `metadata "sizes" is "[2]", want a JSON list`},
		{set("sizes", "[2,0,2]"), `metadata "sizes" is "[2,0,2]"`},
		{set("sizes", "[2,3]"), `metadata "sizes" is "[2,3]", want`},
		{set("sizes", "2,2"), `metadata "sizes" is "2,2"`},
		{set("sizes", "[1,1048576,1048576,1]"), `sizes [1 1048576 1048576 1] are more than 67108864 parameters`},
		{set("sizes", "[2147483647,2147483647]"), `metadata "sizes" is "[2147483647,2147483647]"`},
		{set("sizes", "[9223372036854775808,9223372036854775808]"), `metadata "sizes" is`},
		{set("sizes", "[1,1,null,1]"), `metadata "sizes" is`},
		{set("sizes", "["+strings.Repeat("1,", 1e6)+"1]"), `metadata "sizes" is "[` + strings.Repeat("1,", 29) + `1", want`},
		{set("activation", ""), `metadata "activation" is "", want a name`},
		{set("time", "True"), `metadata "time" is "True", want "true" or "false"`},
		{set("t0", "NaN"), `metadata "t0" is "NaN", want a finite number`},
		{set("t1", "late"), `metadata "t1" is "late", want a finite number`},
		{drop("layers.0.weight"), `tensor "layers.0.weight" is missing, want shape [1 2]`},
		{put("layers.0.weight", zeros(2, 1)), `tensor "layers.0.weight" has shape [2 1], want [1 2]`},
		{set("time", "false"), `tensor "layers.0.weight" has shape [1 2], want [1 1]`},
		{put("layers.0.bias", safetensors.Int64([]int64{1}, 1)), `tensor "layers.0.bias" is "I64", want F64, F32, F16 or BF16`},
		{put("layers.0.bias", safetensors.Float64([]float64{math.NaN()}, 1)), `tensor "layers.0.bias": number 0 is NaN, want finite numbers`},
		{put("layers.0.weight", safetensors.Float32([]float64{0, math.Inf(1)}, 1, 2)), `tensor "layers.0.weight": number 1 is +Inf, want finite numbers`},
		{put("layers.0.weigth", zeros(1)), `tensor "layers.0.weigth" does not belong to sizes [1 1]`},
		{put("z1", safetensors.Float64([]float64{1, math.Inf(-1)}, 2, 1)), `tensor "z1": number 1 is -Inf`},
		{put("layers.1.bias", zeros(1)), `tensor "layers.1.bias" does not belong to sizes [1 1]`},
		{drop("x"), `tensor "x" is missing or has shape [], want [batch 1]`},
		{put("x", zeros(1)), `tensor "x" is missing or has shape [1], want [batch 1]`},
		{put("x", zeros(2, 3)), `tensor "x" has shape [2 3], want [2 1]`},
		{put("label", zeros(3)), `tensor "label" has shape [3], want [2]`},
		{drop("z1"), `tensor "z1" is missing, want shape [2 1]`},
		{put("grad.x", zeros(2)), `tensor "grad.x" has shape [2], want [2 1]`},
		{drop("grad.layers.0.bias"), `tensor "grad.layers.0.bias" is missing, want shape [1]`},
		{put("loss", zeros()), `tensor "loss" has shape [], want [1]`},
	} {
		f := tinyProblem()
		c.spoil(f)
		_, err := ParseProblem("tiny", opened(t, f))
		if err == nil || !strings.HasPrefix(err.Error(), "reference: tiny: ") ||
			!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestFilesOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tiny.v2.safetensors")
	if err := tinyProblem().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	if m, err := ReadModel(path); err != nil || m.Name != "tiny.v2" {
		t.Errorf("model %v, error %v", m, err)
	}
	if p, err := ReadProblem(path); err != nil || p.Batch() != 2 {
		t.Errorf("problem %v, error %v", p, err)
	}
	if err := tiny().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadProblem(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v does not name %s", err, path)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadModel(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestModelsSurviveWriting(t *testing.T) {
	for _, p := range Embedded() {
		file, err := p.File(safetensors.F64)
		if err != nil {
			t.Fatal(err)
		}
		m, err := ParseModel(p.Name, opened(t, file))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(*m, p.Model) {
			t.Errorf("%s: not the same after writing", p.Name)
		}
	}
}

func TestModelsThatHaveNoFile(t *testing.T) {
	good := Model{Name: "m", Sizes: []int{1, 1}, Activation: "tanh", Theta: []float64{1, 2}}
	if _, err := good.File(safetensors.F32); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Model){
		`reference: m: metadata "sizes" is "null"`:                    func(m *Model) { m.Sizes = nil },
		`reference: m: metadata "t1" is "+Inf", want a finite number`: func(m *Model) { m.T1 = math.Inf(1) },
		`reference: m: theta has 2 numbers, want 3 for sizes [1 1]`:   func(m *Model) { m.Time = true },
		`reference: m: sizes [1 1048576 1048576 1] are more than`:     func(m *Model) { m.Sizes = []int{1, 1 << 20, 1 << 20, 1} },
		`reference: m: metadata "activation" is "", want a name`:      func(m *Model) { m.Activation = "" },
	} {
		m := good
		spoil(&m)
		if _, err := m.File(safetensors.F64); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func FuzzParseProblem(f *testing.F) {
	for _, file := range []*safetensors.File{tiny(), tinyProblem()} {
		var b bytes.Buffer
		if err := file.Write(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := safetensors.NewReader("f", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		p, err := ParseProblem("f", file)
		if err == nil && (len(p.X) != p.Batch()*p.Dim() || len(p.GradTheta) != len(p.Theta)) {
			t.Fatalf("got %+v", p)
		}
	})
}
