package kernels

import (
	"strings"

	"neuralode/solver"
)

// ControlSource is the part of the kernels for a spec that controls rows.
func ControlSource(m solver.Model, spec solver.Spec) string {
	var b strings.Builder
	printConstants(&b, m, spec, 0, 0)
	b.WriteString("\n" + functionsSource + "\n" + controllerSource + "\n" + controlSource)
	return b.String()
}
