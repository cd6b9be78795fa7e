// Package plan is the lowered form of a differentiable expression: a flat, typed list of instructions over
// numbered matrix values, free of the batch size.
//
// A plan computes a function of row values (one row per sample) and of shared values (parameters and constants),
// and, when it was built with a vector-Jacobian product (VJP), the product of a cotangent with the function's
// Jacobian. Samples never mix: every row of a forward result depends on the same row of the inputs alone, so any set
// of rows can be run together and in any order. Backends execute plans with their own kernels; [Machine] is the
// float64 interpreter that says what a plan means.
//
// A plan's work falls into five sections, always run in this order:
//
//	Shared      from parameters and constants alone; once per θ
//	Forward     row values that do not need the cotangent
//	Backward    row values that need the cotangent
//	Accumulate  adds row values, summed over the samples, into accumulators
//	Finish      linear maps of the finished accumulators to ∂L/∂θ; once per gradient
package plan

import (
	"fmt"
	"slices"
)

// ID numbers a value of one plan: its index in Plan.Values.
type ID int

// None is the ID of no value: a gradient that is zero everywhere.
const None ID = -1

// Space says how a value depends on the batch.
type Space uint8

// The three spaces of values.
const (
	Shared Space = iota // one matrix for all samples
	Row                 // one row of Cols numbers per sample
	Sum                 // one matrix, summed over the samples: accumulators and what is made of them
)

func (s Space) String() string {
	if s <= Sum {
		return [...]string{"shared", "row", "sum"}[s]
	}
	return fmt.Sprintf("space(%d)", uint8(s))
}

// Value is a matrix that instructions read and write. A Row value has Rows == 1 (per sample) and Cols numbers for
// every sample; scalars are 1 by 1, vectors 1 by n.
type Value struct {
	Name       string // of the node it came from, for messages
	Space      Space
	Rows, Cols int
	Const      []float64 // the fixed content of a Shared constant, row-major; nil otherwise
}

// Len is the number of numbers in the value, per sample for a Row value.
func (v Value) Len() int { return v.Rows * v.Cols }

func (v Value) String() string {
	return fmt.Sprintf("%s %q [%d,%d]", v.Space, v.Name, v.Rows, v.Cols)
}

// Port names a value that enters or leaves a plan.
type Port struct {
	Name  string
	Value ID
}

// Param is one parameter tensor. Parameters lie one after another in a flat θ, row-major, in the order of
// Plan.Params.
type Param struct {
	Name  string
	Shape []int // as the user declared it; the plan's value is its matrix form
	Value ID
}

// Len is the number of numbers in the parameter.
func (p Param) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// Plan is a lowered function with, optionally, its VJP. A plan is immutable once built and safe for concurrent use.
type Plan struct {
	Values []Value

	Inputs  []Port  // Row values the caller provides
	Params  []Param // Shared values cut from θ
	Outputs []Port  // Row values the Forward section leaves

	// The VJP. Cotangents has one Row value per differentiated output; a plan without VJP has none.
	Cotangents []Port // Row values the caller provides, named as the output they belong to
	InputGrads []Port // parallel to the Inputs that are differentiated: Row values, None where zero
	ParamGrads []ID   // parallel to Params: Sum values of the parameter's matrix form, None where zero

	SharedCode     []Instr
	ForwardCode    []Instr
	BackwardCode   []Instr
	AccumulateCode []Instr
	FinishCode     []Instr
}

// HasVJP reports whether the plan can be differentiated.
func (p *Plan) HasVJP() bool { return len(p.Cotangents) > 0 }

// ThetaLen is the length of the flat θ the plan reads.
func (p *Plan) ThetaLen() int {
	n := 0
	for _, q := range p.Params {
		n += q.Len()
	}
	return n
}

// Input returns the value of the input with that name, or None.
func (p *Plan) Input(name string) ID { return find(p.Inputs, name) }

// Output returns the value of the output with that name, or None.
func (p *Plan) Output(name string) ID { return find(p.Outputs, name) }

// InputGrad returns the value of the gradient for the input with that name; None when it is zero or not computed.
func (p *Plan) InputGrad(name string) ID { return find(p.InputGrads, name) }

// Reads reports whether an instruction takes the value or it leaves as an output; false for None.
func (p *Plan) Reads(id ID) bool {
	if id == None {
		return false
	}
	for _, out := range p.Outputs {
		if out.Value == id {
			return true
		}
	}
	for _, code := range [][]Instr{p.SharedCode, p.ForwardCode, p.BackwardCode, p.AccumulateCode, p.FinishCode} {
		for _, in := range code {
			if slices.Contains(in.Src, id) {
				return true
			}
		}
	}
	return false
}

func find(ports []Port, name string) ID {
	for _, p := range ports {
		if p.Name == name {
			return p.Value
		}
	}
	return None
}
