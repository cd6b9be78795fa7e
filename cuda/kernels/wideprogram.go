package kernels

import (
	"fmt"
	"strings"

	"neuralode/plan"
)

// wideProgram is a plan as a schedule: matrix products, and kernels that work on values element by element.
type wideProgram struct {
	name        string // of the struct in the source
	plan        *plan.Plan
	weights     *weights
	vjp         bool
	tile, slots int
	passing     map[plan.ID]bool // values that only the kernel which makes them reads

	at    map[plan.ID]wideLocation
	frame int // reals of a tile

	kept  []plan.ID // what the sums read, and the derivative for the inputs
	keep  int       // reals of them, per row
	terms []wideTerm
	ready int // reals of a tile
}

// wideLocation is where a row value lies in the frame of its tile.
type wideLocation struct{ off, stride int }

// wideTerm is a factor of the sums, and where it lies among the terms of a tile.
type wideTerm struct {
	value    plan.ID
	weighted bool
	off      int
}

// wideAlign is the alignment of matrices, in reals: 128 bytes or more.
const wideAlign = 32

func newWideProgram(name string, w *weights, vjp bool, tile, slots int) *wideProgram {
	p := &wideProgram{name: name, plan: w.plan, weights: w, vjp: vjp, tile: tile, slots: slots,
		passing: passing(w.plan, vjp), at: map[plan.ID]wideLocation{}}
	p.placeValues()
	if vjp {
		p.placeTerms()
	}
	return p
}

// stride is the distance of two rows of a value: wide rows are aligned for vectors.
func stride(cols int) int {
	if cols < vector {
		return cols
	}
	return alignUp(cols)
}

// advance returns the place after n reals at off.
func advance(off, n int) int { return (off + n + wideAlign - 1) / wideAlign * wideAlign }

func (p *wideProgram) placeValues() {
	ports := p.plan.Inputs
	code := p.plan.ForwardCode
	if p.vjp {
		ports = append(ports[:len(ports):len(ports)], p.plan.Cotangents...)
		code = append(code[:len(code):len(code)], p.plan.BackwardCode...)
	}
	for _, port := range ports {
		p.locate(port.Value)
	}
	for _, in := range code {
		if isProduct(in) || !p.passing[in.Dst] {
			p.locate(in.Dst)
		}
	}
}

func (p *wideProgram) locate(id plan.ID) {
	at := wideLocation{p.frame, stride(p.plan.Values[id].Cols)}
	p.at[id] = at
	p.frame = advance(p.frame, p.tile*at.stride)
}

// placeTerms gives the factors of the sums their places: in A·B it is B that carries the weight.
func (p *wideProgram) placeTerms() {
	for _, in := range p.plan.AccumulateCode {
		p.addTerm(in.Src[0], in.Op != plan.MatMul)
		if in.Op == plan.MatMul {
			p.addTerm(in.Src[1], true)
		}
	}
	if id := p.plan.InputGrad("inputs"); id != plan.None && p.keptAt(id) < 0 {
		p.kept = append(p.kept, id)
	}
	for _, id := range p.kept {
		p.keep += p.plan.Values[id].Cols
	}
}

func (p *wideProgram) addTerm(id plan.ID, weighted bool) {
	if p.term(id, weighted) != nil {
		return
	}
	p.terms = append(p.terms, wideTerm{id, weighted, p.ready})
	p.ready = advance(p.ready, p.slots*p.tile*p.at[id].stride)
	if p.keptAt(id) < 0 {
		p.kept = append(p.kept, id)
	}
}

func (p *wideProgram) term(id plan.ID, weighted bool) *wideTerm {
	for i, t := range p.terms {
		if t.value == id && t.weighted == weighted {
			return &p.terms[i]
		}
	}
	return nil
}

// keptAt is the value's place in the list of kept values, or −1.
func (p *wideProgram) keptAt(id plan.ID) int {
	for i, k := range p.kept {
		if k == id {
			return i
		}
	}
	return -1
}

