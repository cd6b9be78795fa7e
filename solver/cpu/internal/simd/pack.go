package simd

// panels says how weights are packed: in panels of width columns, each [k, width], the last as wide as the columns left,
// rounded up to a multiple of round and filled with zeros.
type panels struct{ width, round int }

func (p panels) length(k, m int) int {
	full := m / p.width * p.width
	return k * (full + p.rounded(m-full))
}

func (p panels) rounded(columns int) int { return (columns + p.round - 1) / p.round * p.round }

// columns are the ones of the panel that begins at column c, and the panel's stride.
func (p panels) columns(m, c int) (n, stride int) {
	n = min(p.width, m-c)
	return n, p.rounded(n)
}

func packPanels[T Float](p panels, dst, w []T, k, m int, trans bool) {
	for c := 0; c < m; c += p.width {
		n, stride := p.columns(m, c)
		panel := dst[c*k : c*k+k*stride]
		if stride != n {
			clear(panel)
		}
		if trans {
			transpose(panel, stride, w[c*k:(c+n)*k], k)
			continue
		}
		for i := range k {
			copy(panel[i*stride:i*stride+n], w[i*m+c:])
		}
	}
}

// transpose writes the rows of w, each k long, as columns of dst, whose rows are stride apart: four at a time, so that
// each line of dst is touched less often.
func transpose[T Float](dst []T, stride int, w []T, k int) {
	j := 0
	for ; len(w) >= 4*k; j, w = j+4, w[4*k:] {
		a, b, c, d := w[:k], w[k:2*k], w[2*k:3*k], w[3*k:4*k]
		for i, v := range a {
			to := dst[i*stride+j : i*stride+j+4 : i*stride+j+4]
			to[0], to[1], to[2], to[3] = v, b[i], c[i], d[i]
		}
	}
	for ; len(w) > 0; j, w = j+1, w[k:] {
		for i, v := range w[:k] {
			dst[i*stride+j] = v
		}
	}
}

// packColumns writes the columns one after the other, stride elements apart, and zeros between them.
func packColumns[T Float](stride int, dst, w []T, k, m int, trans bool) {
	for c := range m {
		column := dst[c*stride : (c+1)*stride]
		clear(column[k:])
		if trans {
			copy(column, w[c*k:(c+1)*k])
			continue
		}
		for i := range k {
			column[i] = w[i*m+c]
		}
	}
}
