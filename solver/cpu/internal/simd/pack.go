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
		for i := range k {
			row := panel[i*stride : i*stride+n]
			if trans {
				for j := range row {
					row[j] = w[(c+j)*k+i]
				}
			} else {
				copy(row, w[i*m+c:])
			}
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
