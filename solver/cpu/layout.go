package cpu

import "neuralode/plan"

// memory says where the row values of a plan live while a tile runs.
type memory uint8

const (
	local  memory = iota // scratch of one stage of one row
	store                // what the VJP needs of the forward evaluation, kept as long as the VJP may come
	shared               // parameters and constants
)

// operand is the place of a value: at off in the row's frame of a memory, or the shared value id.
type operand struct {
	mem   memory
	off   int
	id    plan.ID
	width int
}

// layout gives every row value its place in two frames, one per memory and row.
type layout struct {
	at   []operand
	size [2]int // lengths of the local and the store frame
}

// frameAlign keeps wide values on cache-line boundaries within a frame: 16 float32.
const frameAlign = 16

func newLayout(p *plan.Plan) layout {
	l := layout{at: make([]operand, len(p.Values))}
	kept := keptForVJP(p)
	for i, v := range p.Values {
		id := plan.ID(i)
		switch {
		case v.Space != plan.Row:
			l.at[i] = operand{mem: shared, id: id, width: v.Cols}
		case kept[id]:
			l.place(id, store, v.Cols)
		default:
			l.place(id, local, v.Cols)
		}
	}
	l.size[local], l.size[store] = alignUp(l.size[local]), alignUp(l.size[store])
	return l
}

func (l *layout) place(id plan.ID, mem memory, width int) {
	if width >= frameAlign {
		l.size[mem] = alignUp(l.size[mem])
	}
	l.at[id] = operand{mem: mem, off: l.size[mem], id: id, width: width}
	l.size[mem] += width
}

func alignUp(n int) int { return (n + frameAlign - 1) / frameAlign * frameAlign }

// keptForVJP marks the row values that exist before the cotangent comes and that the VJP reads.
func keptForVJP(p *plan.Plan) map[plan.ID]bool {
	early := map[plan.ID]bool{}
	for _, in := range p.Inputs {
		early[in.Value] = true
	}
	for _, in := range p.ForwardCode {
		early[in.Dst] = true
	}
	kept := map[plan.ID]bool{}
	for _, code := range [][]plan.Instr{p.BackwardCode, p.AccumulateCode} {
		for _, in := range code {
			for _, src := range in.Src {
				if early[src] {
					kept[src] = true
				}
			}
		}
	}
	return kept
}
