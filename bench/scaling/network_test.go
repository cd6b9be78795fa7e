package main

import (
	"math"
	"testing"
)

// TestIteration compares simulated iterations with what LogGP gives in closed form.
func TestIteration(t *testing.T) {
	n := network{"", 10, 2, 0.5}
	c := rankCost{leaf: 100, join: 7, pack: 3, update: 11, sums: 10}
	// A sum of two leaves of 32 samples has 8 + 1 + 60 + 56 + 40 bytes with its frame, and the total 1 + 60 + 56 + 40.
	const message, total = 165, 157
	half := 100 + 3 + 2 + 10 + 164*0.5 + 2 + 7.0
	told := 3 + (14 + 8*0.5) + (14 + total*0.5) + 7.0
	for _, k := range []struct {
		samples, size int
		want          float64
	}{
		{64, 1, 200 + 11},
		{64, 2, half + told + 11},
		// of five ranks three have nothing to do
		{64, 5, half + 3 + 3*(14+8*0.5) + math.Min(3*(14+total*0.5), 7*14+2*0.8*total*0.5) + 7 + 11},
		{128, 4, half + (3 + 2 + 10 + 164*0.5 + 2 + 7) + 3 + 2*(14+8*0.5) + 2*(14+total*0.5) + 7 + 11},
	} {
		if got := n.iteration(c, k.samples, k.size); math.Abs(got-k.want) > 1e-9 {
			t.Errorf("%d samples in %d ranks take %v, want %v", k.samples, k.size, got, k.want)
		}
	}
}

// TestScaling has no rank do more than it could, and says where it stops to pay.
func TestScaling(t *testing.T) {
	c := rankCost{leaf: 1e-3, join: 1e-5, pack: 1e-5, update: 1e-5, sums: 4482, samples: 32}
	strong, weak := networks[0].strong(c, 1<<15), networks[1].weak(c, 256)
	for _, all := range [][]point{strong, weak} {
		for i, p := range all {
			if p.Efficiency > 1+1e-9 || i > 0 && p.Efficiency > all[i-1].Efficiency+1e-9 || p.Ranks != 1<<i {
				t.Errorf("%+v", p)
			}
		}
	}
	if strong[len(strong)-1].Ranks != most || pays(strong) >= 4096 || pays(strong) < 64 {
		t.Errorf("strong scaling pays up to %d ranks", pays(strong))
	}
}
