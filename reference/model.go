// Package reference holds models of fields f(t, z; θ) that are multilayer perceptrons, as files in the safetensors
// format, and problems: such a model with initial values and with float64 answers to check a solver and its gradients
// against.
//
// # The format
//
// Layer I computes x·Wᵀ + b from the tensors layers.I.weight [out, in] and layers.I.bias [out]; the activation follows
// every layer but the last. The metadata says the rest: "sizes", a JSON list of widths; "activation", a name; "time",
// "true" or "false"; "t0" and "t1", numbers.
//
// sizes counts the state alone: it begins and ends with the dimension of z. When time is "true", t is one more input
// of layer 0, after z, so that layers.0.weight has sizes[0]+1 columns, the last of them for t, where sizes says
// sizes[0]. Two more keys may be there: "field_inputs", how many constants of a sample layer 0 reads between z and t,
// and "second_order", where "true" says that the second half of z are the velocities of the first, and the last size,
// half the first, that of the accelerations.
//
// The numbers are F64, F32, F16 or BF16, all finite. Other tensors, of any type, and other metadata may stand beside
// them.
//
// A problem has also x [batch, dim], label [batch], z1 [batch, dim], loss [1], grad.x, and grad.layers.I.weight and
// grad.layers.I.bias, each of the shape of the tensor it belongs to.
package reference

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"neuralode/safetensors"
)

// Model is a perceptron field with the times between which it is solved. It is plain data: safe to read from several
// goroutines, and for one to write at a time.
type Model struct {
	Name       string // of the file, without folder and extension
	Sizes      []int  // the widths from z to f: at least two, first and last the dimension; t is not counted
	Activation string // as the file names it, not checked
	Time       bool   // t is the last input of layer 0
	Inputs     int    // constants of a sample that layer 0 reads between z and t
	// the perceptron gives the accelerations of the first half of z, of which the second are the velocities
	SecondOrder bool
	T0, T1      float64 // finite; T1 < T0 goes backward

	Theta  []float64 // every parameter, in the order of Params
	Params []Param   // layers.0.weight, layers.0.bias, layers.1.weight, ...
}

// What a file may hold at most.
const (
	MaxLayers     = 256     // lowering takes time with their square
	MaxWidth      = 1 << 20 // of a layer
	MaxParameters = 1 << 26 // a training holds some ten numbers for each
)

// Param is one parameter tensor, row-major, and its place in a flat θ.
type Param struct {
	Name   string
	Shape  []int
	Offset int
}

// Len is the number of numbers in the parameter.
func (p Param) Len() int { return product(p.Shape) }

// Of is the parameter's part of theta, which is laid out as [Model.Theta] is. It shares theta's memory.
func (p Param) Of(theta []float64) []float64 { return theta[p.Offset : p.Offset+p.Len()] }

// Dim is the number of components of the state z.
func (m *Model) Dim() int { return m.Sizes[0] }

// ReadModel reads a model from the file at path. An error is one line and names the file and the tensor or metadata
// that is missing or wrong, with what was wanted and what is there. Tensors and metadata that a model does not have
// are left alone, but for tensors that begin with "layers." and belong to no layer.
func ReadModel(path string) (*Model, error) {
	m, err := read(path, ParseModel)
	if err == nil {
		m.Name = baseName(path)
	}
	return m, err
}

// ParseModel is the model in an open file; name becomes the model's and stands for the file in errors, which are those
// of [ReadModel].
func ParseModel(name string, file *safetensors.Reader) (*Model, error) {
	m, err := parseModel(file)
	if err != nil {
		return nil, fmt.Errorf("reference: %s: %w", name, err)
	}
	m.Name = name
	return m, nil
}

func parseModel(file *safetensors.Reader) (*Model, error) {
	m, err := parseMetadata(file.Metadata)
	if err != nil {
		return nil, err
	}
	if m.Params, err = m.layers(); err != nil {
		return nil, err
	}
	if err := m.ownsLayers(file); err != nil {
		return nil, err
	}
	m.Theta, err = gather("", m.Params, file)
	return m, err
}

// ownsLayers demands that every tensor that is named as a layer's is one of the model's.
func (m *Model) ownsLayers(file *safetensors.Reader) error {
	own := map[string]bool{}
	for _, p := range m.Params {
		own[p.Name] = true
	}
	first := ""
	for name := range file.Names() {
		if strings.HasPrefix(name, "layers.") && !own[name] && (first == "" || name < first) {
			first = name
		}
	}
	if first != "" {
		return fmt.Errorf("tensor %.60q does not belong to sizes %v", first, m.Sizes)
	}
	return nil
}

// Check reports the first way in which the model, but for Theta and Params, could not be that of a file.
func (m *Model) Check() error {
	described := m.describe()
	_, err := parseMetadata(func(key string) (string, bool) { value, ok := described[key]; return value, ok })
	if err == nil {
		_, err = m.layers()
	}
	return err
}

