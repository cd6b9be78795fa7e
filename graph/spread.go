package graph

import (
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// spread returns a row per sample of a result that has no batch axis: shape [1, dim], [dim], or, for dim 1, a number. Any
// other it returns as it is, for output to judge.
func (tr *trace) spread(out, t *gorgonia.Node, dim int) (*gorgonia.Node, error) {
	if out == nil || out.Graph() != tr.graph || !sameForAll(out.Shape(), dim) {
		return out, nil
	}
	var e expr
	zeros := e.scale(0, t) // [batch, 1], and finite where z may not be
	if out.Shape().IsScalar() {
		return e.do2(gorgonia.Add, zeros, out), e.err
	}
	row := e.do1(func(a *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Reshape(a, tensor.Shape{1, dim}) }, out)
	return e.do2(func(a, b *gorgonia.Node) (*gorgonia.Node, error) {
		return gorgonia.BroadcastAdd(a, b, columnsOf(dim), []byte{0})
	}, zeros, row), e.err
}

// columnsOf are the axes along which a column is broadcast to dim columns.
func columnsOf(dim int) []byte {
	if dim == 1 {
		return nil
	}
	return []byte{1}
}

func sameForAll(s tensor.Shape, dim int) bool {
	return slices.Equal(s, tensor.Shape{1, dim}) || slices.Equal(s, tensor.Shape{dim}) || dim == 1 && s.IsScalar()
}
