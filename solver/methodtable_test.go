package solver_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"neuralode/solver"
)

// TestMethodTable holds the table of docs/methods.md to the methods.
func TestMethodTable(t *testing.T) {
	text, err := os.ReadFile("../docs/methods.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range solver.Methods() {
		if want := tableRow(m); !strings.Contains(string(text), want) {
			t.Errorf("docs/methods.md lacks %s", want)
		}
	}
}

// tableRow is the beginning of a method's line.
func tableRow(m solver.Method) string {
	orders, estimate := m.Orders(), "none"
	if orders.Estimate > 0 {
		estimate = fmt.Sprint(orders.Estimate)
	}
	cost, source := "", ""
	switch m := m.(type) {
	case *solver.Tableau:
		cost, source = fmt.Sprint(m.Stages()-1), m.Source
	case *solver.Rosenbrock:
		n := m.Stages()
		if m.EndsInStage() {
			n--
		}
		cost, source = fmt.Sprintf("%d and a Jacobian", n), m.Source
	case *solver.Auto:
		return fmt.Sprintf("\n| `%s` | of both | of both | Petzold 1983; `%s` and `%s` | ", m, m.Explicit, m.Stiff)
	}
	return fmt.Sprintf("\n| `%s` | %d, %s, %d | %s | %s | ", m, orders.Result, estimate, orders.Dense, cost, source)
}
