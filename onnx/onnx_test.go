package onnx_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"neuralode/graph"
	"neuralode/onnx"
	"neuralode/plan"
	"neuralode/python"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/solver/solvertest"
	"neuralode/train"
)

// function is a plan of one value per sample from others.
func function(f plan.Function) *plan.Plan {
	p := &plan.Plan{Values: slices.Repeat([]plan.Value{{Space: plan.Row, Rows: 1, Cols: 3}}, 3),
		Inputs: []plan.Port{{Name: "z", Value: 0}, {Name: "y", Value: 1}}, Outputs: []plan.Port{{Name: "f", Value: 2}},
		ForwardCode: []plan.Instr{{Op: plan.Binary, Fn: f.Fn, Dst: 2, Src: []plan.ID{0, 1}}}}
	if f.Arity == 1 {
		p.ForwardCode = []plan.Instr{{Op: plan.Unary, Fn: f.Fn, Dst: 2, Src: []plan.ID{0}}}
	}
	return p
}

// moved has every instruction, with shared and row operands where both can be: 0 z, 1 t, 2 W and 3 b of parameters.
func moved() *plan.Plan {
	row, shared := plan.Row, plan.Shared
	values := []plan.Value{{Space: row, Rows: 1, Cols: 4}, {Space: row, Rows: 1, Cols: 1},
		{Space: shared, Rows: 4, Cols: 3}, {Space: shared, Rows: 1, Cols: 3}}
	p := &plan.Plan{Values: values, Inputs: []plan.Port{{Name: "z", Value: 0}, {Name: "t", Value: 1}},
		Params: []plan.Param{{Name: "W", Shape: []int{4, 3}, Value: 2}, {Name: "b", Shape: []int{3}, Value: 3}}}
	add := func(space plan.Space, rows, cols int, in plan.Instr) plan.ID {
		in.Dst = plan.ID(len(p.Values))
		p.Values = append(p.Values, plan.Value{Space: space, Rows: rows, Cols: cols})
		if space == shared {
			p.SharedCode = append(p.SharedCode, in)
		} else {
			p.ForwardCode = append(p.ForwardCode, in)
		}
		return in.Dst
	}
	of := func(ids ...plan.ID) []plan.ID { return ids }
	flipped := add(shared, 3, 4, plan.Instr{Op: plan.Transpose, Src: of(2)})
	piece := add(shared, 2, 4, plan.Instr{Op: plan.Slice, Src: of(flipped), Axis: 0, From: 0, To: 3, Stride: 2})
	spread := add(shared, 5, 4, plan.Instr{Op: plan.Scatter, Src: of(piece), Axis: 0, From: 1, To: 5, Stride: 3})
	square := add(shared, 4, 4, plan.Instr{Op: plan.MatMul, Src: of(spread, spread), TransA: true})
	sum := add(shared, 1, 4, plan.Instr{Op: plan.Reduce, Fn: plan.Add, Src: of(square), Axis: 0})
	bent := add(shared, 2, 2, plan.Instr{Op: plan.Reshape, Src: of(sum), Stride: 1})
	largest := add(shared, 2, 1, plan.Instr{Op: plan.Reduce, Fn: plan.Max, Src: of(bent), Axis: 1})
	wide := add(shared, 2, 3, plan.Instr{Op: plan.Broadcast, Src: of(largest)})
	long := add(shared, 4, 3, plan.Instr{Op: plan.Concat, Src: of(wide, wide), Axis: 0})
	h := add(row, 1, 3, plan.Instr{Op: plan.Affine, Fn: plan.Tanh, Src: of(0, long, 3)})
	k := add(row, 1, 3, plan.Instr{Op: plan.Affine, Fn: plan.Identity, Src: of(0, flipped), TransB: true})
	late := add(row, 1, 3, plan.Instr{Op: plan.Broadcast, Src: of(1)})
	bias := add(row, 1, 3, plan.Instr{Op: plan.Broadcast, Src: of(3)})
	both := add(row, 1, 12, plan.Instr{Op: plan.Concat, Src: of(h, k, late, bias), Axis: 1})
	some := add(row, 1, 5, plan.Instr{Op: plan.Slice, Src: of(both), Axis: 1, From: 1, To: 11, Stride: 2})
	apart := add(row, 1, 10, plan.Instr{Op: plan.Scatter, Src: of(some), Axis: 1, From: 1, To: 10, Stride: 2})
	most := add(row, 1, 1, plan.Instr{Op: plan.Reduce, Fn: plan.Max, Src: of(apart), Axis: 1})
	out := add(row, 1, 10, plan.Instr{Op: plan.Binary, Fn: plan.Add, Src: of(apart, most)})
	p.Outputs = []plan.Port{{Name: "f", Value: out}}
	return p
}

