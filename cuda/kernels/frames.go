package kernels

import "neuralode/plan"

// location is where a row value lives: in the scratch of one evaluation or in what is kept of it.
type location struct {
	keep bool
	off  int
}

// frames gives every row value its place.
type frames struct {
	at          map[plan.ID]location
	local, keep int // lengths
}

// vector is the alignment of wide values, in numbers: what one access loads.
const vector = 4

func newFrames(p *plan.Plan, code [][]plan.Instr, kept, passing map[plan.ID]bool) frames {
	f := frames{at: map[plan.ID]location{}}
	for _, port := range append(append([]plan.Port(nil), p.Inputs...), p.Cotangents...) {
		f.add(p, port.Value, kept)
	}
	for _, section := range code {
		for _, in := range section {
			if !passing[in.Dst] {
				f.add(p, in.Dst, kept)
			}
		}
	}
	// Rows half a bank cycle apart: threads that read the same place of different rows do not collide.
	f.local, f.keep = (f.local+vector-1)/8*8+vector, max(alignUp(f.keep), vector)
	return f
}

func (f *frames) add(p *plan.Plan, id plan.ID, kept map[plan.ID]bool) {
	if p.Values[id].Space != plan.Row {
		return
	}
	size := &f.local
	if kept[id] {
		size = &f.keep
	}
	width := p.Values[id].Cols
	if width >= vector {
		*size = alignUp(*size)
	}
	f.at[id] = location{kept[id], *size}
	*size += width
}

func alignUp(n int) int { return (n + vector - 1) / vector * vector }

// operands marks the row values that the code reads.
func operands(p *plan.Plan, code []plan.Instr) map[plan.ID]bool {
	read := map[plan.ID]bool{}
	for _, in := range code {
		for _, src := range in.Src {
			if p.Values[src].Space == plan.Row {
				read[src] = true
			}
		}
	}
	return read
}

// keptForSums marks what the sums over accepted steps read.
func keptForSums(p *plan.Plan) map[plan.ID]bool { return operands(p, p.AccumulateCode) }

// keptForSteps marks also the derivative for the inputs, which counts once its step is accepted.
func keptForSteps(p *plan.Plan) map[plan.ID]bool {
	kept := keptForSums(p)
	if id := p.InputGrad("inputs"); id != plan.None {
		kept[id] = true
	}
	return kept
}

// keptForVJP marks also what the VJP reads of the forward evaluation, when it does not follow at once.
func keptForVJP(p *plan.Plan) map[plan.ID]bool {
	kept, early := keptForSums(p), map[plan.ID]bool{}
	for _, in := range p.Inputs {
		early[in.Value] = true
	}
	for _, in := range p.ForwardCode {
		early[in.Dst] = true
	}
	for id := range operands(p, p.BackwardCode) {
		kept[id] = kept[id] || early[id]
	}
	return kept
}
