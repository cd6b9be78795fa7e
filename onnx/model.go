// Package onnx writes lowered functions as ONNX models, which ONNX Runtime and most other tools of machine learning
// read: https://onnx.ai. A field becomes a model from t and z to f, a read-out one from z to out, each for any number
// of samples.
package onnx

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"neuralode/plan"
	"neuralode/solver"
	"neuralode/wire"
)

// Versions that are written: of the file format, and of the operations. Readers from 2022 on know both.
const (
	irVersion = 8
	opset     = 17
)

// Function is what becomes a model. Inputs and outputs have the names of the plan's ports and the shape [batch, width].
type Function struct {
	Name      string
	Plan      *plan.Plan
	Theta     []float64 // the plan's own part
	Output    string    // the port that is computed; inputs that it does not need, beyond those in Keep, are left out
	Keep      []string
	Precision solver.Precision // the type of all numbers: float64, or float32
	Scale     Scale            // of the output
	Metadata  map[string]string
}

// Scale multiplies each column of an output by Std and adds Mean; the zero value changes nothing.
type Scale struct{ Mean, Std []float64 }

// Write writes the function as a model.
func Write(w io.Writer, f Function) error {
	out := f.Plan.Output(f.Output)
	if out == plan.None {
		return fmt.Errorf("onnx: %s has no output %q", f.Name, f.Output)
	}
	if want := f.Plan.ThetaLen(); len(f.Theta) != want {
		return fmt.Errorf("onnx: %s has %d parameters, got %d", f.Name, want, len(f.Theta))
	}
	b := newBuilder(f.Name, f.Precision)
	e := &exporter{builder: b, plan: f.Plan, names: map[plan.ID]string{}, needed: needed(f.Plan, out)}
	e.inputs(f.Keep)
	name := e.compute(out, f.Theta)
	if f.Scale.Std != nil {
		name = b.node("Mul", name, b.numbers("", f.Scale.Std, 1, len(f.Scale.Std)))
		name = b.node("Add", name, b.numbers("", f.Scale.Mean, 1, len(f.Scale.Mean)))
	}
	b.output(f.Output, name, f.Plan.Values[out].Cols)
	_, err := w.Write(b.model(f.Metadata))
	return err
}

// compute adds what an output comes from, and returns its name.
func (e *exporter) compute(out plan.ID, theta []float64) string {
	e.parameters(theta)
	for _, code := range [][]plan.Instr{e.plan.SharedCode, e.plan.ForwardCode} {
		for _, in := range code {
			if e.needed[in.Dst] {
				e.instruction(in)
			}
		}
	}
	return e.use(out)
}

// Start is what makes states of points: (x − Mean) / Std of each of the features, where there is a scale, and then
// zeros, or what a lift makes of them.
type Start struct {
	Features, Dim int
	Scale         Scale      // the zero value for none
	Lift          *plan.Plan // nil for none
	Theta         []float64  // the lift's own part
	Precision     solver.Precision
	Metadata      map[string]string
}

// WriteStart writes the model from points x to states z.
func WriteStart(w io.Writer, s Start) error {
	b := newBuilder("start", s.Precision)
	b.input("x", s.Features)
	name := "x"
	if s.Scale.Std != nil {
		name = b.node("Sub", name, b.numbers("", s.Scale.Mean, 1, s.Features))
		name = b.node("Div", name, b.numbers("", s.Scale.Std, 1, s.Features))
	}
	if s.Lift != nil {
		out := s.Lift.Output("z0")
		e := &exporter{builder: b, plan: s.Lift, names: map[plan.ID]string{s.Lift.Input("x"): name},
			needed: needed(s.Lift, out)}
		name = e.compute(out, s.Theta)
	} else if zeros := s.Dim - s.Features; zeros > 0 {
		name = b.node("Pad", name, b.integers(0, 0, 0, int64(zeros)))
	}
	b.output("z", name, s.Dim)
	_, err := w.Write(b.model(s.Metadata))
	return err
}

// needed are the values that an output comes from.
func needed(p *plan.Plan, out plan.ID) map[plan.ID]bool {
	all := map[plan.ID]bool{out: true}
	for _, code := range [][]plan.Instr{p.ForwardCode, p.SharedCode} {
		for _, in := range slices.Backward(code) {
			if all[in.Dst] {
				for _, id := range in.Src {
					all[id] = true
				}
			}
		}
	}
	return all
}

// builder collects what a model is made of. Numbers of the messages are those of onnx.proto.
type builder struct {
	double                  bool
	graph                   wire.Message
	initializers, ins, outs wire.Message
	count                   int
}

// Types of elements.
const (
	typeFloat  = 1
	typeInt64  = 7
	typeDouble = 11
)

func newBuilder(name string, p solver.Precision) *builder {
	b := &builder{double: p == solver.Float64}
	b.graph.Text(2, name)
	return b
}

func (b *builder) elements() int64 {
	if b.double {
		return typeDouble
	}
	return typeFloat
}

// fresh is a name that nothing has.
func (b *builder) fresh() string {
	b.count++
	return fmt.Sprintf("v%d", b.count)
}

// model is the whole file.
func (b *builder) model(metadata map[string]string) []byte {
	var m, version wire.Message
	version.Int(2, opset)
	m.Int(1, irVersion)
	m.Text(2, "neuralode")
	m.Bytes(8, version)
	m.Bytes(7, slices.Concat(b.graph, b.initializers, b.ins, b.outs))
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		var entry wire.Message
		entry.Text(1, key)
		entry.Text(2, metadata[key])
		m.Bytes(14, entry)
	}
	return m
}

func (b *builder) input(name string, width int) { b.ins.Bytes(11, b.port(name, width)) }

func (b *builder) output(name, from string, width int) {
	b.add(name, "Identity", nil, from)
	b.outs.Bytes(12, b.port(name, width))
}

// port is a ValueInfoProto of [batch, width].
func (b *builder) port(name string, width int) []byte {
	var batch, columns, shape, tensor, kind, port wire.Message
	batch.Text(2, "batch")
	columns.Int(1, int64(width))
	shape.Bytes(1, batch)
	shape.Bytes(1, columns)
	tensor.Int(1, b.elements())
	tensor.Bytes(2, shape)
	kind.Bytes(1, tensor)
	port.Text(1, name)
	port.Bytes(2, kind)
	return port
}

// node adds an operation and names its result.
func (b *builder) node(op string, inputs ...string) string { return b.nodeWith(op, nil, inputs...) }

func (b *builder) nodeWith(op string, attributes []attribute, inputs ...string) string {
	name := b.fresh()
	b.add(name, op, attributes, inputs...)
	return name
}

func (b *builder) add(result, op string, attributes []attribute, inputs ...string) {
	var n wire.Message
	for _, in := range inputs {
		n.Text(1, in)
	}
	n.Text(2, result)
	n.Text(4, op)
	for _, a := range attributes {
		n.Bytes(5, a.message())
	}
	b.graph.Bytes(1, n)
}

// attribute is an integer, or a list of them.
type attribute struct {
	name string
	one  int64
	many []int64
}

func (a attribute) message() []byte {
	const integer, integers = 2, 7
	var m wire.Message
	m.Text(1, a.name)
	if a.many == nil {
		m.Int(3, a.one)
		m.Int(20, integer)
		return m
	}
	for _, v := range a.many {
		m.Int(8, v)
	}
	m.Int(20, integers)
	return m
}
