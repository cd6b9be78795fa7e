package kernels

import (
	"fmt"
	"strings"

	"neuralode/plan"
)

// weights is how a plan's shared values lie in device memory, once for all rows: matrices that rows are multiplied with
// are packed with the summed index first, the others lie as they are.
type weights struct {
	plan     *plan.Plan
	segments []segment
	forward  int // length of what the Forward section reads
	length   int

	scratch    map[plan.ID]int // places of what the Shared and Finish sections make
	scratchLen int
	sums       map[plan.ID]int // places of the accumulators
	sumsLen    int
}

type segment struct {
	id            plan.ID
	packed, trans bool
	off           int
}

func newWeights(p *plan.Plan) *weights {
	w := &weights{plan: p, scratch: map[plan.ID]int{}, sums: map[plan.ID]int{}}
	w.collect(p.ForwardCode)
	w.forward = w.length
	w.collect(p.BackwardCode)
	for _, in := range p.AccumulateCode {
		if _, ok := w.sums[in.Dst]; !ok {
			w.sums[in.Dst] = w.sumsLen
			w.sumsLen += p.Values[in.Dst].Len()
		}
	}
	for _, in := range append(append([]plan.Instr(nil), p.SharedCode...), p.FinishCode...) {
		w.scratch[in.Dst] = w.scratchLen
		w.scratchLen += p.Values[in.Dst].Len()
	}
	return w
}

func (w *weights) collect(code []plan.Instr) {
	for _, in := range code {
		for i, src := range in.Src {
			v := w.plan.Values[src]
			if v.Space != plan.Shared || isNumber(v) {
				continue
			}
			w.offset(src, isProduct(in) && i == 1, isProduct(in) && i == 1 && in.TransB)
		}
	}
}

// isNumber reports whether the value is a constant that is printed where it is used.
func isNumber(v plan.Value) bool { return len(v.Const) == 1 }

func isProduct(in plan.Instr) bool { return in.Op == plan.MatMul || in.Op == plan.Affine }

// offset is the place of a shared value in that form; it makes one for a form not seen before.
func (w *weights) offset(id plan.ID, packed, trans bool) int {
	for _, s := range w.segments {
		if s.id == id && s.packed == packed && s.trans == trans {
			return s.off
		}
	}
	s := segment{id, packed, trans, alignUp(w.length)}
	w.segments = append(w.segments, s)
	w.length = s.off + w.plan.Values[id].Len()
	return s.off
}

// print writes a struct with functions that fill the memory and that turn finished sums into ∂L/∂θ.
func (w *weights) print(b *strings.Builder, name string) {
	fmt.Fprintf(b, "\nstruct %s {\n\tenum { LENGTH = %d, FORWARD = %d };\n", name, max(w.length, 1), max(w.forward, 1))
	w.printElement(b)
	w.printGradient(b)
	w.printSection(b, "share(const real *theta, real *scratch)", w.plan.SharedCode)
	w.printSection(b, "finish(const real *theta, real *scratch, const real *sums)", w.plan.FinishCode)
	b.WriteString("};\n")
}

// printElement prints what lies at place i.
func (w *weights) printElement(b *strings.Builder) {
	b.WriteString("\n\t// element is the number at place i.\n" +
		"\tstatic __device__ real element(const real *theta, const real *scratch, int i) {\n")
	for _, s := range w.segments {
		v := w.plan.Values[s.id]
		rows, cols := v.Rows, v.Cols
		r, c := fmt.Sprintf("(i - %d) / %d", s.off, cols), fmt.Sprintf("(i - %d) %% %d", s.off, cols)
		if s.trans {
			r, c = fmt.Sprintf("(i - %d) %% %d", s.off, rows), fmt.Sprintf("(i - %d) / %d", s.off, rows)
		}
		fmt.Fprintf(b, "\t\tif (i >= %d && i < %d) return %s; // %s%s\n", s.off, s.off+v.Len(), w.ref(s.id, r, c),
			label(v), transposed(s.trans))
	}
	b.WriteString("\t\treturn 0;\n\t}\n")
}

func transposed(trans bool) string {
	if trans {
		return ", transposed"
	}
	return ""
}

