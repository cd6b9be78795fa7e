package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// differentiate adds the vector-Jacobian product of the named output to the graph: its cotangent and the gradients of
// the inputs in wrt and of the parameters. Each graph is differentiated once: a second Backpropagate would reuse the
// derivatives that the first left on the nodes.
func (tr *trace) differentiate(output string) error {
	var out *gorgonia.Node
	for _, o := range tr.outputs {
		if o.name == output {
			out = o.node
		}
	}
	affects, err := differentiable(tr.graph, out)
	if err != nil {
		return err
	}
	wants := tr.differentiated()
	var wrt gorgonia.Nodes
	for _, w := range wants {
		if affects[w.node] {
			wrt = append(wrt, w.node)
		}
	}
	grads := map[*gorgonia.Node]*gorgonia.Node{}
	if len(wrt) > 0 {
		tr.cotangent = named{output, argument(tr.graph, cotangentName, out.Shape()...)}
		list, err := gorgonia.Backpropagate(gorgonia.Nodes{out}, gorgonia.Nodes{tr.cotangent.node}, wrt)
		if err != nil {
			return fmt.Errorf("graph: differentiating output %q: %w", output, err)
		}
		for i, n := range wrt {
			grads[n] = list[i]
		}
	}
	for i, w := range wants {
		g := named{w.name, grads[w.node]}
		if i < len(tr.wrt) {
			tr.inputGrads = append(tr.inputGrads, g)
		} else {
			tr.paramGrads = append(tr.paramGrads, g)
		}
	}
	return nil
}

// differentiated lists the inputs in wrt, then all parameters.
func (tr *trace) differentiated() []named {
	var list []named
	for _, name := range tr.wrt {
		for _, in := range tr.inputs {
			if in.name == name {
				list = append(list, in)
			}
		}
	}
	return append(list, tr.params...)
}

// differentiable returns the nodes that reach out through differentiable operands. Gorgonia refuses to differentiate
// with respect to any other instead of giving zero.
func differentiable(g *gorgonia.ExprGraph, out *gorgonia.Node) (map[*gorgonia.Node]bool, error) {
	reached := map[*gorgonia.Node]bool{out: true}
	for stack := []*gorgonia.Node{out}; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		kids := children(g, n)
		if len(kids) == 0 {
			continue
		}
		op, ok := n.Op().(gorgonia.SDOp)
		if !ok || remedy(operationKey(n.Op())) != "" {
			return nil, unsupported(n)
		}
		for i, wrt := range op.DiffWRT(len(kids)) {
			if wrt && !reached[kids[i]] {
				reached[kids[i]] = true
				stack = append(stack, kids[i])
			}
		}
	}
	return reached, nil
}

// children lists the operands of n in order.
func children(g *gorgonia.ExprGraph, n *gorgonia.Node) []*gorgonia.Node {
	it := g.From(n.ID())
	if it == nil {
		return nil
	}
	var kids []*gorgonia.Node
	for it.Next() {
		kids = append(kids, it.Node().(*gorgonia.Node))
	}
	return kids
}
