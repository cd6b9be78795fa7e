package graph

import (
	"fmt"
	"strings"

	"gorgonia.org/gorgonia"
)

// unsupported is the error for a node of which the operation cannot be lowered.
func unsupported(n *gorgonia.Node) error {
	op := n.Op()
	if op == nil {
		return nodeError(n, "an input that is neither an argument nor a parameter is not supported; %s",
			remedyFor("NewMatrix"))
	}
	if r := remedy(operationKey(op)); r != "" {
		return nodeError(n, "operation %v is not supported; %s", op, r)
	}
	return nodeError(n, "operation %T %v is not supported; supported: %s", op, op, supportedList())
}

// operationKey is the name by which the list of refused operations knows one.
func operationKey(op gorgonia.Op) string {
	if t := opType(op); t != "elemUnaryOp" {
		return t
	}
	return op.String()
}

// supportedList is what an error shows.
func supportedList() string {
	var names []string
	for _, group := range supported() {
		names = append(names, strings.Fields(group.builders)...)
	}
	return strings.Join(names, ", ")
}

// nodeError is an error about a node.
func nodeError(n *gorgonia.Node, format string, args ...any) error {
	return fmt.Errorf("graph: node %q of shape %v: "+format, append([]any{nodeName(n), n.Shape()}, args...)...)
}

// nodeName is what a node is called: Gorgonia prints %!s(<nil>) for an input without a name.
func nodeName(n *gorgonia.Node) string {
	if name := n.Name(); n.Op() != nil || !strings.HasPrefix(name, "%!") {
		return name
	}
	return "without a name"
}
