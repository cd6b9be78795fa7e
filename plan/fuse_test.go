package plan

import (
	"math"
	"math/rand/v2"
	"testing"
)

// script builds a plan by hand: each call adds a value.
type script struct{ p Plan }

func (s *script) add(space Space, rows, cols int) ID {
	s.p.Values = append(s.p.Values, Value{Space: space, Rows: rows, Cols: cols})
	return ID(len(s.p.Values) - 1)
}

func (s *script) input(name string, cols int) ID {
	id := s.add(Row, 1, cols)
	s.p.Inputs = append(s.p.Inputs, Port{name, id})
	return id
}

func (s *script) param(name string, rows, cols int) ID {
	id := s.add(Shared, rows, cols)
	s.p.Params = append(s.p.Params, Param{name, []int{rows, cols}, id})
	return id
}

func (s *script) number(x float64) ID {
	id := s.add(Shared, 1, 1)
	s.p.Values[id].Const = []float64{x}
	return id
}

func (s *script) cotangent(name string, cols int) ID {
	id := s.add(Row, 1, cols)
	s.p.Cotangents = append(s.p.Cotangents, Port{name, id})
	return id
}

// do appends an instruction to a section and returns its new value.
func (s *script) do(code *[]Instr, space Space, rows, cols int, in Instr) ID {
	in.Dst = s.add(space, rows, cols)
	*code = append(*code, in)
	return in.Dst
}

func (s *script) row(late bool, cols int, op Op, fn Fn, src ...ID) ID {
	code := &s.p.ForwardCode
	if late {
		code = &s.p.BackwardCode
	}
	return s.do(code, Row, 1, cols, Instr{Op: op, Fn: fn, Src: src})
}

// layer is y = tanh(x·W + b) with its VJP as a graph would give it, and the rest of the plan's ports.
func layer() *Plan {
	var s script
	x, w, b, one := s.input("x", 3), s.param("w", 3, 2), s.param("b", 1, 2), s.number(1)
	y := s.row(false, 2, Unary, Tanh, s.row(false, 2, Binary, Add, s.row(false, 2, MatMul, 0, x, w), b))
	copied := s.row(false, 2, Unary, Identity, y)
	s.row(false, 2, Unary, Exp, y) // dead
	a := s.cotangent("y", 2)
	slope := s.row(false, 2, Binary, Sub, one, s.row(false, 2, Binary, Mul, y, y))
	d := s.row(true, 2, Binary, Mul, slope, a)
	wt := s.do(&s.p.SharedCode, Shared, 2, 3, Instr{Op: Transpose, Src: []ID{w}})
	dx := s.row(true, 3, MatMul, 0, d, wt)
	dwt := s.do(&s.p.AccumulateCode, Sum, 2, 3, Instr{Op: MatMul, Src: []ID{d, x}, TransA: true})
	db := s.do(&s.p.AccumulateCode, Sum, 1, 2, Instr{Op: Reduce, Fn: Add, Src: []ID{d}})
	dw := s.do(&s.p.FinishCode, Sum, 3, 2, Instr{Op: Transpose, Src: []ID{dwt}})
	s.p.Outputs = []Port{{"y", copied}}
	s.p.InputGrads = []Port{{"x", dx}}
	s.p.ParamGrads = []ID{dw, db}
	return &s.p
}

func TestFuseLayer(t *testing.T) {
	p := layer()
	before := len(p.ForwardCode)
	f := Fuse(p)
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	if len(p.ForwardCode) != before || p.ForwardCode[0].Op != MatMul {
		t.Error("Fuse changed its argument")
	}
	checkOps(t, "shared", f.SharedCode)
	checkOps(t, "forward", f.ForwardCode, Affine)
	checkOps(t, "backward", f.BackwardCode, Binary, MatMul)
	checkOps(t, "accumulate", f.AccumulateCode, MatMul, Reduce)
	checkOps(t, "finish", f.FinishCode)
	if in := f.ForwardCode[0]; in.Fn != Tanh || len(in.Src) != 3 {
		t.Errorf("forward is %v, want tanh with a bias", in)
	}
	if in := f.BackwardCode[0]; in.Fn != TanhVJP {
		t.Errorf("backward begins with %v, want %v", in, TanhVJP)
	}
	if len(f.Values) != 9 {
		t.Errorf("%d values are left, want 9", len(f.Values))
	}
	sameNumbers(t, p, f)
}

