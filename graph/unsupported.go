package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// supported is the list that an error shows.
const supported = "matmul, + − × ÷ pow, comparisons, broadcasts (repeat), neg, exp, log, log1p, expm1, tanh, sigmoid, softplus, " +
	"rectify, leaky relu, sin, cos, square, cube, sqrt, inverse, abs, sign, sum, max and mean over features, slice, concat, " +
	"transpose, reshape, softmax, and this package's Slice, Concat, SoftMax, LogSoftMax, LogSumExp, Elu, Gelu, Constant"

// remedies say what to write instead of operations that one meets in practice.
var remedies = map[string]string{
	"log2":    "divide gorgonia.Log by the constant ln 2: Gorgonia's own gradient of Log2 is wrong",
	"invSqrt": "use gorgonia.Inverse of gorgonia.Sqrt: Gorgonia's own gradient of InverseSqrt is wrong",
}

// unsupported is the error for a node of which the operation cannot be lowered.
func unsupported(n *gorgonia.Node) error {
	what := fmt.Sprintf("operation %T %v", n.Op(), n.Op())
	if n.Op() == nil {
		what = "an input that is neither an argument nor a parameter"
	}
	remedy := ""
	if n.Op() != nil && remedies[n.Op().String()] != "" {
		remedy = "; " + remedies[n.Op().String()]
	}
	return nodeError(n, "%s is not supported%s; supported: %s", what, remedy, supported)
}

// nodeError is an error about a node.
func nodeError(n *gorgonia.Node, format string, args ...any) error {
	return fmt.Errorf("graph: node %q of shape %v: "+format, append([]any{n.Name(), n.Shape()}, args...)...)
}