// File is the model as a file, with tensors of type F64 or F32; Params is not read. It is an error when Sizes or the
// length of Theta cannot be. The file shares the model's memory.
func (m *Model) File(dtype safetensors.DType) (*safetensors.File, error) {
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("reference: %s: %w", m.Name, err)
	}
	params, _ := m.layers()
	last := params[len(params)-1]
	if want := last.Offset + last.Len(); len(m.Theta) != want {
		return nil, fmt.Errorf("reference: %s: theta has %d numbers, want %d for sizes %v", m.Name, len(m.Theta), want,
			m.Sizes)
	}
	file := &safetensors.File{Metadata: m.describe(), Tensors: map[string]safetensors.Tensor{}}
	for _, p := range params {
		file.Tensors[p.Name] = safetensors.Tensor{DType: dtype, Shape: p.Shape, Floats: p.Of(m.Theta)}
	}
	return file, nil
}

// describe is the fields as metadata.
func (m *Model) describe() map[string]string {
	sizes, _ := json.Marshal(m.Sizes) // cannot fail for a list of ints
	described := map[string]string{
		"sizes":      string(sizes),
		"activation": m.Activation,
		"time":       strconv.FormatBool(m.Time),
		"t0":         strconv.FormatFloat(m.T0, 'g', -1, 64),
		"t1":         strconv.FormatFloat(m.T1, 'g', -1, 64),
	}
	if m.Inputs != 0 {
		described["field_inputs"] = strconv.Itoa(m.Inputs)
	}
	if m.SecondOrder {
		described["second_order"] = "true"
	}
	return described
}

// parseMetadata reads what find knows.
func parseMetadata(find func(key string) (string, bool)) (*Model, error) {
	m := &Model{}
	for _, part := range []struct {
		key, want string
		set       func(string) bool
	}{
		{"second_order", wantBool, func(s string) bool { return setBool(&m.SecondOrder, s) }},
		{"sizes", wantSizes, m.setSizes},
		{"activation", "a name", func(s string) bool { m.Activation = s; return s != "" }},
		{"time", wantBool, func(s string) bool { return setBool(&m.Time, s) }},
		{"field_inputs", fmt.Sprintf("a whole number from 0 to %d", MaxWidth), m.setInputs},
		{"t0", "a finite number", func(s string) bool { return setNumber(&m.T0, s) }},
		{"t1", "a finite number", func(s string) bool { return setNumber(&m.T1, s) }},
	} {
		value, ok := find(part.key)
		if !ok && (part.key == "second_order" || part.key == "field_inputs") { // what most fields are without
			continue
		}
		if !ok {
			return nil, fmt.Errorf("metadata %q is missing, want %s", part.key, part.want)
		}
		if !part.set(value) {
			return nil, fmt.Errorf("metadata %q is %.60q, want %s", part.key, value, part.want)
		}
	}
	return m, nil
}

var wantSizes = fmt.Sprintf("a JSON list of 2 to %d widths from 1 to %d that begins and ends with the same"+
	" (of second order: ends with half of it)",
	MaxLayers+1, MaxWidth)

func (m *Model) setSizes(s string) bool {
	if strings.Count(s, ",") > MaxLayers || json.Unmarshal([]byte(s), &m.Sizes) != nil || len(m.Sizes) < 2 {
		return false
	}
	first, last := m.Sizes[0], m.Sizes[len(m.Sizes)-1]
	if m.SecondOrder {
		last *= 2
	}
	return slices.Min(m.Sizes) >= 1 && slices.Max(m.Sizes) <= MaxWidth && first == last
}

func (m *Model) setInputs(s string) (ok bool) {
	n, err := strconv.Atoi(s)
	m.Inputs = n
	return err == nil && n >= 0 && n <= MaxWidth
}

const wantBool = `"true" or "false"`

func setBool(dst *bool, s string) bool {
	*dst = s == "true"
	return *dst || s == "false"
}

func setNumber(dst *float64, s string) bool {
	v, err := strconv.ParseFloat(s, 64)
	*dst = v
	return err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// layers is the parameters of the perceptron, weight and bias of each layer in turn.
func (m *Model) layers() ([]Param, error) {
	var params []Param
	n, sizes := 0, m.Sizes
	for i := range len(sizes) - 1 {
		in, out := sizes[i], sizes[i+1]
		if i == 0 {
			in += m.Inputs
		}
		if m.Time && i == 0 {
			in++
		}
		if in+1 > (MaxParameters-n)/out { // no product before this: an int may have 32 bits
			return nil, fmt.Errorf("sizes %v are more than %d parameters", sizes, MaxParameters)
		}
		weight := Param{fmt.Sprintf("layers.%d.weight", i), []int{out, in}, n}
		bias := Param{fmt.Sprintf("layers.%d.bias", i), []int{out}, n + out*in}
		params = append(params, weight, bias)
		n = bias.Offset + out
	}
	return params, nil
}

// gather makes the flat vector of the tensors that are named as the parameters are, after prefix.
func gather(prefix string, params []Param, file *safetensors.Reader) ([]float64, error) {
	var flat []float64
	for _, p := range params {
		data, err := file.Finite(prefix+p.Name, p.Shape...)
		if err != nil {
			return nil, err
		}
		flat = append(flat, data...)
	}
	return flat, nil
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