func TestForwardDropsTheVJP(t *testing.T) {
	p := Forward(Fuse(layer()))
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	if p.HasVJP() || len(p.ForwardCode) != 1 || len(p.Values) != 4 || len(p.BackwardCode)+len(p.AccumulateCode)+len(p.FinishCode) != 0 {
		t.Errorf("forward part is %+v", p)
	}
}

func checkOps(t *testing.T, section string, code []Instr, want ...Op) {
	t.Helper()
	if len(code) != len(want) {
		t.Errorf("%s code is %v, want %v", section, code, want)
		return
	}
	for i, op := range want {
		if code[i].Op != op {
			t.Errorf("%s instruction %d is %v, want %v", section, i, code[i], op)
		}
	}
}

// sameNumbers runs both plans on random numbers.
func sameNumbers(t *testing.T, p, q *Plan) {
	t.Helper()
	const n = 4
	a, b := results(t, p, n), results(t, q, n)
	if len(a) != len(b) {
		t.Fatalf("%d numbers, want %d", len(b), len(a))
	}
	for i := range a {
		if d := math.Abs(a[i] - b[i]); !(d <= 1e-12*max(1, math.Abs(a[i]))) {
			t.Errorf("number %d is %g, want %g", i, b[i], a[i])
		}
	}
}

func results(t *testing.T, p *Plan, n int) []float64 {
	t.Helper()
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = 2*rng.Float64() - 1
		}
		return x
	}
	ports := func(list []Port) map[string][]float64 {
		m := map[string][]float64{}
		for _, port := range list {
			m[port.Name] = draw(n * p.Values[port.Value].Cols)
		}
		return m
	}
	m := NewMachine(p)
	m.SetTheta(draw(p.ThetaLen()))
	m.Forward(n, ports(p.Inputs))
	var out []float64
	for _, o := range p.Outputs {
		out = append(out, m.Output(o.Name)...)
	}
	if p.HasVJP() {
		m.VJP(ports(p.Cotangents))
		for _, g := range p.InputGrads {
			out = append(out, m.InputGrad(g.Name)...)
		}
		grad := make([]float64, p.ThetaLen())
		m.ThetaGrad(grad)
		out = append(out, grad...)
	}
	return out
}

// slopes are gradients as a graph writes them, of y = f(x) with cotangent a.
func TestFuseSlopes(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(s *script, x ID) (y ID, back func(a ID) ID)
		want  Fn
	}{
		{"sigmoid", func(s *script, x ID) (ID, func(a ID) ID) {
			y := s.row(false, 3, Unary, Sigmoid, x)
			return y, func(a ID) ID {
				rest := s.row(false, 3, Unary, Sigmoid, s.row(false, 3, Unary, Neg, x))
				return s.row(true, 3, Binary, Mul, s.row(false, 3, Binary, Mul, y, rest), a)
			}
		}, SigmoidVJP},
		{"sigmoid, 1 − y", func(s *script, x ID) (ID, func(a ID) ID) {
			y := s.row(false, 3, Unary, Sigmoid, x)
			return y, func(a ID) ID {
				rest := s.row(false, 3, Binary, Sub, s.number(1), y)
				return s.row(true, 3, Binary, Mul, a, s.row(false, 3, Binary, Mul, rest, y))
			}
		}, SigmoidVJP},
		{"softplus", func(s *script, x ID) (ID, func(a ID) ID) {
			y := s.row(false, 3, Unary, Softplus, x)
			return y, func(a ID) ID { return s.row(true, 3, Binary, Mul, s.row(false, 3, Unary, Sigmoid, x), a) }
		}, SoftplusVJP},
		{"gate", func(s *script, x ID) (ID, func(a ID) ID) {
			y := s.row(false, 3, Unary, Exp, x)
			return y, func(a ID) ID { return s.row(true, 3, Binary, Mul, s.row(false, 3, Unary, Sigmoid, x), a) }
		}, Mul},
		{"relu", func(s *script, x ID) (ID, func(a ID) ID) {
			mask := s.row(false, 3, Binary, Gt, x, s.number(0))
			return s.row(false, 3, Binary, Mul, x, mask), func(a ID) ID { return s.row(true, 3, Binary, Mul, mask, a) }
		}, ReluVJP},
		{"rectify", func(s *script, x ID) (ID, func(a ID) ID) {
			mask := s.row(false, 3, Binary, Gte, x, s.number(0))
			return s.row(false, 3, Binary, Mul, x, mask), func(a ID) ID { return s.row(true, 3, Binary, Mul, mask, a) }
		}, Mul},
		{"mask of another", func(s *script, x ID) (ID, func(a ID) ID) {
			mask := s.row(false, 3, Binary, Gt, x, s.number(0.5))
			return s.row(false, 3, Binary, Mul, x, mask), func(a ID) ID { return s.row(true, 3, Binary, Mul, mask, a) }
		}, Mul},
		{"tanh by square", func(s *script, x ID) (ID, func(a ID) ID) {
			y := s.row(false, 3, Unary, Tanh, x)
			return y, func(a ID) ID {
				return s.row(true, 3, Binary, Mul, s.row(false, 3, Binary, Sub, s.number(2), s.row(false, 3, Binary, Mul, y, y)), a)
			}
		}, Mul},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s script
			y, back := c.build(&s, s.input("x", 3))
			dx := back(s.cotangent("y", 3))
			s.p.Outputs, s.p.InputGrads = []Port{{"y", y}}, []Port{{"x", dx}}
			f := Fuse(&s.p)
			sameNumbers(t, &s.p, f)
			if last := f.BackwardCode[len(f.BackwardCode)-1]; last.Fn != c.want {
				t.Errorf("gradient is %v, want %v", last, c.want)
			}
		})
	}
}