// section prints the kernels of a row section and returns its steps.
func (k *Wide) section(p *wideProgram, name string, code []plan.Instr) []Step {
	var steps []Step
	for i, g := range groups(p.plan, code) {
		if isProduct(g.code[0]) {
			steps = append(steps, k.product(p, g.code[0]))
			if in := g.code[0]; len(g.code) == 1 && len(in.Src) == 2 &&
				(in.Op == plan.MatMul || in.Fn == plan.Identity) {
				continue
			}
		}
		kernel := fmt.Sprintf("%s%s%d", strings.ToLower(p.name), name, i)
		p.printGroup(&k.kernelText, kernel, g)
		steps = append(steps, Step{Kernel: kernel, Threads: k.config.Threads, threadsPerRow: g.width})
	}
	return steps
}

// product multiplies a row value with packed weights.
func (k *Wide) product(p *wideProgram, in plan.Instr) Step {
	n := p.plan.Values[in.Dst].Cols
	weights := Operand{Buffer: p.weightsBuffer, Offset: p.weights.offset(in.Src[1], true, in.TransB), Stride: n}
	return Step{GEMM: &GEMM{M: p.tile, N: n, K: p.plan.Values[in.Src[0]].Cols,
		A: k.operand(p, in.Src[0]), B: weights, C: k.operand(p, in.Dst)}}
}

// weightsBuffer is where the plan's weights lie.
func (p *wideProgram) weightsBuffer(c *Call) Address {
	if p.name == "Head" {
		return c.HeadWeights
	}
	return c.FieldWeights
}

func (k *Wide) operand(p *wideProgram, id plan.ID) Operand {
	return Operand{Buffer: func(c *Call) Address { return c.Frames }, Offset: p.at[id].off, Stride: p.at[id].stride,
		PerTile: k.Frame}
}

// sums adds the terms that rows have added; first is where the plan's sums begin.
func (k *Wide) sums(p *wideProgram, first int) []Step {
	var steps []Step
	terms := p.slots * p.tile
	for _, in := range p.plan.AccumulateCode {
		last := in.Src[len(in.Src)-1]
		n := p.plan.Values[last].Cols
		g := &GEMM{M: 1, N: n, K: terms, A: Operand{Buffer: func(c *Call) Address { return c.Ones }, Stride: terms},
			B: k.readyTerm(p, last, true), Beta: 1,
			C: Operand{Buffer: func(c *Call) Address { return c.Sums }, Offset: first + p.weights.sums[in.Dst],
				Stride: n}}
		if in.Op == plan.MatMul {
			g.M, g.TransA, g.A = p.plan.Values[in.Src[0]].Cols, true, k.readyTerm(p, in.Src[0], false)
		}
		steps = append(steps, Step{GEMM: g})
	}
	return steps
}

func (k *Wide) readyTerm(p *wideProgram, id plan.ID, weighted bool) Operand {
	return Operand{Buffer: func(c *Call) Address { return c.Ready }, Offset: p.term(id, weighted).off,
		Stride: p.at[id].stride, PerTile: k.Ready}
}

// print prints where the values of the plan lie.
func (p *wideProgram) print(b *strings.Builder) {
	upper := strings.ToUpper(p.name)
	p.printTerms(b, upper)
	fmt.Fprintf(b, "\nstruct %s {\n\tenum { KEEP = %d, KEPT = %d, TERMS = %d, SLOTS = %d };\n", p.name, p.keep,
		len(p.kept), len(p.terms), p.slots)
	fmt.Fprintf(b, "\tstatic __device__ const Kept *kept() { return %s_KEPT; }\n", upper)
	fmt.Fprintf(b, "\tstatic __device__ const Term *terms() { return %s_TERMS; }\n", upper)
	printReads(b, p.plan)
	fmt.Fprintf(b, "\tstatic constexpr int INPUTS_GRADIENT = %d; // of the kept values, or -1\n",
		p.keptAt(p.plan.InputGrad("inputs")))
	for _, in := range p.plan.Inputs {
		p.printPort(b, portName(in.Name), in.Value)
	}
	for _, out := range p.plan.Outputs {
		p.printPort(b, portName(out.Name), out.Value)
	}
	if p.vjp {
		p.printPort(b, "cotangent", p.plan.Cotangents[0].Value)
		p.printGradientOf(b)
	}
	b.WriteString("};\n")
}

func (p *wideProgram) printPort(b *strings.Builder, name string, id plan.ID) {
	fmt.Fprintf(b, "\tstatic __device__ real *%s(real *f, int i) { return f + %d + i * %d; }\n", name, p.at[id].off,
		p.at[id].stride)
}

