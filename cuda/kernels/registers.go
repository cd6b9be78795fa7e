package kernels

import (
	"fmt"
	"slices"
	"strings"

	"neuralode/plan"
)

// columnBytes is how much of a thread's registers may hold weights: half of them.
const columnBytes = 512

// chooseColumns picks the products whose weights stay in registers: in blocks with few rows, where a thread has one
// column throughout, the largest first.
func (p *program) chooseColumns(c Config, realBytes int) {
	p.columns = map[int]product{}
	var fit []int
	all := map[int]product{}
	code := p.plan.ForwardCode
	if p.vjp {
		code = slices.Concat(code, p.plan.BackwardCode)
	}
	for _, in := range code {
		if !isProduct(in) {
			continue
		}
		m := product{p.plan.Values[in.Src[0]].Cols, p.plan.Values[in.Dst].Cols}
		at := p.weights.offset(in.Src[1], true, in.TransB)
		if _, seen := all[at]; !seen && m.fits(c) && p.aligned(in.Src[0]) {
			all[at] = m
			fit = append(fit, at)
		}
	}
	slices.SortStableFunc(fit, func(a, b int) int { return all[b].k*all[b].n - all[a].k*all[a].n })
	left := columnBytes / realBytes
	for _, at := range fit {
		if left -= all[at].k; left < 0 {
			return
		}
		p.columns[at] = all[at]
	}
}

// fits reports whether each thread has one column of the product, at most two rows of it, and more than a few terms.
func (m product) fits(c Config) bool {
	return m.k%vector == 0 && m.k >= 16 && m.n > 8 && c.Threads%m.n == 0 && c.Rows*m.n <= 2*c.Threads
}

// aligned reports whether a row value can be read in whole vectors.
func (p *program) aligned(id plan.ID) bool { return p.frames.at[id].off%vector == 0 }

func (p *program) printRegisters(b *strings.Builder) {
	b.WriteString("\n\tstruct Registers {\n")
	var places, parts []string
	for _, at := range sortedKeys(p.columns) {
		fmt.Fprintf(b, "\t\tColumn<%d, %d> w%d;\n", p.columns[at].k, p.columns[at].n, at)
		places = append(places, fmt.Sprintf("w%d(w + %d)", at, at))
	}
	if len(places) > 0 {
		parts = append(parts, " : "+strings.Join(places, ", "))
	}
	fmt.Fprintf(b, "\t\t__device__ explicit Registers(const real *w)%s {}\n\t};\n", strings.Join(parts, ""))
}

func sortedKeys[V any](m map[int]V) []int {
	var keys []int
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
