package solver_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"neuralode/solver"
)

// leafSum is the sum of one leaf of 7, of one number.
func leafSum(leaf int, x float64) *solver.PartialSum {
	return &solver.PartialSum{Samples: 7 * 32, Leaves: 7, Precision: solver.Float64, Subtrees: []solver.Subtree{
		{From: leaf, To: leaf + 1, Loss: x, NFE: 1, NFEMax: leaf, Accepted: 2, Rejected: 3, Sums: []float64{x}}}}
}

// TestJoin adds leaves in any order along one tree, ((01)(23))((45)6), with terms that note it: a one alone next to 2⁵³
// is lost, two together are not.
func TestJoin(t *testing.T) {
	const large = 1 << 53
	for _, x := range []struct {
		leaves []float64
		want   float64
	}{
		{[]float64{large, 1, 1, 0, 0, 0, 0}, large},
		{[]float64{large, 0, 1, 1, 0, 0, 0}, large + 2},
		{[]float64{large, 0, 0, 0, 1, 0, 1}, large + 2},
		{[]float64{large, 0, 0, 1, 0, 0, 1}, large},
	} {
		for seed := range uint64(20) {
			order := rand.New(rand.NewPCG(seed, 1)).Perm(7)
			total := leafSum(order[0], x.leaves[order[0]])
			for _, leaf := range order[1:] {
				if err := total.Join(leafSum(leaf, x.leaves[leaf])); err != nil {
					t.Fatal(err)
				}
			}
			want := []solver.Subtree{{From: 0, To: 7, Loss: x.want, NFE: 7, NFEMax: 6, Accepted: 14, Rejected: 21,
				Sums: []float64{x.want}}}
			if !reflect.DeepEqual(total.Subtrees, want) {
				t.Errorf("%v in the order %v: %+v, want %+v", x.leaves, order, total.Subtrees, want)
			}
		}
	}
}

// TestJoinRounds adds sums of float32 as float32.
func TestJoinRounds(t *testing.T) {
	a, b := leafSum(0, 1<<24), leafSum(1, 1)
	a.Precision, b.Precision = solver.Float32, solver.Float32
	if err := a.Join(b); err != nil || a.Subtrees[0].Sums[0] != 1<<24 || a.Subtrees[0].Loss != 1<<24+1 {
		t.Errorf("%+v, %v: want 2²⁴ of float32 and the loss in float64", a.Subtrees, err)
	}
}

// TestJoinRefuses leaves a sum alone where another does not belong to it.
func TestJoinRefuses(t *testing.T) {
	for what, spoil := range map[string]func(*solver.PartialSum){
		"another step":      func(p *solver.PartialSum) { p.Step = 1 },
		"another precision": func(p *solver.PartialSum) { p.Precision = solver.Float32 },
		"another minibatch": func(p *solver.PartialSum) { p.Samples++ },
		"the same leaf":     func(p *solver.PartialSum) { p.Subtrees[0].From, p.Subtrees[0].To = 0, 2 },
		"no subtree":        func(p *solver.PartialSum) { p.Subtrees[0].From, p.Subtrees[0].To = 3, 5 },
		"too far":           func(p *solver.PartialSum) { p.Subtrees[0].To = 8 },
		"other sums":        func(p *solver.PartialSum) { p.Subtrees[0].Sums = make([]float64, 2) },
	} {
		p, q := leafSum(0, 1), leafSum(1, 2)
		spoil(q)
		if err := p.Join(q); err == nil || !reflect.DeepEqual(p, leafSum(0, 1)) {
			t.Errorf("%s: %v, and %+v", what, err, p)
		}
	}
}

func sentSum() *solver.PartialSum {
	p := leafSum(2, 0.1)
	p.Step, p.Precision = 17, solver.Float64
	p.Subtrees = append(p.Subtrees, leafSum(4, -3).Subtrees...)
	p.Failures = []solver.Failure{{Place: 65, Sample: 3, Backward: true,
		End: solver.End{Status: solver.MaxSteps, T: 0.5, H: -1e-3}}}
	return p
}

// TestPartialSumBytes comes back from bytes as it was, and from no part of them.
func TestPartialSumBytes(t *testing.T) {
	for _, precision := range []solver.Precision{solver.Float64, solver.Float32} {
		want := sentSum()
		if want.Precision = precision; precision == solver.Float32 {
			want.Subtrees[0].Sums[0] = 0.125
		}
		data, err := want.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var got solver.PartialSum
		if err := got.UnmarshalBinary(data); err != nil || !reflect.DeepEqual(&got, want) {
			t.Errorf("%+v, %v: want %+v", got, err, want)
		}
		for n := range data {
			if err := got.UnmarshalBinary(data[:n]); err == nil {
				t.Errorf("%d of %d bytes are no error", n, len(data))
			}
		}
		if got.UnmarshalBinary(append(data, 0)) == nil {
			t.Error("a byte too many is no error")
		}
	}
}

// FuzzPartialSum reads any bytes: what is read can be written and read again.
func FuzzPartialSum(f *testing.F) {
	data, err := sentSum().MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("SUM1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var p, q solver.PartialSum
		if p.UnmarshalBinary(data) != nil {
			return
		}
		first, err := p.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := q.UnmarshalBinary(first); err != nil {
			t.Fatal(err)
		}
		if again, err := q.MarshalBinary(); err != nil || !slices.Equal(again, first) {
			t.Errorf("%v: other bytes", err)
		}
	})
}
