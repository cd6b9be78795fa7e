package simd_test

import (
	"syscall"
	"testing"
	"unsafe"

	"neuralode/solver"
	"neuralode/solver/cpu/internal/simd"
)

// edge is n numbers that end where a page begins that may not be touched.
func edge[T simd.Float](t testing.TB, n int) []T {
	t.Helper()
	page := syscall.Getpagesize()
	size := int(unsafe.Sizeof(T(0)))
	bytes := (n*size + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, bytes+page, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(mem) })
	if err := syscall.Mprotect(mem[bytes:], syscall.PROT_NONE); err != nil {
		t.Skip(err)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&mem[bytes-n*size])), n)
}

// TestEdges runs every kernel on operands behind which there is nothing: an access too far ends the test run.
func TestEdges(t *testing.T) { levels(t, testEdges[float32], testEdges[float64]) }

func testEdges[T simd.Float](t *testing.T, kern *simd.Kernels[T]) {
	for _, shape := range [][3]int{{1, 1, 1}, {7, 64, 64}, {9, 3, 65}, {6, 65, 3}, {13, 33, 2}, {2, 17, 31},
		{3, 5, 8}} {
		n, k, m := shape[0], shape[1], shape[2]
		rows := func(width int) operand[T] {
			o := operand[T]{base: edge[T](t, n*width), width: width}
			for i := range n {
				o.off = append(o.off, i*width)
			}
			return o
		}
		x, y, dst, bias := rows(k), rows(m), rows(m), edge[T](t, m)
		w, packed := edge[T](t, k*m), edge[T](t, kern.PackLen(k, m))
		for _, trans := range []bool{false, true} {
			kern.Pack(packed, w, k, m, trans)
		}
		kern.Gemm(dst.base, dst.off, x.base, x.off, packed, bias, k, m)
		kern.GemmTN(w, x.base, x.off, y.base, y.off, k, m)
		kern.ColSum(bias, y.base, y.off, m)
		for _, fn := range append(functionsOf(1), functionsOf(2)...) {
			apply(kern, fn, dst, y)
		}
		h, coef, slopes, out := edge[T](t, n), edge[T](t, 4), rows(4*m), edge[float64](t, n)
		kern.ScaleRows(y.base, y.off, h, m)
		kern.Combine(dst.base, dst.off, y.base, y.off, h, slopes.base, slopes.off, m, coef, m)
		kern.ErrorNorm(out, y.base, y.off, dst.base, dst.off, h, slopes.base, slopes.off, m, coef, 1, 1, m)
		kern.Add(w, w)
		for _, rule := range solver.Rules() {
			kern.Update(solver.Update[T]{Rule: rule}, w, w, w, w)
		}
	}
}