// What only looks like a layer stays as it is.
func TestFuseLeavesOthersAlone(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(s *script, x ID) ID
		want  []Op
	}{
		{"product read twice", func(s *script, x ID) ID {
			h := s.row(false, 3, MatMul, 0, x, s.param("w", 3, 3))
			return s.row(false, 3, Binary, Mul, s.row(false, 3, Binary, Add, h, s.param("b", 1, 3)), h)
		}, []Op{MatMul, Binary, Binary}},
		{"one number for a bias", func(s *script, x ID) ID {
			return s.row(false, 3, Binary, Add, s.row(false, 3, MatMul, 0, x, s.param("w", 3, 3)), s.param("b", 1, 1))
		}, []Op{MatMul, Binary}},
		{"rows for a bias", func(s *script, x ID) ID {
			return s.row(false, 3, Binary, Add, s.row(false, 3, MatMul, 0, x, s.param("w", 3, 3)), x)
		}, []Op{MatMul, Binary}},
		{"stretched product", func(s *script, x ID) ID {
			return s.row(false, 3, Binary, Add, s.row(false, 1, MatMul, 0, x, s.param("w", 3, 1)), s.param("b", 1, 3))
		}, []Op{MatMul, Binary}},
		{"no bias", func(s *script, x ID) ID {
			return s.row(false, 3, Unary, Sin, s.row(false, 3, MatMul, 0, x, s.param("w", 3, 3)))
		}, []Op{Affine}},
		{"an input leaves", func(s *script, x ID) ID { return s.row(false, 3, Unary, Identity, x) }, []Op{Unary}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s script
			s.p.Outputs = []Port{{"y", c.build(&s, s.input("x", 3))}}
			f := Fuse(&s.p)
			checkOps(t, "forward", f.ForwardCode, c.want...)
			sameNumbers(t, &s.p, f)
		})
	}
}

func TestFuseMergesSums(t *testing.T) {
	var s script
	x, w := s.input("x", 2), s.param("w", 3, 2)
	y := s.do(&s.p.ForwardCode, Row, 1, 3, Instr{Op: MatMul, Src: []ID{x, w}, TransB: true})
	a := s.cotangent("y", 3)
	one := s.do(&s.p.AccumulateCode, Sum, 2, 3, Instr{Op: MatMul, Src: []ID{x, a}, TransA: true})
	two := s.do(&s.p.AccumulateCode, Sum, 2, 3, Instr{Op: MatMul, Src: []ID{s.row(false, 2, Unary, Exp, x), a}, TransA: true})
	sum := s.do(&s.p.FinishCode, Sum, 2, 3, Instr{Op: Binary, Fn: Add, Src: []ID{one, two}})
	dw := s.do(&s.p.FinishCode, Sum, 3, 2, Instr{Op: Transpose, Src: []ID{sum}})
	s.p.Outputs, s.p.ParamGrads = []Port{{"y", y}}, []ID{dw}
	f := Fuse(&s.p)
	sameNumbers(t, &s.p, f)
	checkOps(t, "accumulate", f.AccumulateCode, MatMul, MatMul)
	checkOps(t, "finish", f.FinishCode)
}
