package plan

import (
	"math"
	"strings"
	"testing"
)

// TestTable demands that every function has a row of its own with all that is asked of it.
func TestTable(t *testing.T) {
	names, printed := map[string]bool{}, map[string]bool{}
	list := Functions()
	if len(list) != int(fnCount) {
		t.Fatalf("%d functions, want %d", len(list), fnCount)
	}
	for _, f := range list {
		if !f.Fn.known() || f.Fn.IsUnary() != (f.Arity == 1) || f.Fn.String() != f.Name {
			t.Errorf("function %d is incomplete: %+v", f.Fn, f)
		}
		if names[f.Name] || (f.Gorgonia != "" && printed[f.Gorgonia]) {
			t.Errorf("%s: its name or Gorgonia's stands twice", f.Name)
		}
		names[f.Name], printed[f.Gorgonia] = true, true
		if !strings.Contains(f.C, "$x") || strings.Contains(f.C, "$y") != (f.Arity == 2) {
			t.Errorf("%s is %q in C, of %d operands", f.Name, f.C, f.Arity)
		}
		if c := f.Call("l[1]", "s[2]"); strings.Contains(c, "$") || !strings.Contains(c, "l[1]") {
			t.Errorf("%s prints as %q", f.Name, c)
		}
	}
}

// TestSlopes compares every derivative of the table with differences of its value.
func TestSlopes(t *testing.T) {
	const h = 1e-6
	at := []float64{-1.7, -0.6, 0.3, 1.4, 20}
	check := func(f Function, x []float64, got, up, down float64) {
		want := (up - down) / (2 * h)
		if math.IsNaN(want) { // outside the domain
			return
		}
		if math.Abs(got-want) > 1e-6*max(1, math.Abs(want)) {
			t.Errorf("%s: slope at %v is %g, want %g", f.Name, x, got, want)
		}
	}
	for _, f := range Functions() {
		for i, a := range at {
			if f.Arity == 1 {
				check(f, []float64{a}, f.Fn.Slope1(a), f.Fn.Eval1(a+h), f.Fn.Eval1(a-h))
				continue
			}
			b := at[(i+2)%4] / 2
			da, db := f.Fn.Slope2(a, b)
			check(f, []float64{a, b}, da, f.Fn.Eval2(a+h, b), f.Fn.Eval2(a-h, b))
			check(f, []float64{a, b}, db, f.Fn.Eval2(a, b+h), f.Fn.Eval2(a, b-h))
		}
	}
}

// TestValues holds the table to known numbers, and to what becomes of NaN and of numbers that overflow.
func TestValues(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		got, want float64
	}{
		{Sigmoid.Eval1(-800), 0}, {Sigmoid.Eval1(800), 1}, {Softplus.Eval1(800), 800}, {Softplus.Eval1(-800), 0},
		{Softplus.Eval1(0), math.Ln2}, {Relu.Eval1(nan), nan}, {Relu.Eval1(-inf), 0}, {Sign.Eval1(0), 0}, {Sign.Eval1(nan), nan},
		{Max.Eval2(nan, 1), nan}, {Max.Eval2(1, nan), nan}, {Min.Eval2(1, nan), nan}, {Max.Eval2(2, -3), 2}, {Min.Eval2(2, -3), -3},
		{Pow.Eval2(-2, 3), -8}, {Pow.Eval2(-2, 0.5), nan}, {Lt.Eval2(nan, 1), 0}, {Ne.Eval2(nan, nan), 1}, {Gte.Eval2(2, 2), 1},
		{Cube.Eval1(-2), -8}, {Log1p.Eval1(1e-20), 1e-20}, {Inverse.Eval1(0), inf},
	} {
		if c.got != c.want && !(math.IsNaN(c.got) && math.IsNaN(c.want)) {
			t.Errorf("%g, want %g", c.got, c.want)
		}
	}
}

// TestUnknownFunctions are an error of Check in every place where a function can stand.
func TestUnknownFunctions(t *testing.T) {
	for _, fn := range []Fn{fnCount, 200, 255} {
		for name, spoil := range map[string]func(p *Plan){
			"unary":  func(p *Plan) { p.ForwardCode[2].Fn = fn },
			"binary": func(p *Plan) { p.ForwardCode[1].Fn = fn },
			"affine": func(p *Plan) {
				p.ForwardCode[0] = Instr{Op: Affine, Fn: fn, Dst: p.ForwardCode[0].Dst, Src: p.ForwardCode[0].Src}
			},
			"reduce": func(p *Plan) { p.AccumulateCode[1].Fn = fn },
		} {
			p := layer()
			spoil(p)
			if err := p.Check(); err == nil || !strings.Contains(err.Error(), fn.String()) {
				t.Errorf("%s %v: %v", name, fn, err)
			}
		}
	}
}
