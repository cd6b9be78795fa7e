package graph

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
)

// Grad returns ∂(Σ y)/∂x, the gradient of the sum of y's elements, as a node of x's shape in their graph. It is what a
// field, a read-out or a loss takes a derivative with, such as that of a Hamiltonian or of a flow's divergence; see the
// examples.
//
// y has any shape. One number per sample, [batch] or [batch, 1], gives each sample's own gradient, since samples do
// not mix; so does the sum of it. For one row of the Jacobian of y [batch, m], take a column of y. x is any node that y
// is made of: an argument, a parameter or a result on the way. A derivative for a parameter is a sum over samples where
// y has a batch axis, which lowering refuses as it refuses any other.
//
// The result is made of the same plain operations as an expression, so that Grad may be applied to it again and
// lowering differentiates it right. gorgonia.Grad leaves its derivatives on the nodes, and every later differentiation
// of the graph, lowering's too, reuses them without a word; lowering therefore refuses a graph on which it was called.
//
// Both nodes are float64 nodes of one graph. It is an error when y is not made of x, and when an operation between them
// has no derivative that is known to be right. Where y depends on x by comparisons and signs alone the result is zero.
func Grad(y, x *gorgonia.Node) (*gorgonia.Node, error) {
	if err := checkGrad(y, x); err != nil {
		return nil, err
	}
	s := newSweep(x)
	if err := s.visit(y); err != nil {
		return nil, err
	}
	if !s.made[y] {
		return nil, fmt.Errorf("graph: Grad: node %q is not made of node %q; take the derivative for the node that it was "+
			"computed from", nodeName(y), nodeName(x))
	}
	return s.run(y)
}

func checkGrad(y, x *gorgonia.Node) error {
	switch {
	case y == nil || x == nil:
		return errors.New("graph: Grad of a node that is nil")
	case opType(y.Op()) == "constantScalar" || opType(x.Op()) == "constantScalar":
		return errors.New("graph: Grad of or for a constant, which does not change; make it a graph.Param")
	case y.Graph() != x.Graph():
		return fmt.Errorf("graph: Grad: nodes %q and %q belong to two graphs", nodeName(y), nodeName(x))
	}
	for _, n := range []*gorgonia.Node{y, x} {
		if n.Dtype() != gorgonia.Float64 {
			return fmt.Errorf("graph: Grad: node %q is %v, want float64", nodeName(n), n.Dtype())
		}
	}
	return nil
}

// sweep is one reverse accumulation from y to x. Unlike gorgonia.Backpropagate it leaves no mark on the nodes.
type sweep struct {
	x     *gorgonia.Node
	order []*gorgonia.Node // nodes made of x, operands first
	// For each node visited: whether it is made of x, and whether a small change of x changes it.
	made, affected map[*gorgonia.Node]bool
	grads          map[*gorgonia.Node]*gorgonia.Node
}

func newSweep(x *gorgonia.Node) *sweep {
	return &sweep{x: x, made: map[*gorgonia.Node]bool{}, affected: map[*gorgonia.Node]bool{},
		grads: map[*gorgonia.Node]*gorgonia.Node{}}
}

// visit finds what lies between n and x.
func (s *sweep) visit(n *gorgonia.Node) error {
	if _, seen := s.made[n]; seen {
		return nil
	}
	kids := children(n.Graph(), n)
	if n == s.x {
		kids = nil
	}
	made, affected := n == s.x, n == s.x
	wrt := differentiableOperands(n, len(kids))
	for i, kid := range kids {
		if err := s.visit(kid); err != nil {
			return err
		}
		made = made || s.made[kid]
		affected = affected || wrt[i] && s.affected[kid]
	}
	s.made[n], s.affected[n] = made, affected
	if !made {
		return nil
	}
	s.order = append(s.order, n)
	if n == s.x {
		return nil
	}
	return checkDerivative(n)
}

// differentiableOperands says by which operands the operation of n has a derivative that is not zero.
func differentiableOperands(n *gorgonia.Node, operands int) []bool {
	if op, ok := n.Op().(gorgonia.SDOp); ok && operands > 0 {
		return op.DiffWRT(operands)
	}
	return make([]bool, operands)
}

// run goes from y back to x.
func (s *sweep) run(y *gorgonia.Node) (*gorgonia.Node, error) {
	one, err := fill(y, 1)
	if err != nil {
		return nil, err
	}
	s.grads[y] = one
	for _, n := range slices.Backward(s.order) {
		if g := s.grads[n]; g != nil && n != s.x && s.affected[n] {
			if err := s.push(n, g); err != nil {
				return nil, fmt.Errorf("graph: Grad: differentiating node %q: %w", nodeName(n), err)
			}
		}
	}
	if g := s.grads[s.x]; g != nil {
		return g, nil
	}
	return fill(s.x, 0)
}

// push adds the part of n to the gradients of its operands.
func (s *sweep) push(n, g *gorgonia.Node) error {
	kids := children(n.Graph(), n)
	parts, err := pullback(n, kids, g)
	if err != nil {
		return err
	}
	wrt := differentiableOperands(n, len(kids))
	for i, kid := range kids {
		if !wrt[i] || !s.affected[kid] {
			continue
		}
		part, err := fit(parts[i], kid)
		if err != nil {
			return err
		}
		if sum := s.grads[kid]; sum != nil {
			if part, err = gorgonia.Add(sum, part); err != nil {
				return err
			}
		}
		s.grads[kid] = part
	}
	return nil
}

// fit gives g the shape of the node of which it is the gradient: Gorgonia lets a vector stand for a column.
func fit(g, of *gorgonia.Node) (*gorgonia.Node, error) {
	if g == nil {
		return nil, fmt.Errorf("the operation gives none for node %q", nodeName(of))
	}
	from, to := g.Shape(), of.Shape()
	if slices.Equal(from, to) {
		return g, nil
	}
	if !from.Eq(to) {
		return nil, fmt.Errorf("the derivative for node %q has shape %v, want %v", nodeName(of), from, to)
	}
	return gorgonia.Reshape(g, to)
}
