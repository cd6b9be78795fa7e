package kernels

import (
	"fmt"
	"strings"

	"neuralode/plan"
)

// program is a plan printed as a struct of device functions: forward, and with the VJP backward and accumulate.
type program struct {
	name    string
	plan    *plan.Plan
	weights *weights
	vjp     bool
	frames  frames
	slots   []int // by stage: where what is kept of it lies
	passing map[plan.ID]bool
	columns map[int]product // by place of the weights: the products with weights in registers
}

// product is a product of rows with a packed K by N matrix.
type product struct{ k, n int }

func newProgram(name string, w *weights, vjp bool, kept map[plan.ID]bool, slots []int) *program {
	code := [][]plan.Instr{w.plan.ForwardCode}
	if vjp {
		code = append(code, w.plan.BackwardCode)
	}
	p := &program{name: name, plan: w.plan, weights: w, vjp: vjp, slots: slots, passing: passing(w.plan, vjp)}
	p.frames = newFrames(w.plan, code, kept, p.passing)
	return p
}

func (p *program) slotCount() int {
	n := 1
	for _, s := range p.slots {
		n = max(n, s+1)
	}
	return n
}

// rowLen is how many numbers a row's frames take.
func (p *program) rowLen() int { return p.frames.local + p.slotCount()*p.frames.keep }

func (p *program) print(b *strings.Builder) {
	fmt.Fprintf(b, "\nstruct %s {\n\tenum { LOCAL = %d, KEEP = %d, SLOTS = %d };\n", p.name, p.frames.local,
		p.frames.keep, p.slotCount())
	p.printSlots(b)
	p.printPorts(b)
	p.printRegisters(b)
	p.printSection(b, "forward", p.plan.ForwardCode)
	if p.vjp {
		p.printSection(b, "backward", p.plan.BackwardCode)
		p.printAccumulate(b)
	}
	b.WriteString("};\n")
}

// printSlots prints where what is kept of a stage lies.
func (p *program) printSlots(b *strings.Builder) {
	slot := "0"
	if p.slotCount() == len(p.slots) {
		slot = "stage"
	} else if p.slotCount() > 1 {
		slot = "SUM_SLOT[stage]"
	}
	fmt.Fprintf(b, "\tstatic __device__ int slot(int stage) { return %s; }\n", slot)
}

func list(x []int) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(x)), ", "), "[]")
}

// portName is the name of an input or output in the source.
func portName(name string) string {
	switch name {
	case "t":
		return "time"
	case "f", "out":
		return "output"
	case "z", "inputs", "label", "loss":
		return name
	}
	panic("kernels: no name for the port " + name) // solver.Model.Check lets no other pass
}

// printPorts prints where the values that enter and leave lie.
func (p *program) printPorts(b *strings.Builder) {
	for _, in := range p.plan.Inputs {
		p.printPort(b, portName(in.Name), in.Value)
	}
	printReads(b, p.plan)
	for _, out := range p.plan.Outputs {
		p.printPort(b, portName(out.Name), out.Value)
	}
	if !p.vjp {
		return
	}
	p.printPort(b, "cotangent", p.plan.Cotangents[0].Value)
	p.printInputGrad(b, "HAS_GRADIENT", "gradient", "z")
	p.printInputGrad(b, "HAS_INPUTS_GRADIENT", "inputsGradient", "inputs")
}

// printReads prints which of the inputs that a plan need not have are read.
func printReads(b *strings.Builder, p *plan.Plan) {
	fmt.Fprintf(b, "\tstatic constexpr bool READS_TIME = %t, READS_INPUTS = %t;\n", p.Reads(p.Input("t")),
		p.Reads(p.Input("inputs")))
}

// printInputGrad prints whether there is a derivative for an input, and where it lies.
func (p *program) printInputGrad(b *strings.Builder, has, name, input string) {
	id := p.plan.InputGrad(input)
	fmt.Fprintf(b, "\tstatic constexpr bool %s = %t;\n", has, id != plan.None)
	if id != plan.None {
		p.printPort(b, name, id)
	}
}

func (p *program) printPort(b *strings.Builder, name string, id plan.ID) {
	fmt.Fprintf(b, "\tstatic __device__ real *%s(real *l, real *s) { return %s; }\n", name, p.pointer(id))
}

// pointer is where a row value begins.
func (p *program) pointer(id plan.ID) string {
	at := p.frames.at[id]
	if at.keep {
		return fmt.Sprintf("s + %d", at.off)
	}
	return fmt.Sprintf("l + %d", at.off)
}

// printSection prints a row section. Barriers before and after it are the caller's.
func (p *program) printSection(b *strings.Builder, name string, code []plan.Instr) {
	fmt.Fprintf(b, "\n\tstatic __device__ void %s(const Rows &rows, const Frames<%s> &frames, const real *w, const Registers &registers) {\n", name, p.name)
	for _, g := range groups(p.plan, code) {
		if g.sync {
			b.WriteString("\t\t__syncthreads();\n")
		}
		p.printGroup(b, g)
	}
	b.WriteString("\t}\n")
}

