package kernels

import (
	"fmt"
	"strings"
	"testing"

	"neuralode/solver"
)

// TestEnumsAreComplete finds a name in C for every value of the types that kernels share with package solver.
func TestEnumsAreComplete(t *testing.T) {
	for name, of := range map[string]func(i int) fmt.Stringer{
		"Status":   func(i int) fmt.Stringer { return solver.Status(i) },
		"Gradient": func(i int) fmt.Stringer { return solver.Gradient(i) },
		"Rule":     func(i int) fmt.Stringer { return solver.Rule(i) },
	} {
		named := map[int]bool{}
		for _, e := range enums() {
			for _, v := range e.values {
				if e.name == name {
					named[v.value] = true
				}
			}
		}
		for i := 0; !strings.HasPrefix(of(i).String(), "unknown"); i++ {
			if !named[i] {
				t.Errorf("%s %v has no name in C", name, of(i))
			}
		}
	}
}