// trial is a function with the numbers it is run on.
type trial struct {
	onnx.Function
	inputs map[string][]float64
	n      int
}

const batch = 7

func newTrial(t *testing.T, f onnx.Function, positive bool) trial {
	t.Helper()
	if err := f.Plan.Check(); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	rng := rand.New(rand.NewPCG(3, uint64(len(f.Name))))
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(float32(rng.NormFloat64()))
			if positive {
				x[i] = float64(float32(0.1 + math.Abs(x[i])))
			}
		}
		return x
	}
	if f.Theta == nil {
		f.Theta = draw(f.Plan.ThetaLen())
	}
	c := trial{Function: f, inputs: map[string][]float64{}, n: batch}
	for _, p := range f.Plan.Inputs {
		c.inputs[p.Name] = draw(batch * f.Plan.Values[p.Value].Cols)
	}
	return c
}

// trials are every function, every instruction, nets, fields that are derivatives, and read-outs.
func trials(t *testing.T) (all []trial) {
	for _, precision := range []solver.Precision{solver.Float32, solver.Float64} {
		add := func(name string, p *plan.Plan, output string, positive bool) {
			f := onnx.Function{Name: fmt.Sprintf("%s-%v", name, precision), Plan: p, Output: output,
				Precision: precision}
			all = append(all, newTrial(t, f, positive))
		}
		for _, f := range plan.Functions() {
			partial := slices.Contains([]plan.Fn{plan.Log, plan.Log1p, plan.Sqrt, plan.Pow}, f.Fn)
			add("fn-"+f.Name, function(f), "f", partial)
		}
		add("moved", moved(), "f", false)
		add("functions", solvertest.FunctionField(), "f", true)
		for _, p := range reference.Embedded() {
			m, err := train.FromReference(&p.Model)
			if err != nil {
				t.Fatal(err)
			}
			add(p.Name, m.Solver.Field, "f", false)
		}
		add("hamiltonian", lowered(t), "f", false)
		head, err := graph.LowerHead(graph.Head{Dim: 3, Readout: graph.Linear(4), Loss: graph.CrossEntropy()})
		if err != nil {
			t.Fatal(err)
		}
		add("head", head, "out", false)
	}
	return all
}

