package kernels

import (
	"fmt"
	"strings"

	"neuralode/plan"
)

// printTables prints the constants of more than one number.
func (w *weights) printTables(b *strings.Builder) {
	for i, v := range w.plan.Values {
		if v.Const == nil || isNumber(v) {
			continue
		}
		parts := make([]string, len(v.Const))
		for j, x := range v.Const {
			parts[j] = number(x)
		}
		fmt.Fprintf(b, "\n__constant__ real %s[] = {%s};\n", constantName(w.plan, plan.ID(i)), strings.Join(parts, ", "))
	}
}

// constantName tells the constants of the field from those of the head.
func constantName(p *plan.Plan, id plan.ID) string {
	kind := "HEAD"
	if p.Output("f") != plan.None {
		kind = "FIELD"
	}
	return fmt.Sprintf("%s_CONSTANT_%d", kind, id)
}
