package plan

import (
	"errors"
	"fmt"
	"slices"
)

// Check reports every way in which the plan is not well formed: values out of range or read before they are written,
// shapes that do not fit, an instruction in a section where its operands' spaces do not belong, a destination that is
// also a source, rows that would mix, or gradients that do not have the shape of what they belong to. A plan that
// passes can be run by any backend. No plan makes it panic.
func (p *Plan) Check() error {
	if p == nil {
		return errors.New("plan: there is no plan")
	}
	c := checker{plan: p, written: make([]bool, len(p.Values))}
	c.declare()
	for _, s := range p.Sections() {
		if s.Name == "backward" { // what the plan gives is there before any cotangent
			c.outputs()
			c.cotangents()
		}
		for i, in := range s.Code {
			if err := c.instr(s, in); err != nil {
				c.errs = append(c.errs, fmt.Errorf("plan: %s instruction %d (%v): %w", s.Name, i, in, err))
			}
		}
	}
	c.gradients()
	return errors.Join(c.errs...)
}

// Section is one of a plan's five instruction lists with the rules that hold in it.
type Section struct {
	Name string
	Code []Instr
	dst  Space   // of every destination
	src  []Space // that may be read
}

// Sections lists the five sections in the order in which they run.
func (p *Plan) Sections() []Section {
	return []Section{
		{"shared", p.SharedCode, Shared, []Space{Shared}},
		{"forward", p.ForwardCode, Row, []Space{Row, Shared}},
		{"backward", p.BackwardCode, Row, []Space{Row, Shared}},
		{"accumulate", p.AccumulateCode, Sum, []Space{Row}},
		{"finish", p.FinishCode, Sum, []Space{Sum, Shared}},
	}
}

type checker struct {
	plan    *Plan
	written []bool
	errs    []error
}

func (c *checker) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("plan: "+format, args...))
}

// declare marks what is there before the first instruction.
func (c *checker) declare() {
	for i, v := range c.plan.Values {
		if v.Rows < 1 || v.Cols < 1 || v.Space > Sum || (v.Space == Row && v.Rows != 1) {
			c.fail("value %d (%v) has an impossible shape", i, v)
		}
		if v.Const != nil {
			if v.Space != Shared || len(v.Const) != v.Len() {
				c.fail("constant %d (%v) has %d numbers", i, v, len(v.Const))
			}
			c.written[i] = true
		}
	}
	c.unique("inputs", c.plan.Inputs)
	c.unique("outputs", c.plan.Outputs)
	c.unique("cotangents", c.plan.Cotangents)
	c.unique("input gradients", c.plan.InputGrads)
	for _, in := range c.plan.Inputs {
		c.arrive(in.Name, in.Value, Row)
	}
	for _, q := range c.plan.Params {
		if c.arrive(q.Name, q.Value, Shared) && c.plan.Values[q.Value].Len() != q.Len() {
			c.fail("parameter %q has %d numbers, its value %d", q.Name, q.Len(), c.plan.Values[q.Value].Len())
		}
	}
}

// unique demands that every port can be found by its name.
func (c *checker) unique(what string, ports []Port) {
	seen := map[string]bool{}
	for _, p := range ports {
		if seen[p.Name] {
			c.fail("two %s are called %q", what, p.Name)
		}
		seen[p.Name] = true
	}
}

// cotangents marks what comes before the backward section: one cotangent for each output that is differentiated.
func (c *checker) cotangents() {
	for _, port := range c.plan.Cotangents {
		if c.arrive(port.Name, port.Value, Row) {
			c.belongs("cotangent of", port, c.plan.Output(port.Name))
		}
	}
}

