package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// slicesAll reports whether a slice, or the gradient of one, takes all of an axis of its operand by bounds that say so,
// and which axis. Such bounds may be the batch size, z[0:n, i], and differ from graph to graph.
func slicesAll(n, operand *gorgonia.Node) (axis int, all bool) {
	op, ok := n.Op().(interface{ IsSlice() tensor.Slice })
	if !ok {
		return 0, false
	}
	axis = int(opField(n.Op(), "along").Int())
	s := op.IsSlice()
	// One element has no axis to lie along.
	all = s != nil && s.Start() == 0 && s.End() == operand.Shape()[axis] && s.Step() <= 1 && s.End() > 1
	return axis, all
}

// key tells operations apart that must be equal at both batch sizes.
func key(n *gorgonia.Node, operands []*gorgonia.Node) string {
	if len(operands) > 0 {
		if axis, all := slicesAll(n, operands[0]); all {
			return fmt.Sprintf("%s of all along %d", opType(n.Op()), axis)
		}
	}
	return opKey(n.Op())
}
