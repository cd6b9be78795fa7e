package plan

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// tape hands out the numbers by which a fuzzer builds a plan; after its end they are 0.
type tape []byte

func (t *tape) next() int {
	if len(*t) == 0 {
		return 0
	}
	x := int((*t)[0])
	*t = (*t)[1:]
	return x
}

// small is a number from −2 to 6.
func (t *tape) small() int { return t.next()%9 - 2 }

// id is mostly the number of a value, now and then of none.
func (t *tape) id(p *Plan) ID { return ID(t.next()%(len(p.Values)+3) - 1) }

// spoil changes one thing of the plan, of which there are so many that any field can come to hold anything.
func (t *tape) spoil(p *Plan) {
	code := p.code()[t.next()%5]
	switch t.next() % 8 {
	case 0:
		p.Values = append(p.Values, Value{Space: Space(t.next() % 5), Rows: t.small(), Cols: t.small()})
	case 1:
		t.spoilValue(&p.Values[t.next()%len(p.Values)])
	case 2:
		*code = append(*code, t.instr(p))
	case 3:
		if len(*code) > 0 {
			(*code)[t.next()%len(*code)] = t.instr(p)
		}
	case 4:
		if len(*code) > 0 {
			*code = (*code)[:len(*code)-1]
		}
	default:
		t.spoilPort(p)
	}
}

func (t *tape) spoilValue(v *Value) {
	v.Space, v.Rows, v.Cols = Space(t.next()%4), t.small(), t.small()
	if t.next()%4 == 0 {
		v.Const = make([]float64, t.next()%10)
	}
}

func (t *tape) instr(p *Plan) Instr {
	in := Instr{Op: Op(t.next() % (int(opCount) + 1)), Fn: Fn(t.next() % (int(fnCount) + 1)), Dst: t.id(p),
		Axis: t.small(), From: t.small(), To: t.small(), Stride: t.small()}
	for range t.next() % 4 {
		in.Src = append(in.Src, t.id(p))
	}
	flags := t.next()
	in.TransA, in.TransB = flags&1 > 0, flags&2 > 0
	return in
}

// spoilPort lengthens, shortens or renames one of the lists of what enters and leaves.
func (t *tape) spoilPort(p *Plan) {
	port := Port{[]string{"x", "y", "u"}[t.next()%3], t.id(p)}
	ports := []*[]Port{&p.Inputs, &p.Outputs, &p.Cotangents, &p.InputGrads}[t.next()%4]
	switch t.next() % 6 {
	case 0:
		*ports = append(*ports, port)
	case 1:
		*ports = nil
	case 2:
		p.Params = append(p.Params, Param{port.Name, []int{t.small(), t.small()}, port.Value})
	case 3:
		p.Params = nil
	case 4:
		p.ParamGrads = append(p.ParamGrads, port.Value)
	case 5:
		p.ParamGrads = nil
	}
}

// FuzzCheck builds plans that are mostly malformed. None may make Check panic, and one that passes must run, forward
// and backward, fused or not, and be well formed after each rewriting.
func FuzzCheck(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 5, 0, 3, 3, 3, 0, 5, 0, 2, 2, 1})          // no parameters, their gradients left
	f.Add([]byte{2, 2, 2, 5, 7, 2, 2, 3, 1, 1, 1, 0})          // one more instruction
	f.Add([]byte{0, 0, 1, 3, 3, 3, 2, 7, 3, 5, 6, 1, 1, 1, 4}) // a value of its own
	f.Fuzz(func(t *testing.T, data []byte) { checkSpoiled(t, data) })
}

// TestSpoiledPlans is FuzzCheck on numbers without purpose.
func TestSpoiledPlans(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		data := make([]byte, r.IntN(40))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		checkSpoiled(t, data)
	}
}

func checkSpoiled(t *testing.T, data []byte) {
	p, numbers := layer(), tape(data)
	for len(numbers) > 0 {
		numbers.spoil(p)
	}
	if p.Check() != nil {
		return
	}
	for _, q := range []*Plan{p, Fuse(p), Forward(p)} {
		if err := q.Check(); err != nil {
			t.Fatalf("rewritten plan of %v: %v", data, err)
		}
		runAnything(q)
	}
}

// runAnything runs every section.
func runAnything(p *Plan) {
	m := NewMachine(p)
	m.SetTheta(make([]float64, p.ThetaLen()))
	m.Forward(2, nil)
	for _, out := range p.Outputs {
		_ = m.Output(out.Name)
	}
	if p.HasVJP() {
		m.VJP(nil)
		m.ThetaGrad(make([]float64, p.ThetaLen()))
	}
}

// TestGradientsWithoutParameters spoils a plan by lists of gradients that belong to nothing.
func TestGradientsWithoutParameters(t *testing.T) {
	for _, withCotangent := range []bool{true, false} {
		for _, params := range []int{0, 1} {
			t.Run(fmt.Sprintf("cotangent %t, %d parameters", withCotangent, params), func(t *testing.T) {
				p := layer()
				p.Params = p.Params[:params]
				if !withCotangent {
					p.Cotangents = nil
				}
				if err := p.Check(); err == nil {
					t.Error("no error")
				}
			})
		}
	}
	p := &Plan{ParamGrads: []ID{None}, Values: []Value{{Rows: 1, Cols: 1}}}
	if err := p.Check(); err == nil {
		t.Error("gradients of nothing are no error")
	}
	if err := (*Plan)(nil).Check(); err == nil {
		t.Error("no plan is no error")
	}
}
