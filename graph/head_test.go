package graph

import (
	"fmt"
	"math"
	"testing"

	"neuralode/plan"
)

func TestHeadMatchesTapeMachineAndDifferences(t *testing.T) {
	readouts := map[string]Readout{"component": Component(2), "components": Components(), "linear": Linear(4),
		"linear to one": Linear(1), "mlp": Perceptron([]int{5, 6}, Tanh, 4)}
	losses := map[string]Loss{"binary cross-entropy": BinaryCrossEntropy(), "cross-entropy": CrossEntropy(),
		"squared": MeanSquaredError(), "huber": Huber(0.5)}
	readouts["first components"] = FirstComponents(2)
	outputs := map[string]int{"component": 1, "components": 3, "linear": 4, "mlp": 4, "linear to one": 1,
		"first components": 2}
	for rname, r := range readouts {
		n := outputs[rname]
		losses["weighted"], losses["gaussian"] = WeightedSquaredError(n), GaussianNLL(n)
		losses["weighted gaussian"], losses["weighted huber"] = GaussianNLL(n).Weighted(n), Huber(2).Weighted(n)
		for lname, loss := range losses {
			t.Run(fmt.Sprintf("%s, %s", rname, lname), func(t *testing.T) {
				h := Head{Dim: 3, Readout: r, Loss: loss, Continuity: lname == "weighted gaussian" || lname == "squared"}
				raw, err := lowerHead(h)
				if err != nil {
					t.Fatal(err)
				}
				q := ask(newRand(3), raw, 6)
				want := tape(t, func(batch int) (*trace, error) { return h.trace(batch, h.Params()) }, q)
				agree(t, "unfused", interpret(t, raw, q), want, 1e-12)
				agree(t, "fused", interpret(t, plan.Fuse(raw), q), want, 1e-12)
				agree(t, "differences", interpret(t, raw, q), differences(raw, "loss", q), 1e-7)
			})
		}
	}
}

// The closed forms in the comments hold for logits so large that exp overflows, in float32 as well.
func TestLossesAreStable(t *testing.T) {
	for _, c := range []struct {
		name     string
		loss     Loss
		z, label []float64
		want     float64
		wantGrad []float64
		tol      float64
	}{
		{"binary, right", BinaryCrossEntropy(), []float64{1e4}, []float64{1}, 0, []float64{0}, 0},
		{"binary, wrong", BinaryCrossEntropy(), []float64{1e4}, []float64{0}, 1e4, []float64{1}, 1e-12},
		{"binary, wrong, negative", BinaryCrossEntropy(), []float64{-1e4}, []float64{1}, 1e4, []float64{-1}, 1e-12},
		{"binary, small tail", BinaryCrossEntropy(), []float64{-30}, []float64{0}, 9.357622968839299e-14, []float64{9.357622968839299e-14}, 1e-26},
		{"classes, right", CrossEntropy(), []float64{1e4, -1e4, 0}, []float64{1, 0, 0}, 0, []float64{0, 0, 0}, 0},
		{"classes, wrong", CrossEntropy(), []float64{1e4, -1e4, 0}, []float64{0, 1, 0}, 2e4, []float64{1, -1, 0}, 1e-12},
		{"squared", MeanSquaredError(), []float64{3, -1}, []float64{1, 0}, 2.5, []float64{2, -1}, 1e-15},
		{"huber, near and far", Huber(0.5), []float64{0.25, -1e4}, []float64{0, 0}, (0.03125 + 0.5*(1e4-0.25)) / 2, []float64{0.125, -0.25}, 1e-12},
		{"huber, none", Huber(2), []float64{1}, []float64{1}, 0, []float64{0}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := LowerHead(Head{Dim: len(c.z), Readout: Components(), Loss: c.loss})
			if err != nil {
				t.Fatal(err)
			}
			checkSingle(t, p, c.z, c.label)
			a := interpret(t, p, question{1, nil, map[string][]float64{"z": c.z, "label": c.label}, []float64{1}})
			if d := math.Abs(a.outputs["loss"][0] - c.want); !(d <= c.tol*max(1, c.want)) {
				t.Errorf("loss %g, want %g", a.outputs["loss"][0], c.want)
			}
			for i, w := range c.wantGrad {
				if d := math.Abs(a.inputGrads["z"][i] - w); !(d <= c.tol) {
					t.Errorf("gradient %g, want %v", a.inputGrads["z"], c.wantGrad)
				}
			}
		})
	}
}

