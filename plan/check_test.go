package plan

import (
	"strings"
	"testing"
)

// TestCheck spoils a plan in one way after another; each must be reported, in words that say what is wrong.
func TestCheck(t *testing.T) {
	if err := layer().Check(); err != nil {
		t.Fatal(err)
	}
	for _, x := range faults {
		s := &script{p: *layer()}
		x.spoil(&s.p, s)
		if err := s.p.Check(); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", x.what, err, x.want)
		}
	}
}

// faults are ways to spoil a plan, and what Check must say of it.
var faults = []struct {
	what, want string
	spoil      func(p *Plan, s *script)
}{
	{"a source out of range", "read before it is written", func(p *Plan, _ *script) { p.ForwardCode[0].Src[0] = 999 }},
	{"a source below range", "read before it is written", func(p *Plan, _ *script) { p.ForwardCode[0].Src[0] = None }},
	{"a destination out of range", "destination out of range", func(p *Plan, _ *script) { p.ForwardCode[0].Dst = 999 }},
	{"a later value", "read before it is written", func(p *Plan, _ *script) { p.ForwardCode[0].Src[0] = p.ForwardCode[1].Dst }},
	{"two writers", "written twice", func(p *Plan, _ *script) { p.ForwardCode[4].Dst = p.ForwardCode[0].Dst }},
	{"source and destination", "source and destination", func(p *Plan, _ *script) { p.ForwardCode[1].Dst = p.ForwardCode[0].Dst }},
	{"an unknown operation", "unknown operation", func(p *Plan, _ *script) { p.ForwardCode[0].Op = opCount }},
	{"an unknown function", "unknown function fn(", func(p *Plan, _ *script) { p.ForwardCode[1].Fn = fnCount }},
	{"a binary function of one", "arguments", func(p *Plan, _ *script) { p.ForwardCode[2].Fn = Add }},
	{"an operand too few", "1 operands", func(p *Plan, _ *script) { p.ForwardCode[0].Src = p.ForwardCode[0].Src[:1] }},
	{"a product that does not fit", "[1,3] times", func(p *Plan, _ *script) { p.ForwardCode[0].TransB = true }},
	{"rows that mix", "mixes samples", func(p *Plan, s *script) {
		s.row(false, 3, Reduce, Add, p.Inputs[0].Value)
		p.ForwardCode[len(p.ForwardCode)-1].Axis = 0
	}},
	{"an axis that is none", "axis 2", func(p *Plan, s *script) {
		s.row(false, 6, Concat, 0, p.Inputs[0].Value, p.Inputs[0].Value)
		p.ForwardCode[len(p.ForwardCode)-1].Axis = 2
	}},
	{"a shape that is not the result's", "the destination is [1,2], the result [1,3]", func(p *Plan, s *script) {
		s.row(false, 2, Unary, Exp, p.Inputs[0].Value)
	}},
	{"a cotangent in the forward section", "read before it is written", func(p *Plan, s *script) {
		s.row(false, 2, Unary, Exp, p.Cotangents[0].Value)
	}},
	{"a row in the shared section", "reads a row value", func(p *Plan, s *script) {
		s.do(&p.SharedCode, Shared, 1, 3, Instr{Op: Unary, Fn: Exp, Src: []ID{p.Inputs[0].Value}})
	}},
	{"a row in the finish section", "reads a row value", func(p *Plan, s *script) {
		s.do(&p.FinishCode, Sum, 1, 3, Instr{Op: Unary, Fn: Exp, Src: []ID{p.Inputs[0].Value}})
	}},
	{"a shared value accumulated", "reads a shared value", func(p *Plan, s *script) {
		s.do(&p.AccumulateCode, Sum, 1, 2, Instr{Op: Reduce, Fn: Add, Src: []ID{p.Params[1].Value}})
	}},
	{"a row made of shared values", "has no row", func(p *Plan, s *script) {
		s.row(false, 2, Unary, Exp, p.Params[1].Value)
	}},
	{"a reshape to a row", "has no row", func(p *Plan, s *script) {
		s.row(false, 6, Reshape, 0, p.Params[0].Value)
	}},
	{"a slice of shared rows as a row", "has no row", func(p *Plan, s *script) {
		s.do(&p.ForwardCode, Row, 1, 2, Instr{Op: Slice, Src: []ID{p.Params[0].Value}, To: 1, Stride: 1})
	}},
	{"a parameter of another length", `parameter "w"`, func(p *Plan, _ *script) { p.Params[0].Shape = []int{3, 3} }},
	{"two ports on one value", `"x" enters`, func(p *Plan, _ *script) { p.Inputs = append(p.Inputs, p.Inputs[0]) }},
	{"two inputs of one name", `two inputs are called "x"`, func(p *Plan, s *script) { s.input("x", 2) }},
	{"two outputs of one name", `two outputs are called "y"`, func(p *Plan, _ *script) { p.Outputs = append(p.Outputs, p.Outputs[0]) }},
	{"an output that is not made", `"y" leaves`, func(p *Plan, _ *script) { p.Outputs[0].Value = 999 }},
	{"an output made of the cotangent", `"y" leaves`, func(p *Plan, _ *script) { p.Outputs[0].Value = p.BackwardCode[0].Dst }},
	{"a gradient of another width", `gradient of "x"`, func(p *Plan, _ *script) { p.InputGrads[0].Value = p.Outputs[0].Value }},
	{"a gradient of no input", `gradient of "u"`, func(p *Plan, _ *script) { p.InputGrads[0].Name = "u" }},
	{"a parameter's gradient of another shape", `gradient of "w"`, func(p *Plan, _ *script) { p.ParamGrads[0] = p.ParamGrads[1] }},
	{"gradients that are missing", "1 parameter gradients", func(p *Plan, _ *script) { p.ParamGrads = p.ParamGrads[:1] }},
	{"a cotangent of no output", `cotangent of "u"`, func(p *Plan, _ *script) { p.Cotangents[0].Name = "u" }},
	{"an empty value", "impossible shape", func(p *Plan, _ *script) { p.Values[0].Cols = 0 }},
	{"a space that is none", "impossible shape", func(p *Plan, _ *script) { p.Values[0].Space = 7 }},
	{"a constant too long", "numbers", func(p *Plan, s *script) { p.Values[s.number(1)].Const = []float64{1, 2} }},
}
