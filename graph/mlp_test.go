package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"neuralode/plan"
)

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func TestMLPMatchesTapeMachineAndDifferences(t *testing.T) {
	for a := range activationCount {
		for _, time := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v time=%t", a, time), func(t *testing.T) {
				m := MLP{Sizes: []int{3, 8, 5, 3}, Activation: a, Time: time}
				f, err := m.Field()
				if err != nil {
					t.Fatal(err)
				}
				raw, err := lowerField(f)
				if err != nil {
					t.Fatal(err)
				}
				q := ask(newRand(1), raw, 6)
				q.theta = m.Init(newRand(2))
				want := tape(t, f.trace, q)
				agree(t, "unfused", interpret(t, raw, q), want, 1e-12)
				agree(t, "fused", interpret(t, plan.Fuse(raw), q), want, 1e-12)
				agree(t, "differences", interpret(t, raw, q), differences(raw, "f", q), 1e-7)
			})
		}
	}
}

// The instruction lists that backends are built for.
func TestMLPInstructions(t *testing.T) {
	reps := func(s string, n int) string { return strings.TrimSpace(strings.Repeat(s+" ", n)) }
	for _, c := range []struct {
		activation        Activation
		time              bool
		forward, backward string
	}{
		{Tanh, false, "affine/tanh affine/tanh affine", "matmul binary/tanh_vjp matmul binary/tanh_vjp matmul"},
		{Tanh, true, "concat affine/tanh affine/tanh affine", "matmul binary/tanh_vjp matmul binary/tanh_vjp matmul slice"},
		{Sigmoid, false, "affine/sigmoid affine/sigmoid affine", "matmul binary/sigmoid_vjp matmul binary/sigmoid_vjp matmul"},
		{ReLU, false, "affine/relu affine/relu affine", "matmul binary/relu_vjp matmul binary/relu_vjp matmul"},
		{Softplus, false, "affine unary/softplus affine unary/softplus affine", "matmul binary/softplus_vjp matmul binary/softplus_vjp matmul"},
		{Sin, false, "affine unary/sin affine unary/sin affine", "unary/cos unary/cos matmul binary/mul matmul binary/mul matmul"},
	} {
		t.Run(fmt.Sprintf("%v time=%t", c.activation, c.time), func(t *testing.T) {
			f, err := MLP{Sizes: []int{3, 8, 5, 3}, Activation: c.activation, Time: c.time}.Field()
			if err != nil {
				t.Fatal(err)
			}
			p, err := LowerField(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []struct {
				name string
				code []plan.Instr
				want string
			}{
				{"shared", p.SharedCode, ""}, {"forward", p.ForwardCode, c.forward}, {"backward", p.BackwardCode, c.backward},
				{"accumulate", p.AccumulateCode, reps("matmul reduce/add", 3)}, {"finish", p.FinishCode, ""},
			} {
				if got := mnemonics(s.code); got != s.want {
					t.Errorf("%s code is %q, want %q", s.name, got, s.want)
				}
			}
		})
	}
}

// A weight that is used twice accumulates into one place.
func TestSharedWeightNeedsNoFinish(t *testing.T) {
	p, err := LowerField(cases()["used twice"].field())
	if err != nil {
		t.Fatal(err)
	}
	if mnemonics(p.AccumulateCode) != "matmul matmul" || len(p.FinishCode) != 0 {
		t.Errorf("accumulate %q, finish %q", mnemonics(p.AccumulateCode), mnemonics(p.FinishCode))
	}
}

func TestMLPInitStaysInBounds(t *testing.T) {
	m := MLP{Sizes: []int{2, 16, 2}, Time: true}
	theta := m.Init(newRand(1))
	f, err := m.Field()
	if err != nil {
		t.Fatal(err)
	}
	if p, err := LowerField(f); err != nil || p.ThetaLen() != len(theta) {
		t.Fatalf("θ has %d numbers, the plan wants %d; %v", len(theta), p.ThetaLen(), err)
	}
	at := 0
	for i, q := range m.Params() {
		bound := 1 / math.Sqrt([]float64{3, 16}[i/2])
		sum := 0.0
		for _, x := range theta[at : at+q.Len()] {
			sum += x * x
			if math.Abs(x) > bound {
				t.Errorf("%s holds %g, beyond %g", q.Name, x, bound)
			}
		}
		if rms := math.Sqrt(sum / float64(q.Len())); q.Len() > 8 && (rms < 0.4*bound || rms > 0.8*bound) {
			t.Errorf("%s has root mean square %g, want about %g", q.Name, rms, bound/math.Sqrt(3))
		}
		at += q.Len()
	}
}