func (p *program) printGroup(b *strings.Builder, g group) {
	code := g.code
	if isProduct(code[0]) {
		p.printProduct(b, code[0])
		code = code[1:]
	} else {
		fmt.Fprintf(b, "\t\teachValue<%d>(rows, frames, [=](real *l, real *s, int c) {\n", g.width)
	}
	for _, in := range code {
		fmt.Fprintf(b, "\t\t\t// %s\n", label(p.plan.Values[in.Dst]))
		printElement(b, "\t\t\t", p.plan, in, g.ref(p))
		p.store(b, in.Dst)
	}
	b.WriteString("\t\t});\n")
}

// ref prefers what the pass has just computed to what it has stored.
func (g *group) ref(p *program) valueExpr {
	return func(id plan.ID, r, c string) string {
		if g.makes(id) && c == "c" {
			return fmt.Sprintf("v%d", id)
		}
		return p.ref(id, r, c)
	}
}

// ref is the element of a value at row r and column c in a row section.
func (p *program) ref(id plan.ID, r, c string) string {
	v := p.plan.Values[id]
	if v.Space == plan.Shared {
		return p.weights.inRows(id, r, c)
	}
	if v.Cols == 1 {
		c = "0"
	}
	frame, at := "l", p.frames.at[id]
	if at.keep {
		frame = "s"
	}
	return fmt.Sprintf("%s[%d + %s]", frame, at.off, c)
}

// store prints where the value just computed goes, if anything reads it later.
func (p *program) store(b *strings.Builder, id plan.ID) {
	if p.passing[id] {
		return
	}
	fmt.Fprintf(b, "\t\t\t%s = v%d;\n", p.ref(id, "0", "c"), id)
}

// printProduct opens a pass whose first instruction multiplies rows with a shared matrix.
func (p *program) printProduct(b *strings.Builder, in plan.Instr) {
	k, n := p.plan.Values[in.Src[0]].Cols, p.plan.Values[in.Dst].Cols
	w := p.weights.offset(in.Src[1], true, in.TransB)
	kind, weights := "product", fmt.Sprintf("w + %d", w)
	if _, ok := p.columns[w]; ok {
		kind, weights = "columnProduct", fmt.Sprintf("registers.w%d", w)
	}
	fmt.Fprintf(b, "\t\t%s<%d, %d>(rows, frames, %s, [](real *l, real *s) { return %s; },\n", kind, k, n, weights,
		p.pointer(in.Src[0]))
	fmt.Fprintf(b, "\t\t\t[=](real *l, real *s, int c, real y) { // %s\n", label(p.plan.Values[in.Dst]))
	sum := "y"
	if len(in.Src) == 3 {
		sum = "(y + " + p.ref(in.Src[2], "0", "c") + ")"
	}
	if in.Op == plan.Affine {
		sum = apply(in.Fn, sum, "")
	}
	fmt.Fprintf(b, "\t\t\tconst real v%d = %s;\n", in.Dst, sum)
	p.store(b, in.Dst)
}

// printAccumulate prints the sums over rows. Barriers before and after it are the caller's.
func (p *program) printAccumulate(b *strings.Builder) {
	fmt.Fprintf(b, "\n\tstatic __device__ void accumulate(const Rows &rows, const Frames<%s> &frames, const Terms &terms, real *sums) {\n", p.name)
	seen := map[plan.ID]bool{}
	for _, in := range p.plan.AccumulateCode {
		if seen[in.Dst] {
			b.WriteString("\t\t__syncthreads(); // another thread may own the element in this form\n")
		}
		seen[in.Dst] = true
		p.printSum(b, in)
	}
	b.WriteString("\t}\n")
}

func (p *program) printSum(b *strings.Builder, in plan.Instr) {
	pointer := func(i int) string {
		return fmt.Sprintf("[](real *l, real *s) { return %s; }", p.pointer(in.Src[i]))
	}
	width := func(i int) int { return p.plan.Values[in.Src[i]].Cols }
	dst := fmt.Sprintf("sums + %d", p.weights.sums[in.Dst])
	if in.Op == plan.MatMul {
		fmt.Fprintf(b, "\t\touterSum<%d, %d>(rows, frames, terms, %s, %s, %s);", width(0), width(1), dst, pointer(0),
			pointer(1))
	} else {
		fmt.Fprintf(b, "\t\tcolumnSum<%d>(rows, frames, terms, %s, %s);", width(0), dst, pointer(0))
	}
	fmt.Fprintf(b, " // %s\n", label(p.plan.Values[in.Dst]))
}