// belongs demands that a gradient has the shape of the value it is the gradient of.
func (c *checker) belongs(what string, gradient Port, to ID) {
	if !c.valid(to) {
		c.fail("%s %q, which the plan does not have", what, gradient.Name)
		return
	}
	got, want := c.plan.Values[gradient.Value], c.plan.Values[to]
	if got.Rows != want.Rows || got.Cols != want.Cols {
		c.fail("%s %q is [%d,%d], want [%d,%d]", what, gradient.Name, got.Rows, got.Cols, want.Rows, want.Cols)
	}
}

func (c *checker) arrive(name string, id ID, space Space) bool {
	if !c.valid(id) || c.plan.Values[id].Space != space || c.written[id] {
		c.fail("%q enters as value %d, which is not a %v value of its own", name, id, space)
		return false
	}
	c.written[id] = true
	return true
}

func (c *checker) valid(id ID) bool { return id >= 0 && int(id) < len(c.plan.Values) }

func (c *checker) instr(s Section, in Instr) error {
	if !c.valid(in.Dst) {
		return fmt.Errorf("destination out of range")
	}
	if err := c.sources(s, in); err != nil {
		return err
	}
	accumulate := s.Name == "accumulate"
	if c.written[in.Dst] && !accumulate {
		return fmt.Errorf("value %d is written twice", in.Dst)
	}
	c.written[in.Dst] = true
	if got := c.plan.Values[in.Dst].Space; got != s.dst {
		return fmt.Errorf("the destination is a %v value, want %v", got, s.dst)
	}
	rows, cols, err := c.plan.shape(in, accumulate)
	if err != nil {
		return err
	}
	if v := c.plan.Values[in.Dst]; v.Rows != rows || v.Cols != cols {
		return fmt.Errorf("the destination is [%d,%d], the result [%d,%d]", v.Rows, v.Cols, rows, cols)
	}
	return nil
}

// sources demands that every operand is there and may be read in the section.
func (c *checker) sources(s Section, in Instr) error {
	rows := 0
	for _, src := range in.Src {
		if !c.valid(src) || !c.written[src] {
			return fmt.Errorf("value %d is read before it is written", src)
		}
		if src == in.Dst {
			return fmt.Errorf("value %d is source and destination", src)
		}
		space := c.plan.Values[src].Space
		if !slices.Contains(s.src, space) {
			return fmt.Errorf("reads a %v value", space)
		}
		if space == Row {
			rows++
		}
	}
	// What is the same for all samples belongs in the shared section; only a broadcast says how many samples there are.
	if s.dst == Row && rows == 0 && in.Op != Broadcast {
		return fmt.Errorf("has no row to make a row of")
	}
	return nil
}

// outputs checks what the Forward section leaves.
func (c *checker) outputs() {
	for _, out := range c.plan.Outputs {
		c.leave(out.Name, out.Value, Row)
	}
}

// gradients checks what the other sections leave.
func (c *checker) gradients() {
	for _, g := range c.plan.InputGrads {
		if g.Value != None && c.leave("gradient of "+g.Name, g.Value, Row) {
			c.belongs("gradient of", g, c.plan.Input(g.Name))
		}
	}
	want := len(c.plan.Params)
	if !c.plan.HasVJP() {
		want = 0
		if n := len(c.plan.InputGrads); n > 0 {
			c.fail("%d input gradients without a cotangent", n)
		}
	}
	if n := len(c.plan.ParamGrads); n != want {
		c.fail("%d parameter gradients for %d parameters and %d cotangents", n, len(c.plan.Params),
			len(c.plan.Cotangents))
		return
	}
	for i, id := range c.plan.ParamGrads {
		if q := c.plan.Params[i]; id != None && c.leave("gradient of "+q.Name, id, Sum) {
			c.belongs("gradient of", Port{q.Name, id}, q.Value)
		}
	}
}

func (c *checker) leave(name string, id ID, space Space) bool {
	if !c.valid(id) || !c.written[id] || c.plan.Values[id].Space != space {
		c.fail("%q leaves as value %d, which is not a written %v value", name, id, space)
		return false
	}
	return true
}
