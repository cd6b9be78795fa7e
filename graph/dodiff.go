package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// DoDiff is the method of that name that Gorgonia's LispMachine asks an operation for: it adds to the gradients bound
// to the inputs what the gradient bound to the output gives them. The machine skips an operation that lacks it, and the
// inputs' gradients are then zero. It is made of the operation's symbolic derivative, in a graph of its own, which a
// TapeMachine runs. Inputs and output carry values and gradients, float32 or float64, and are not kept.
func DoDiff(op gorgonia.SDOp, inputs gorgonia.Nodes, output *gorgonia.Node) error {
	wrt := op.DiffWRT(len(inputs))
	if !slices.Contains(wrt, true) {
		return nil
	}
	g := gorgonia.NewGraph()
	operands := make(gorgonia.Nodes, len(inputs))
	for i, in := range inputs {
		operands[i] = copyOf(g, fmt.Sprint("input ", i), in, in.Value())
	}
	grad, err := output.Grad()
	if err != nil {
		return fmt.Errorf("graph: gradient of %v: %w", op, err)
	}
	parts, err := op.SymDiff(operands, copyOf(g, "output", output, output.Value()), copyOf(g, "gradient", output, grad))
	if err != nil {
		return fmt.Errorf("graph: gradient of %v: %w", op, err)
	}
	values := make([]gorgonia.Value, len(parts))
	for i, part := range parts {
		if wrt[i] {
			gorgonia.Read(part, &values[i])
		}
	}
	if err := runTape(g); err != nil {
		return fmt.Errorf("graph: gradient of %v: %w", op, err)
	}
	for i, in := range inputs {
		if wrt[i] {
			if err := addGrad(in, values[i]); err != nil {
				return fmt.Errorf("graph: gradient of %v for input %d: %w", op, i, err)
			}
		}
	}
	return nil
}

// copyOf is an input of g like n, that holds a copy of v.
func copyOf(g *gorgonia.ExprGraph, name string, n *gorgonia.Node, v gorgonia.Value) *gorgonia.Node {
	c, err := gorgonia.CloneValue(v)
	if err != nil {
		panic(err) // numbers and tensors of numbers have copies
	}
	return gorgonia.NewUniqueNode(gorgonia.In(g), gorgonia.WithName(name), gorgonia.WithType(n.Type()),
		gorgonia.WithShape(n.Shape()...), gorgonia.WithValue(c))
}

func runTape(g *gorgonia.ExprGraph) error {
	vm := gorgonia.NewTapeMachine(g)
	defer vm.Close()
	return vm.RunAll()
}

// addGrad adds v to the gradient that is bound to n, in place.
func addGrad(n *gorgonia.Node, v gorgonia.Value) error {
	grad, err := n.Grad()
	if err != nil {
		return err
	}
	switch g := grad.(type) {
	case *gorgonia.F64:
		*g += gorgonia.F64(v.Data().(float64))
	case *gorgonia.F32:
		*g += gorgonia.F32(v.Data().(float32))
	case *tensor.Dense:
		_, err = tensor.Add(g, v, tensor.UseUnsafe())
	default:
		err = fmt.Errorf("it is %T, want a float32 or float64 number or tensor", grad)
	}
	return err
}
