package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/gorgonia"
)

// misuse reports everything that a user's function did to the graph and that its plan would leave out, or get wrong,
// without a word.
func (tr *trace) misuse() error {
	var derived, bound, statements, constants []string
	foreign := func(n *gorgonia.Node) bool { return n.Op() == nil && !slices.Contains(tr.arguments(), n) }
	for _, n := range tr.graph.AllNodes() {
		name := fmt.Sprintf("%q", nodeName(n))
		switch opType(n.Op()) {
		case "constantTensor":
			continue // refused where it is used
		case "constantScalar": // it holds its value
			if n.Name() != fmt.Sprint(n.Value().Data()) {
				constants = append(constants, name)
			}
			continue
		case "letOp", "readOp":
			statements = append(statements, name)
			continue
		}
		if n.Deriv() != nil {
			derived = append(derived, name)
		}
		if n.Value() != nil && !foreign(n) { // one of the user's own is refused where it is used
			bound = append(bound, name)
		}
	}
	return errors.Join(
		misused(derived, "gorgonia.Grad or gorgonia.Backpropagate was called; "+remedyFor("Grad")),
		misused(bound, "a value was bound, which has no effect: arguments and parameters get their values with each call, "+
			"numbers in an expression are gorgonia.NewConstant and graph.Constant"),
		misused(constants, "a constant was given a name, and Gorgonia takes constants of equal name for one whatever their "+
			"values; leave gorgonia.WithName out"),
		misused(statements, "gorgonia.Set or gorgonia.Read was called, which has no effect; "+remedyFor("Set")))
}

func misused(nodes []string, what string) error {
	if len(nodes) == 0 {
		return nil
	}
	const few = 3
	more := ""
	if len(nodes) > few {
		more = fmt.Sprintf(" and %d more", len(nodes)-few)
		nodes = nodes[:few]
	}
	return fmt.Errorf("graph: inside the function, on %s%s: %s", strings.Join(nodes, ", "), more, what)
}
