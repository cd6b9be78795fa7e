package kernels

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"neuralode/plan"
)

// valueExpr is an expression for the element of a value at row r and column c.
type valueExpr func(id plan.ID, r, c string) string

// printElement prints statements that leave the element (r, c) of an instruction's result in the variable v<dst>.
func printElement(b *strings.Builder, indent string, p *plan.Plan, in plan.Instr, ref valueExpr) {
	switch in.Op {
	case plan.Reduce:
		printReduce(b, indent, p, in, ref)
	case plan.MatMul:
		printInner(b, indent, p, in, ref)
	default:
		fmt.Fprintf(b, "%sconst real v%d = %s;\n", indent, in.Dst, element(p, in, ref))
	}
}

func printReduce(b *strings.Builder, indent string, p *plan.Plan, in plan.Instr, ref valueExpr) {
	n, r, c, start := p.Values[in.Src[0]].Cols, "r", "j", "0"
	if in.Axis == 0 {
		n, r, c = p.Values[in.Src[0]].Rows, "j", "c"
	}
	if in.Fn == plan.Max {
		start = "-INFINITY"
	}
	dst := fmt.Sprintf("v%d", in.Dst)
	fmt.Fprintf(b, "%sreal %s = %s;\n", indent, dst, start)
	fmt.Fprintf(b, "%sfor (int j = 0; j < %d; j++) %s = %s;\n", indent, n, dst, apply(in.Fn, dst, ref(in.Src[0], r, c)))
}

// printInner prints an element of a product of matrices that are not row values.
func printInner(b *strings.Builder, indent string, p *plan.Plan, in plan.Instr, ref valueExpr) {
	n := p.Values[in.Src[0]].Cols
	x, y := ref(in.Src[0], "r", "j"), ref(in.Src[1], "j", "c")
	if in.TransA {
		n, x = p.Values[in.Src[0]].Rows, ref(in.Src[0], "j", "r")
	}
	if in.TransB {
		y = ref(in.Src[1], "c", "j")
	}
	fmt.Fprintf(b, "%sreal v%d = 0;\n", indent, in.Dst)
	fmt.Fprintf(b, "%sfor (int j = 0; j < %d; j++) v%d = mad(%s, %s, v%d);\n", indent, n, in.Dst, x, y, in.Dst)
}

// element is the element (r, c) of an instruction's result as one expression.
func element(p *plan.Plan, in plan.Instr, ref valueExpr) string {
	a := in.Src[0]
	switch in.Op {
	case plan.Unary:
		return apply(in.Fn, ref(a, "r", "c"), "")
	case plan.Binary:
		return apply(in.Fn, ref(a, "r", "c"), ref(in.Src[1], "r", "c"))
	case plan.Broadcast:
		return ref(a, "r", "c")
	case plan.Transpose:
		return ref(a, "c", "r")
	case plan.Slice:
		return alongAxis(in, ref, fmt.Sprintf("%d + %%s * %d", in.From, in.Stride))
	case plan.Scatter:
		return scatter(in, ref)
	case plan.Concat:
		return concat(p, in, ref)
	case plan.Reshape:
		cols := p.Values[a].Cols
		return ref(a, fmt.Sprintf("e / %d", cols), fmt.Sprintf("e %% %d", cols))
	}
	panic("kernels: no element for " + in.Op.String()) // plan.Check knows no other
}

// alongAxis refers to the only source with the index of the axis replaced by an expression of it.
func alongAxis(in plan.Instr, ref valueExpr, index string) string {
	if in.Axis == 0 {
		return ref(in.Src[0], fmt.Sprintf(index, "r"), "c")
	}
	return ref(in.Src[0], "r", fmt.Sprintf(index, "c"))
}

func scatter(in plan.Instr, ref valueExpr) string {
	i := "c"
	if in.Axis == 0 {
		i = "r"
	}
	inside := fmt.Sprintf("%s >= %d && %s < %d && (%s - %d) %% %d == 0", i, in.From, i, in.To, i, in.From, in.Stride)
	return fmt.Sprintf("%s ? %s : real(0)", inside,
		alongAxis(in, ref, fmt.Sprintf("(%%s - %d) / %d", in.From, in.Stride)))
}

func concat(p *plan.Plan, in plan.Instr, ref valueExpr) string {
	var b strings.Builder
	at := 0
	for k, id := range in.Src {
		r, c, i, size := "r", "c", "c", p.Values[id].Cols
		if in.Axis == 0 {
			i, size = "r", p.Values[id].Rows
			r = fmt.Sprintf("r - %d", at)
		} else {
			c = fmt.Sprintf("c - %d", at)
		}
		at += size
		if k < len(in.Src)-1 {
			fmt.Fprintf(&b, "%s < %d ? ", i, at)
		}
		b.WriteString(ref(id, r, c))
		if k < len(in.Src)-1 {
			b.WriteString(" : ")
		}
	}
	return b.String()
}

// apply is fn(x) or fn(x, y), as the table of package plan writes it.
func apply(fn plan.Fn, x, y string) string { return functions[fn].Call(x, y) }

var functions = plan.Functions()

// number prints a constant.
func number(x float64) string {
	switch {
	case math.IsNaN(x):
		return "real(NAN)"
	case math.IsInf(x, 0):
		return fmt.Sprintf("real(%sINFINITY)", map[bool]string{true: "-"}[x < 0])
	}
	return "real(" + double(x) + ")"
}

// double prints a number so that reading it gives the same bits.
func double(x float64) string {
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// label names a value in a comment.
func label(v plan.Value) string { return fmt.Sprintf("%s [%d,%d]", oneLine(v.Name), v.Rows, v.Cols) }

// oneLine keeps a user's text within its comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '\\' {
			return ' '
		}
		return r
	}, s)
}
