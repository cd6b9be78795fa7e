// Command gen writes the assembly kernels of package simd and their Go declarations. It is a module of its own, so that
// its libraries never enter the project's.
//
//go:generate go run . -out ../kernels_amd64.s -stubs ../stubs_amd64.go -pkg simd
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("!noasm")
	for _, e := range []element{single, double} {
		for _, v := range []vector{zmm, ymm} {
			t := target{e, v}
			for n := 1; n <= dotColumns; n++ {
				t.dot(n)
			}
			for n := 1; n <= v.panel; n++ {
				t.gemm(n)
				for i := 1; i <= tileRows; i++ {
					t.gemmTN(i, n)
				}
			}
			t.functions()
			t.combine()
			t.errorNorm()
			t.scaleRows()
			t.add()
			t.peak()
		}
	}
	for _, v := range []vector{zmm, ymm} {
		t := target{single, v}
		t.adam()
	}
	Generate()
}

// functions writes the functions over listed rows.
func (t target) functions() {
	t.exp()
	t.tanh()
	t.sigmoid()
	t.softplus()
	t.softplusVJP()
	t.elementwise()
}
