package driver

import "math"

// Matrix is a matrix in the GPU's memory, stored by rows: element (i, j) is at Data + (i·Stride + j) elements.
type Matrix struct {
	Data   Pointer
	Stride int // elements from one row to the next
}

// gemm is a call of cublasSgemm or cublasDgemm, on matrices stored by columns.
type gemm struct {
	transA, transB bool
	m, n, k        int
	alpha, beta    float64
	a, b, c        Pointer
	lda, ldb, ldc  int
}

// Sgemm puts C = alpha·op(A)·op(B) + beta·C on the stream, in float32, where op transposes if trans is set. op(A) is m×k,
// op(B) k×n and C m×n. With beta 0, C is only written. The matrices must lie in memory of the device; only their strides
// are checked. C must not overlap A or B.
func (b *BLAS) Sgemm(transA, transB bool, m, n, k int, alpha float32, A, B Matrix, beta float32, C Matrix) error {
	g, err := byColumns("Sgemm", transA, transB, m, n, k, A, B, C)
	if err != nil || m == 0 || n == 0 {
		return err
	}
	g.alpha, g.beta = float64(alpha), float64(beta)
	return b.status("cublasSgemm", func() int { return b.algebra.sgemm(b.handle, g) })
}

// Dgemm is Sgemm in float64.
func (b *BLAS) Dgemm(transA, transB bool, m, n, k int, alpha float64, A, B Matrix, beta float64, C Matrix) error {
	g, err := byColumns("Dgemm", transA, transB, m, n, k, A, B, C)
	if err != nil || m == 0 || n == 0 {
		return err
	}
	g.alpha, g.beta = alpha, beta
	return b.status("cublasDgemm", func() int { return b.algebra.dgemm(b.handle, g) })
}

// byColumns turns a product of matrices stored by rows into one of matrices stored by columns: what is C by rows is Cᵀ by
// columns, and Cᵀ = op(B)ᵀ·op(A)ᵀ.
func byColumns(call string, transA, transB bool, m, n, k int, a, b, c Matrix) (*gemm, error) {
	if min(m, n, k) < 0 || max(m, n, k) > math.MaxInt32 {
		return nil, misuse(call, "sizes m %d, n %d, k %d", m, n, k)
	}
	widthA, widthB := k, n
	if transA {
		widthA = m
	}
	if transB {
		widthB = k
	}
	for _, s := range []struct {
		name          string
		stride, width int
	}{{"A", a.Stride, widthA}, {"B", b.Stride, widthB}, {"C", c.Stride, n}} {
		if s.stride < max(s.width, 1) || s.stride > math.MaxInt32 {
			return nil, misuse(call, "%s has the stride %d and %d columns", s.name, s.stride, s.width)
		}
	}
	return &gemm{
		transA: transB, transB: transA, m: n, n: m, k: k,
		a: b.Data, lda: b.Stride, b: a.Data, ldb: a.Stride, c: c.Data, ldc: c.Stride,
	}, nil
}
