package solver_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestMethodTable holds the table of docs/controllers.md to the methods.
func TestMethodTable(t *testing.T) {
	text, err := os.ReadFile("../docs/controllers.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range tableaus(t) {
		estimate := "none"
		if m.ErrorOrder > 0 {
			estimate = fmt.Sprint(m.ErrorOrder)
		}
		want := fmt.Sprintf("\n| `%s` | %d, %s, %d | %d | %s |\n", m.Name, m.Order, estimate, m.DenseOrder,
			m.Stages()-1, m.Source)
		if !strings.Contains(string(text), want) {
			t.Errorf("docs/controllers.md lacks %s", want)
		}
	}
}