func (p *wideProgram) printGradientOf(b *strings.Builder) {
	b.WriteString("\t// gradientOf is a component of ∂L/∂z after a VJP; 0 for a plan that does not depend on z.\n")
	value := "0"
	if z := p.plan.InputGrad("z"); z != plan.None {
		value = fmt.Sprintf("f[%d + i * %d + c]", p.at[z].off, p.at[z].stride)
	}
	fmt.Fprintf(b, "\tstatic __device__ real gradientOf(const real *f, int i, int c) { return %s; }\n", value)
}

// printTerms prints the tables of what the sums read. An empty one gets an element that is not used.
func (p *wideProgram) printTerms(b *strings.Builder, upper string) {
	kept, terms := []string{}, []string{}
	off := 0
	for _, id := range p.kept {
		width := p.plan.Values[id].Cols
		kept = append(kept, fmt.Sprintf("{%d, %d, %d, %d}", p.at[id].off, p.at[id].stride, width, off))
		off += width
	}
	for _, t := range p.terms {
		terms = append(terms, fmt.Sprintf("{%d, %d, %d}", p.keptAt(t.value), t.off, btoi(t.weighted)))
	}
	printTable := func(kind, name string, rows []string) {
		if len(rows) == 0 {
			rows = []string{"{}"}
		}
		fmt.Fprintf(b, "__constant__ %s %s_%s[] = {%s};\n", kind, upper, name, strings.Join(rows, ", "))
	}
	b.WriteString("\n")
	printTable("Kept", "KEPT", kept)
	printTable("Term", "TERMS", terms)
}

// printGroup prints a group as a kernel with a thread for every element. A product that opens it has been made.
func (p *wideProgram) printGroup(b *strings.Builder, kernel string, g group) {
	fmt.Fprintf(b, "\nextern \"C\" __global__ void __launch_bounds__(THREADS) %s(const Call *p) {\n", kernel)
	b.WriteString("\tconst Call &call = *p;\n\tconst long long e = (long long)(blockIdx.x) * THREADS + threadIdx.x;\n")
	fmt.Fprintf(b, "\tif (e >= call.rows * %d) return;\n", g.width)
	fmt.Fprintf(b, "\tconst int row = int(e / %d), i = row %% TILE;\n\t[[maybe_unused]] const int c = int(e %% %d);\n",
		g.width, g.width)
	fmt.Fprintf(b, "\treal *f = frameOf(call, row);\n\t[[maybe_unused]] const real *w = call.%sWeights;\n",
		strings.ToLower(p.name))
	for _, in := range g.code {
		fmt.Fprintf(b, "\t// %s\n", label(p.plan.Values[in.Dst]))
		if isProduct(in) {
			fmt.Fprintf(b, "\tconst real v%d = %s;\n", in.Dst, p.afterProduct(in))
		} else {
			printElement(b, "\t", p.plan, in, p.refIn(g))
		}
		if !p.passing[in.Dst] {
			fmt.Fprintf(b, "\t%s = v%d;\n", p.ref(in.Dst, "0", "c"), in.Dst)
		}
	}
	b.WriteString("}\n")
}

// afterProduct is what follows a product: the addition and the function of its instruction.
func (p *wideProgram) afterProduct(in plan.Instr) string {
	sum := p.ref(in.Dst, "0", "c")
	if len(in.Src) == 3 {
		sum = "(" + sum + " + " + p.ref(in.Src[2], "0", "c") + ")"
	}
	if in.Op == plan.Affine {
		return apply(in.Fn, sum, "")
	}
	return sum
}

// refIn prefers what the kernel has just computed to what it has stored.
func (p *wideProgram) refIn(g group) valueExpr {
	return func(id plan.ID, r, c string) string {
		if g.makes(id) && c == "c" {
			return fmt.Sprintf("v%d", id)
		}
		return p.ref(id, r, c)
	}
}

// ref is the element of a value at row r and column c in a row section.
func (p *wideProgram) ref(id plan.ID, r, c string) string {
	v := p.plan.Values[id]
	if v.Space == plan.Shared {
		return p.weights.inRows(id, r, c)
	}
	if v.Cols == 1 {
		c = "0"
	}
	return fmt.Sprintf("f[%d + i * %d + %s]", p.at[id].off, p.at[id].stride, c)
}
