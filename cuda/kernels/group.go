package kernels

import "neuralode/plan"

// group is a run of instructions that one pass over the elements of the rows computes: results of one width, each
// element from elements that are finished before, or that the same thread has just computed. A product may come first.
type group struct {
	width int
	code  []plan.Instr
	sync  bool // what the group reads was written since the last barrier
}

// groups cuts a row section into passes, with a barrier only where a pass reads what other threads may have written.
func groups(p *plan.Plan, code []plan.Instr) []group {
	var all []group
	fresh := map[plan.ID]bool{} // written since the last barrier, the open group's excepted
	for _, in := range code {
		if n := len(all); n > 0 && all[n-1].takes(p, in, fresh) {
			all[n-1].code = append(all[n-1].code, in)
			continue
		}
		if n := len(all); n > 0 {
			for _, done := range all[n-1].code {
				fresh[done.Dst] = true
			}
		}
		g := group{width: p.Values[in.Dst].Cols, code: []plan.Instr{in}, sync: readsAny(in, fresh)}
		if g.sync {
			clear(fresh)
		}
		all = append(all, g)
	}
	return all
}

func readsAny(in plan.Instr, values map[plan.ID]bool) bool {
	for _, src := range in.Src {
		if values[src] {
			return true
		}
	}
	return false
}

// takes reports whether the instruction can be computed in the group's pass.
func (g *group) takes(p *plan.Plan, in plan.Instr, fresh map[plan.ID]bool) bool {
	if isProduct(in) || p.Values[in.Dst].Cols != g.width || readsAny(in, fresh) {
		return false
	}
	for _, src := range in.Src {
		if g.makes(src) && !inPlace(p, in, src) {
			return false
		}
	}
	return true
}

func (g *group) makes(id plan.ID) bool {
	for _, in := range g.code {
		if in.Dst == id {
			return true
		}
	}
	return false
}

// inPlace reports whether the instruction reads of src only the element it writes.
func inPlace(p *plan.Plan, in plan.Instr, src plan.ID) bool {
	switch in.Op {
	case plan.Unary, plan.Binary, plan.Broadcast:
		return p.Values[src].Cols == p.Values[in.Dst].Cols
	}
	return false
}

// passing marks the values that only the pass which makes them reads: they need no place in memory.
func passing(p *plan.Plan, vjp bool) map[plan.ID]bool {
	made, read := map[plan.ID]bool{}, leaving(p)
	sections := [][]plan.Instr{p.ForwardCode}
	if vjp {
		sections = append(sections, p.BackwardCode)
		for _, in := range p.AccumulateCode {
			mark(read, in.Src)
		}
	}
	for _, code := range sections {
		for _, g := range groups(p, code) {
			for _, in := range g.code {
				made[in.Dst] = true
				for _, src := range in.Src {
					if !g.makes(src) {
						read[src] = true
					}
				}
			}
		}
	}
	for id := range read {
		delete(made, id)
	}
	return made
}

func mark(set map[plan.ID]bool, ids []plan.ID) {
	for _, id := range ids {
		set[id] = true
	}
}

// leaving marks the row values that leave a plan.
func leaving(p *plan.Plan) map[plan.ID]bool {
	left := map[plan.ID]bool{}
	for _, port := range append(append([]plan.Port(nil), p.Outputs...), p.InputGrads...) {
		left[port.Value] = true
	}
	return left
}
