package kernels

import (
	"fmt"
	"math"
	"strings"

	"neuralode/plan"
)

// checkTables reports a constant of more than one number that a GPU's compiler cannot lay down.
func checkTables(p *plan.Plan) error {
	for _, v := range p.Values {
		for _, x := range v.Const {
			if !isNumber(v) && (math.IsNaN(x) || math.IsInf(x, 0)) {
				return fmt.Errorf("kernels: constant %v holds %v: want finite numbers, or make it of finite ones in the field", v, x)
			}
		}
	}
	return nil
}

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
