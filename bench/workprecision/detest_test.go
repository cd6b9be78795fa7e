package main

import (
	"testing"

	"neuralode/solver"
)

// marks are the tolerances at which a method of at least that order solves, and the error that its ends may have:
// those of diffrax's tests of these problems, over all of them.
var marks = []struct {
	order       int
	rtol, bound float64
}{{7, 1e-10, 1e-7}, {4, 1e-8, 4e-5}, {2, 1e-6, 1e-3}}

// TestDetest takes every explicit method with an error estimate through all problems.
func TestDetest(t *testing.T) {
	problems := append(detest(), classical()...)
	if n := len(detest()); n != 25 {
		t.Fatalf("%d problems of DETEST, want 25", n)
	}
	for _, m := range explicitMethods() {
		for _, mark := range marks {
			if m.Orders().Result < mark.order {
				continue
			}
			for _, p := range problems {
				costs, err := p.solve(detestSpec(m, mark.rtol))
				if err != nil || !(off(p, costs) <= mark.bound) {
					t.Errorf("%v, %s: %+v, want an error of at most %.1g; %v", m, p.name, costs, mark.bound, err)
				}
			}
			break
		}
	}
}

// TestArenstorf closes the orbit, along which errors grow by a million.
func TestArenstorf(t *testing.T) {
	for _, m := range explicitMethods() {
		if m.Orders().Result < 4 {
			continue
		}
		costs, err := arenstorf().solve(detestSpec(m, 1e-12))
		if err != nil || !(costs[0].error <= 1e-5) {
			t.Errorf("%v: %+v, %v", m, costs, err)
		}
	}
}

// TestFixedSteps takes the methods without an error estimate through what is smooth.
func TestFixedSteps(t *testing.T) {
	for _, m := range solver.Methods() {
		tab, ok := m.(*solver.Tableau)
		if !ok || tab.Orders().Estimate > 0 {
			continue
		}
		spec := detestSpec(m, 1e-6)
		spec.Controller.Step = 1e-3
		bound := map[int]float64{1: 0.2, 2: 1e-4, 4: 1e-8}[m.Orders().Result]
		for _, p := range detest()[:10] {
			costs, err := p.solve(spec)
			if err != nil || !(off(p, costs) <= bound) {
				t.Errorf("%v, %s: %+v, want an error of at most %.1g; %v", m, p.name, costs, bound, err)
			}
		}
	}
}