// printGradient prints what ∂L/∂θ is at place i of the plan's θ.
func (w *weights) printGradient(b *strings.Builder) {
	b.WriteString("\n\t// gradient is ∂L/∂θ at place i.\n" +
		"\tstatic __device__ real gradient(const real *sums, const real *scratch, int i) {\n")
	at := 0
	for i, q := range w.plan.Params {
		expr := "0"
		if w.plan.HasVJP() && w.plan.ParamGrads[i] != plan.None {
			expr = w.flat(w.plan.ParamGrads[i], fmt.Sprintf("i - %d", at))
		}
		at += q.Len()
		fmt.Fprintf(b, "\t\tif (i < %d) return %s; // %s\n", at, expr, oneLine(q.Name))
	}
	b.WriteString("\t\treturn 0;\n\t}\n")
}

// printSection prints a section on whole matrices, one instruction after another, by all threads of one block: an
// element by the same thread throughout, so that a barrier stands only before an instruction that reads others.
func (w *weights) printSection(b *strings.Builder, signature string, code []plan.Instr) {
	fmt.Fprintf(b, "\n\tstatic __device__ void %s {\n", signature)
	fresh := map[plan.ID]bool{} // written since the last barrier
	for _, in := range code {
		if w.readsOthers(in, fresh) {
			b.WriteString("\t\t__syncthreads();\n")
			clear(fresh)
		}
		fresh[in.Dst] = true
		v := w.plan.Values[in.Dst]
		fmt.Fprintf(b, "\t\tfor (int e = threadIdx.x; e < %d; e += blockDim.x) { // %s\n", v.Len(), label(v))
		fmt.Fprintf(b, "\t\t\t[[maybe_unused]] const int r = e / %d, c = e %% %d;\n", v.Cols, v.Cols)
		printElement(b, "\t\t\t", w.plan, in, w.ref)
		fmt.Fprintf(b, "\t\t\tscratch[%d + e] = v%d;\n\t\t}\n", w.scratch[in.Dst], in.Dst)
	}
	b.WriteString("\t}\n")
}

// readsOthers reports whether the instruction reads one of the values at another element than the one it writes.
func (w *weights) readsOthers(in plan.Instr, values map[plan.ID]bool) bool {
	dst := w.plan.Values[in.Dst]
	for _, src := range in.Src {
		v := w.plan.Values[src]
		if values[src] && (!inPlace(w.plan, in, src) || v.Rows != dst.Rows) {
			return true
		}
	}
	return false
}

// inRows is the element at row r and column c of a shared value in a row section, from the packed weights.
func (w *weights) inRows(id plan.ID, r, c string) string {
	v := w.plan.Values[id]
	if isNumber(v) {
		return number(v.Const[0])
	}
	if v.Cols == 1 {
		c = "0"
	}
	if v.Rows == 1 {
		return fmt.Sprintf("w[%d + %s]", w.offset(id, false, false), c)
	}
	return fmt.Sprintf("w[%d + %s * %d + %s]", w.offset(id, false, false), parens(r), v.Cols, parens(c))
}

// ref is the element at row r and column c of a shared or summed value, from θ, scratch and sums.
func (w *weights) ref(id plan.ID, r, c string) string {
	v := w.plan.Values[id]
	switch {
	case isNumber(v):
		return number(v.Const[0])
	case v.Len() == 1:
		return w.flat(id, "0")
	case v.Cols == 1:
		return w.flat(id, parens(r))
	case v.Rows == 1:
		return w.flat(id, parens(c))
	}
	return w.flat(id, fmt.Sprintf("%s * %d + %s", parens(r), v.Cols, parens(c)))
}

// flat is the element at place i of a shared or summed value.
func (w *weights) flat(id plan.ID, i string) string {
	v := w.plan.Values[id]
	if v.Const != nil {
		return fmt.Sprintf("%s[%s]", constantName(w.plan, id), i)
	}
	at := 0
	for _, q := range w.plan.Params {
		if q.Value == id {
			return fmt.Sprintf("theta[%d + %s]", at, i)
		}
		at += q.Len()
	}
	if off, ok := w.sums[id]; ok {
		return fmt.Sprintf("sums[%d + %s]", off, i)
	}
	return fmt.Sprintf("scratch[%d + %s]", w.scratch[id], i)
}

// parens puts an expression in parentheses where it needs them.
func parens(expr string) string {
	if strings.Contains(expr, " ") {
		return "(" + expr + ")"
	}
	return expr
}
