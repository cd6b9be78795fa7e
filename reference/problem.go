package reference

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"neuralode/safetensors"
)

// Problem is a model with initial values and the answers of a solve from T0 to T1, in float64.
type Problem struct {
	Model
	X     []float64 // [batch, dim], z(t0)
	Label []float64 // [batch], 0 or 1
	Z1    []float64 // [batch, dim], z(t1)

	Loss      float64   // mean over the batch of the sigmoid binary cross-entropy of logit z(t1)[:, 0]
	GradTheta []float64 // ∂Loss/∂θ, laid out as Theta
	GradX     []float64 // [batch, dim], ∂Loss/∂z(t0)
}

// Batch is the number of samples.
func (p *Problem) Batch() int { return len(p.Label) }

// ReadProblem reads a problem from the file at path. Its errors are those of [ReadModel].
func ReadProblem(path string) (*Problem, error) { return read(path, ParseProblem) }

// ParseProblem is the problem in an open file; name becomes the problem's and stands for the file in errors, which are
// those of [ReadModel]. The problem shares the file's memory.
func ParseProblem(name string, file *safetensors.File) (*Problem, error) {
	return parse(name, name, file, parseProblem)
}

func parseProblem(name string, file *safetensors.File) (*Problem, error) {
	m, err := parseModel(name, file)
	if err != nil {
		return nil, err
	}
	p := &Problem{Model: *m}
	if _, ok := file.Tensors["z1"]; !ok && len(file.Tensors["x"].Shape) == 0 {
		return nil, errors.New("it is a model alone: a reference file has tensors x, label, z1, loss, grad.x and grad. of each parameter too")
	}
	if p.GradTheta, err = gather("grad.", p.Params, file); err != nil {
		return nil, err
	}
	for _, q := range p.Params {
		delete(p.Extra, "grad."+q.Name)
	}
	return p, p.fill(file)
}

// fill takes what belongs to the samples from the file.
func (p *Problem) fill(file *safetensors.File) (err error) {
	x, dim := file.Tensors["x"], p.Dim()
	if len(x.Shape) != 2 || x.Shape[0] < 1 {
		return fmt.Errorf("tensor \"x\" is missing or has shape %v, want [batch %d]", x.Shape, dim)
	}
	batch := x.Shape[0]
	var loss []float64
	for _, part := range []struct {
		name  string
		dst   *[]float64
		shape []int
	}{
		{"x", &p.X, []int{batch, dim}},
		{"label", &p.Label, []int{batch}},
		{"z1", &p.Z1, []int{batch, dim}},
		{"grad.x", &p.GradX, []int{batch, dim}},
		{"loss", &loss, []int{1}},
	} {
		if *part.dst, err = floats(file, part.name, part.shape...); err != nil {
			return err
		}
		delete(p.Extra, part.name)
	}
	p.Loss = loss[0]
	return nil
}

// parse puts the place of a file before an error of fill.
func parse[T any](place, name string, file *safetensors.File, fill func(string, *safetensors.File) (*T, error)) (*T, error) {
	v, err := fill(name, file)
	if err != nil {
		return nil, fmt.Errorf("reference: %s: %w", place, err)
	}
	return v, nil
}

// read parses the file at path under its base name.
func read[T any](path string, fill func(string, *safetensors.File) (*T, error)) (*T, error) {
	file, err := safetensors.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	return parse(path, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), file, fill)
}

//go:embed data/*.safetensors
var data embed.FS

// Names lists the embedded problems.
func Names() []string {
	return []string{"spiral_trained", "circle_trained", "mlp_random", "mlp_time_softplus", "mlp_time_backward"}
}

// Embedded returns the problems of [Names], in that order, in memory of their own. Their answers come from an 8th-order
// Dormand-Prince solve at rtol 1e-12 and atol 1e-13 and are off by less than 4e-10 in every entry.
func Embedded() []Problem {
	var problems []Problem
	for _, name := range Names() {
		problems = append(problems, *embedded(name))
	}
	return problems
}

// embedded panics when a file that was compiled in is not readable: a fault of the program, not of its user.
func embedded(name string) *Problem {
	r, err := data.Open(path.Join("data", name+".safetensors"))
	if err != nil {
		panic(err)
	}
	defer r.Close()
	file, err := safetensors.Read(name, r)
	if err != nil {
		panic(err)
	}
	p, err := ParseProblem(name, file)
	if err != nil {
		panic(err)
	}
	return p
}
