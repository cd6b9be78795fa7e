package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// cotangentName is the name of the input node that carries the cotangent.
const cotangentName = "cotangent"

// trace is a graph built for one batch size, with its VJP.
type trace struct {
	graph  *gorgonia.ExprGraph
	batch  int
	inputs []named
	params []named
	wrt    []string // inputs to differentiate

	outputs   []named
	cotangent named // of the differentiated output; no node where nothing depends on it
	// Gradients of the inputs in wrt and of the parameters, in order; no node where zero.
	inputGrads, paramGrads []named
}

type named struct {
	name string
	node *gorgonia.Node
}

func newTrace(batch int, params []Param) *trace {
	tr := &trace{graph: gorgonia.NewGraph(), batch: batch}
	for _, p := range params {
		tr.params = append(tr.params, named{p.Name, p.node(tr.graph)})
	}
	return tr
}

// input adds a row input of the given width.
func (tr *trace) input(name string, width int) *gorgonia.Node {
	n := argument(tr.graph, name, tr.batch, width)
	tr.inputs = append(tr.inputs, named{name, n})
	return n
}

func (tr *trace) theta() []*gorgonia.Node { return nodes(tr.params) }

// arguments lists the nodes that a function is given.
func (tr *trace) arguments() []*gorgonia.Node { return append(nodes(tr.inputs), tr.theta()...) }

func nodes(list []named) []*gorgonia.Node {
	out := make([]*gorgonia.Node, len(list))
	for i, n := range list {
		out[i] = n.node
	}
	return out
}

// output declares a result of the given width; width 0 takes any.
func (tr *trace) output(name string, n *gorgonia.Node, width int) error {
	if n == nil {
		return fmt.Errorf("graph: output %q is nil", name)
	}
	if n.Graph() != tr.graph {
		return fmt.Errorf("graph: output %q is a node of another graph; build it from the arguments", name)
	}
	s := n.Shape()
	ok := len(s) == 2 && s[0] == tr.batch && (width == 0 || s[1] == width)
	if width == 1 && len(s) == 1 {
		ok = s[0] == tr.batch
	}
	if !ok {
		return fmt.Errorf("graph: output %q is node %q of shape %v with batch size %d, want [batch, %s]",
			name, n.Name(), s, tr.batch, widthName(width))
	}
	tr.outputs = append(tr.outputs, named{name, n})
	return nil
}

func widthName(width int) string {
	if width == 0 {
		return "width"
	}
	return fmt.Sprint(width)
}
