package reference

import (
	"bytes"
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

// ErrModelAlone says that a file has a model and no answers.
var ErrModelAlone = errors.New("it is a model alone: a reference file has tensors x, label, z1, loss, grad.x and grad. of each " +
	"parameter too")

// Batch is the number of samples.
func (p *Problem) Batch() int { return len(p.Label) }

// ReadProblem reads a problem from the file at path. Its errors are those of [ReadModel], and [ErrModelAlone].
func ReadProblem(path string) (*Problem, error) {
	p, err := read(path, ParseProblem)
	if err == nil {
		p.Name = baseName(path)
	}
	return p, err
}

func baseName(path string) string { return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) }

// ParseProblem is the problem in an open file; name becomes the problem's and stands for the file in errors, which are
// those of [ReadModel].
func ParseProblem(name string, file *safetensors.Reader) (*Problem, error) {
	p, err := parseProblem(file)
	if err != nil {
		return nil, fmt.Errorf("reference: %s: %w", name, err)
	}
	p.Name = name
	return p, nil
}

func parseProblem(file *safetensors.Reader) (*Problem, error) {
	m, err := parseModel(file)
	if err != nil {
		return nil, err
	}
	p := &Problem{Model: *m}
	x, err := file.Shape("x")
	if _, missing := file.Shape("z1"); err != nil && missing != nil {
		return nil, ErrModelAlone
	}
	if p.GradTheta, err = gather("grad.", p.Params, file); err != nil {
		return nil, err
	}
	if len(x) != 2 || x[0] < 1 {
		return nil, fmt.Errorf("tensor \"x\" is missing or has shape %v, want [batch %d]", x, p.Dim())
	}
	return p, p.fill(file, x[0])
}

// fill takes what belongs to the samples from the file.
func (p *Problem) fill(file *safetensors.Reader, batch int) (err error) {
	var loss []float64
	for _, part := range []struct {
		name  string
		dst   *[]float64
		shape []int
	}{
		{"x", &p.X, []int{batch, p.Dim()}},
		{"label", &p.Label, []int{batch}},
		{"z1", &p.Z1, []int{batch, p.Dim()}},
		{"grad.x", &p.GradX, []int{batch, p.Dim()}},
		{"loss", &loss, []int{1}},
	} {
		if *part.dst, err = file.Finite(part.name, part.shape...); err != nil {
			return err
		}
	}
	p.Loss = loss[0]
	return nil
}

// read parses the file at path.
func read[T Model | Problem](path string, parse func(string, *safetensors.Reader) (*T, error)) (*T, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	defer file.Close()
	return parse(path, file)
}

//go:embed data/*.safetensors
var data embed.FS

// Names lists the embedded problems.
func Names() []string {
	return []string{"spiral_trained", "circle_trained", "mlp_random", "mlp_time_softplus", "mlp_time_backward"}
}

// Embedded returns the problems of [Names], in that order, in memory of their own. Their answers come from an
// 8th-order Dormand-Prince solve at rtol 1e-12 and atol 1e-13 and are off by less than 4e-10 in every entry.
func Embedded() []Problem {
	var problems []Problem
	for _, name := range Names() {
		problems = append(problems, *embedded(name))
	}
	return problems
}

// embedded panics when a file that was compiled in is not readable: a fault of the program, not of its user.
func embedded(name string) *Problem {
	content, err := data.ReadFile(path.Join("data", name+".safetensors"))
	if err != nil {
		panic(err)
	}
	file, err := safetensors.NewReader(name, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		panic(err)
	}
	p, err := ParseProblem(name, file)
	if err != nil {
		panic(err)
	}
	return p
}