// lowered is a field with a derivative inside: its plan has functions that only derivatives have.
func lowered(t *testing.T) *plan.Plan {
	must := gorgonia.Must
	p, err := graph.LowerField(graph.Field{Dim: 2,
		Params: []graph.Param{{Name: "w", Shape: []int{2, 4}}, {Name: "v", Shape: []int{4, 1}}},
		Func: func(_, z *gorgonia.Node, w []*gorgonia.Node) (*gorgonia.Node, error) {
			h := must(gorgonia.Softplus(must(gorgonia.Mul(must(gorgonia.Tanh(z)), w[0]))))
			return graph.Grad(must(gorgonia.Mul(h, w[1])), z)
		}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// result is what the script says of a model.
type result struct {
	Out      [][]float64
	Type     string
	Shapes   map[string][]any
	Metadata map[string]string
}

// runtime runs models in ONNX Runtime.
func runtime(t *testing.T, models map[string][]byte, inputs map[string]map[string][][]float64) map[string]result {
	t.Helper()
	python.Interpreter(t, "..")
	dir := t.TempDir()
	for name, model := range models {
		rows, err := json.Marshal(inputs[name])
		if err != nil {
			t.Fatal(err)
		}
		for ending, content := range map[string][]byte{".onnx": model, ".json": rows} {
			if err := os.WriteFile(filepath.Join(dir, name+ending), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	var results map[string]result
	if err := json.Unmarshal(python.Run(t, "..", "testdata/run.py", dir), &results); err != nil {
		t.Fatal(err)
	}
	return results
}

func rows(x []float64, width int) (out [][]float64) {
	for i := 0; i < len(x); i += width {
		out = append(out, x[i:i+width])
	}
	return out
}

// TestRuntime holds what ONNX Runtime computes to the plans' interpreter.
func TestRuntime(t *testing.T) {
	models, inputs := map[string][]byte{}, map[string]map[string][][]float64{}
	all := trials(t)
	for _, c := range all {
		var b bytes.Buffer
		if err := onnx.Write(&b, c.Function); err != nil {
			t.Fatal(err)
		}
		models[c.Name], inputs[c.Name] = b.Bytes(), map[string][][]float64{}
		for name, x := range c.inputs {
			inputs[c.Name][name] = rows(x, len(x)/c.n)
		}
	}
	results := runtime(t, models, inputs)
	for _, c := range all {
		machine := plan.NewMachine(c.Plan)
		machine.SetTheta(c.Theta)
		machine.Forward(c.n, c.inputs)
		within := 2e-5
		if c.Precision == solver.Float64 {
			within = 1e-12
		}
		want, got := machine.Output(c.Output), slices.Concat(results[c.Name].Out...)
		if len(got) != len(want) || results[c.Name].Type != c.Precision.String() {
			t.Fatalf("%s: %d numbers of %s, want %d", c.Name, len(got), results[c.Name].Type, len(want))
		}
		for i := range want {
			if !(math.Abs(got[i]-want[i]) <= within*(1+math.Abs(want[i]))) {
				t.Errorf("%s: output %d is %v, want %v", c.Name, i, got[i], want[i])
				break
			}
		}
		if shape := results[c.Name].Shapes[c.Output]; fmt.Sprint(shape) != fmt.Sprintf("[batch %d]", len(want)/c.n) {
			t.Errorf("%s: the output has shape %v", c.Name, shape)
		}
	}
}

// TestStartAndScale checks the model that makes states of points, and a read-out in the units of its labels.
func TestStartAndScale(t *testing.T) {
	scale := onnx.Scale{Mean: []float64{100, -1}, Std: []float64{50, 0.5}}
	var start, head bytes.Buffer
	err := onnx.WriteStart(&start, onnx.Start{Features: 2, Dim: 3, Scale: scale,
		Metadata: map[string]string{"t1": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	lift, err := graph.PerceptronLift([]int{2, 3}, graph.Tanh)
	if err != nil {
		t.Fatal(err)
	}
	lifted, err := graph.LowerLift(lift)
	if err != nil {
		t.Fatal(err)
	}
	var encoder bytes.Buffer
	if err := onnx.WriteStart(&encoder, onnx.Start{Features: 2, Dim: 3, Scale: scale, Lift: lifted,
		Theta: []float64{1, 0, 0, 1, 2, 1, 0, 0, 0.5}}); err != nil {
		t.Fatal(err)
	}
	p, err := graph.LowerHead(graph.Head{Dim: 3, Readout: graph.Linear(2), Loss: graph.MeanSquaredError()})
	if err != nil {
		t.Fatal(err)
	}
	err = onnx.Write(&head, onnx.Function{Name: "readout", Plan: p, Output: "out", Scale: scale,
		Theta: []float64{1, 0, 0, 0, 1, 0, 0.5, 0}})
	if err != nil {
		t.Fatal(err)
	}
	results := runtime(t, map[string][]byte{"start": start.Bytes(), "head": head.Bytes(), "lift": encoder.Bytes()},
		map[string]map[string][][]float64{
			"start": {"x": {{150, 0}, {100, -1}}}, "head": {"z": {{2, 3, 9}}}, "lift": {"x": {{150, 0}, {100, -1}}}})
	if got := fmt.Sprint(results["lift"].Out); got != "[[1 2 4.5] [0 0 0.5]]" {
		t.Errorf("lifted states %s", got)
	}
	if got := fmt.Sprint(results["start"].Out); got != "[[1 2 0] [0 0 0]]" || results["start"].Metadata["t1"] != "1" {
		t.Errorf("states %s, metadata %v", got, results["start"].Metadata)
	}
	if got := fmt.Sprint(results["head"].Out); got != "[[225 0.5]]" {
		t.Errorf("outputs %s", got)
	}
}

// TestWrite refuses what cannot be, and is sound without a runtime: every node's operands are there before it.
func TestWrite(t *testing.T) {
	p := moved()
	for want, f := range map[string]onnx.Function{
		`no output "g"`: {Plan: p, Output: "g"}, "has 15 parameters, got 1": {Plan: p, Output: "f", Theta: []float64{1}},
	} {
		if err := onnx.Write(&bytes.Buffer{}, f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	for _, c := range trials(t) {
		var b bytes.Buffer
		if err := onnx.Write(&b, c.Function); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if b.Len() < 50 || !bytes.Contains(b.Bytes(), []byte("batch")) {
			t.Errorf("%s: %d bytes", c.Name, b.Len())
		}
	}
}