// checkSingle runs a plan for one sample with every number rounded to float32, and wants finite values throughout.
func checkSingle(t *testing.T, p *plan.Plan, z, label []float64) {
	t.Helper()
	values := make([][]float64, len(p.Values))
	for i, v := range p.Values {
		values[i] = v.Const
	}
	values[p.Input("z")], values[p.Input("label")], values[p.Cotangents[0].Value] = z, label, []float64{1}
	for _, in := range append(append([]plan.Instr(nil), p.ForwardCode...), p.BackwardCode...) {
		values[in.Dst] = single(t, p, in, values)
		for _, x := range values[in.Dst] {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Fatalf("in float32, %v gives %v", in, values[in.Dst])
			}
		}
	}
}

func single(t *testing.T, p *plan.Plan, in plan.Instr, values [][]float64) []float64 {
	t.Helper()
	dst := make([]float64, p.Values[in.Dst].Cols)
	at := func(src, i int) float64 {
		x := values[in.Src[src]]
		return x[min(i, len(x)-1)]
	}
	for i := range dst {
		switch in.Op {
		case plan.Unary:
			dst[i] = in.Fn.Eval1(at(0, i))
		case plan.Binary:
			dst[i] = in.Fn.Eval2(at(0, i), at(1, i))
		case plan.Broadcast:
			dst[i] = at(0, i)
		case plan.Reduce:
			dst[i] = at(0, 0)
			for _, x := range values[in.Src[0]][1:] {
				dst[i] = float64(float32(in.Fn.Eval2(dst[i], x)))
			}
		default:
			t.Fatalf("%v in a loss", in)
		}
		dst[i] = float64(float32(dst[i]))
	}
	return dst
}

func TestHeadInit(t *testing.T) {
	h := Head{Dim: 4, Readout: Linear(3), Loss: MeanSquaredError()}
	p, err := LowerHead(h)
	if err != nil {
		t.Fatal(err)
	}
	theta := h.Init(newRand(1))
	if len(theta) != p.ThetaLen() || len(theta) != 15 {
		t.Fatalf("θ has %d numbers, the plan wants %d", len(theta), p.ThetaLen())
	}
	for _, x := range theta {
		if math.Abs(x) > 0.5 {
			t.Errorf("θ holds %g, beyond 1/√4", x)
		}
	}
	if n := len((Head{Dim: 4, Readout: Components()}).Init(newRand(1))); n != 0 {
		t.Errorf("a read-out without parameters has %d", n)
	}
}

// The density is written out: exp(−loss) is that of the normal distribution with the deviation exp(10·p).
func TestGaussianIsADensity(t *testing.T) {
	p, err := LowerHead(Head{Dim: 2, Readout: Components(), Loss: GaussianNLL(2).Weighted(2)})
	if err != nil {
		t.Fatal(err)
	}
	mu, y, sigma := []float64{1, -2}, []float64{1.5, -1}, []float64{0.5, 3}
	q := question{1, []float64{math.Log(sigma[0]) / 10, math.Log(sigma[1]) / 10},
		map[string][]float64{"z": mu, "label": append(y, 1, 1)}, []float64{1}}
	density := 1.0
	for i, s := range sigma {
		density *= math.Exp(-(y[i]-mu[i])*(y[i]-mu[i])/(2*s*s)) / (s * math.Sqrt(2*math.Pi))
	}
	if loss := interpret(t, p, q).outputs["loss"][0]; math.Abs(loss+math.Log(density)) > 1e-14 {
		t.Errorf("loss %v, want %v", loss, -math.Log(density))
	}
	h := Head{Dim: 3, Readout: Linear(2), Loss: GaussianNLL(2)}
	if theta := h.Init(newRand(1)); len(theta) != 10 || theta[7] == 0 || theta[8] != 0 || theta[9] != 0 {
		t.Errorf("the noises begin at %v", theta)
	}
}

func TestLossesThatCannotBe(t *testing.T) {
	for _, l := range []Loss{CrossEntropy().Weighted(2), Huber(0), Huber(math.Inf(1)), Huber(math.NaN()), {}} {
		if _, err := LowerHead(Head{Dim: 2, Readout: Components(), Loss: l}); err == nil {
			t.Errorf("%+v is lowered", l)
		}
	}
}
