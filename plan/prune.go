package plan

import "slices"

// Forward returns the part of a plan that makes its outputs, without VJP. p is not changed.
func Forward(p *Plan) *Plan {
	q := p.clone()
	q.Cotangents, q.InputGrads, q.ParamGrads = nil, nil, nil
	q.prune()
	q.compact()
	return q
}

// clone copies everything but the numbers of constants.
func (p *Plan) clone() *Plan {
	q := *p
	q.Values = slices.Clone(p.Values)
	q.Inputs, q.Params, q.Outputs = slices.Clone(p.Inputs), slices.Clone(p.Params), slices.Clone(p.Outputs)
	q.Cotangents, q.InputGrads, q.ParamGrads = slices.Clone(p.Cotangents), slices.Clone(p.InputGrads), slices.Clone(p.ParamGrads)
	for _, code := range q.code() {
		*code = slices.Clone(*code)
		for i := range *code {
			(*code)[i].Src = slices.Clone((*code)[i].Src)
		}
	}
	return &q
}

// code lists the sections in the order in which they run.
func (p *Plan) code() []*[]Instr {
	return []*[]Instr{&p.SharedCode, &p.ForwardCode, &p.BackwardCode, &p.AccumulateCode, &p.FinishCode}
}

// ports lists the places that name a value which enters the plan, and those that name one which leaves it.
func (p *Plan) ports() (enter, leave []*ID) {
	for i := range p.Inputs {
		enter = append(enter, &p.Inputs[i].Value)
	}
	for i := range p.Params {
		enter = append(enter, &p.Params[i].Value)
	}
	for i := range p.Cotangents {
		enter = append(enter, &p.Cotangents[i].Value)
	}
	for i := range p.Outputs {
		leave = append(leave, &p.Outputs[i].Value)
	}
	for i := range p.InputGrads {
		leave = append(leave, &p.InputGrads[i].Value)
	}
	for i := range p.ParamGrads {
		leave = append(leave, &p.ParamGrads[i])
	}
	return enter, leave
}

// leaving lists the values that leave the plan.
func (p *Plan) leaving() []ID {
	_, ports := p.ports()
	var ids []ID
	for _, id := range ports {
		if *id != None {
			ids = append(ids, *id)
		}
	}
	return ids
}

// redirect lets the ports by which one value leaves name another, and reports whether there was one.
func (p *Plan) redirect(from, to ID) bool {
	_, ports := p.ports()
	changed := false
	for _, id := range ports {
		if *id == from {
			*id = to
			changed = true
		}
	}
	return changed
}

// drop removes an instruction and reports that it was there.
func (p *Plan) drop(in *Instr) bool {
	for _, code := range p.code() {
		for i := range *code {
			if &(*code)[i] == in {
				*code = slices.Delete(*code, i, i+1)
				return true
			}
		}
	}
	return false
}

// live marks the values on which the given ones depend.
func (p *Plan) live(roots []ID) []bool {
	live := make([]bool, len(p.Values))
	for _, id := range roots {
		live[id] = true
	}
	for _, code := range slices.Backward(p.code()) {
		for _, in := range slices.Backward(*code) {
			if live[in.Dst] {
				for _, src := range in.Src {
					live[src] = true
				}
			}
		}
	}
	return live
}

// prune removes instructions of which the results are not used.
func (p *Plan) prune() {
	live := p.live(p.leaving())
	for _, code := range p.code() {
		*code = slices.DeleteFunc(*code, func(in Instr) bool { return !live[in.Dst] })
	}
}

// sink moves what the outputs do not need from the Forward to the Backward section.
func (p *Plan) sink() {
	var outputs []ID
	for _, out := range p.Outputs {
		outputs = append(outputs, out.Value)
	}
	live := p.live(outputs)
	var keep, move []Instr
	for _, in := range p.ForwardCode {
		if live[in.Dst] {
			keep = append(keep, in)
		} else {
			move = append(move, in)
		}
	}
	p.ForwardCode, p.BackwardCode = keep, append(move, p.BackwardCode...)
}

// compact removes values that nothing names and renumbers the rest.
func (p *Plan) compact() {
	used := make([]bool, len(p.Values))
	enter, leave := p.ports()
	for _, id := range append(enter, leave...) {
		if *id != None {
			used[*id] = true
		}
	}
	for _, code := range p.code() {
		for _, in := range *code {
			used[in.Dst] = true
			for _, src := range in.Src {
				used[src] = true
			}
		}
	}
	to := make([]ID, len(p.Values))
	var values []Value
	for i, v := range p.Values {
		if used[i] {
			to[i] = ID(len(values))
			values = append(values, v)
		}
	}
	p.Values = values
	p.renumber(to)
}

// renumber replaces every value number by its image.
func (p *Plan) renumber(to []ID) {
	enter, leave := p.ports()
	for _, id := range append(enter, leave...) {
		if *id != None {
			*id = to[*id]
		}
	}
	for _, code := range p.code() {
		for i := range *code {
			in := &(*code)[i]
			in.Dst = to[in.Dst]
			for j := range in.Src {
				in.Src[j] = to[in.Src[j]]
			}
		}
	}
}
