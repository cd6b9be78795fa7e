//go:build amd64 && !noasm

package simd

// assembly32 puts the assembly kernels of a level for float32 into a table.
func assembly32(k *Kernels[float32], l Level) {
	if l == AVX512 {
		products32AVX512().install(k)
	} else {
		products32AVX2().install(k)
	}
	install32(k, l)
}

func products32AVX512() *products[float32] {
	return &products[float32]{
		lanes: 16, chains: 16,
		dot:  []dotFunc[float32]{dot1x32AVX512, dot2x32AVX512, dot3x32AVX512, dot4x32AVX512},
		gemm: []gemmFunc[float32]{gemm1x32AVX512, gemm2x32AVX512, gemm3x32AVX512, gemm4x32AVX512},
		gemmTN: [tileRows][]gemmTNFunc[float32]{
			{gemmTN1x1x32AVX512, gemmTN1x2x32AVX512, gemmTN1x3x32AVX512, gemmTN1x4x32AVX512},
			{gemmTN2x1x32AVX512, gemmTN2x2x32AVX512, gemmTN2x3x32AVX512, gemmTN2x4x32AVX512},
			{gemmTN3x1x32AVX512, gemmTN3x2x32AVX512, gemmTN3x3x32AVX512, gemmTN3x4x32AVX512},
			{gemmTN4x1x32AVX512, gemmTN4x2x32AVX512, gemmTN4x3x32AVX512, gemmTN4x4x32AVX512},
			{gemmTN5x1x32AVX512, gemmTN5x2x32AVX512, gemmTN5x3x32AVX512, gemmTN5x4x32AVX512},
			{gemmTN6x1x32AVX512, gemmTN6x2x32AVX512, gemmTN6x3x32AVX512, gemmTN6x4x32AVX512},
		},
	}
}

func products32AVX2() *products[float32] {
	return &products[float32]{
		lanes: 8, chains: 16,
		dot:  []dotFunc[float32]{dot1x32AVX2, dot2x32AVX2, dot3x32AVX2, dot4x32AVX2},
		gemm: []gemmFunc[float32]{gemm1x32AVX2, gemm2x32AVX2},
		gemmTN: [tileRows][]gemmTNFunc[float32]{
			{gemmTN1x1x32AVX2, gemmTN1x2x32AVX2},
			{gemmTN2x1x32AVX2, gemmTN2x2x32AVX2},
			{gemmTN3x1x32AVX2, gemmTN3x2x32AVX2},
			{gemmTN4x1x32AVX2, gemmTN4x2x32AVX2},
			{gemmTN5x1x32AVX2, gemmTN5x2x32AVX2},
			{gemmTN6x1x32AVX2, gemmTN6x2x32AVX2},
		},
	}
}

// assembly64 puts the assembly kernels of a level for float64 into a table.
func assembly64(k *Kernels[float64], l Level) {
	if l == AVX512 {
		products64AVX512().install(k)
	} else {
		products64AVX2().install(k)
	}
	install64(k, l)
}

func products64AVX512() *products[float64] {
	return &products[float64]{
		lanes: 8, chains: 8,
		dot:  []dotFunc[float64]{dot1x64AVX512, dot2x64AVX512, dot3x64AVX512, dot4x64AVX512},
		gemm: []gemmFunc[float64]{gemm1x64AVX512, gemm2x64AVX512, gemm3x64AVX512, gemm4x64AVX512},
		gemmTN: [tileRows][]gemmTNFunc[float64]{
			{gemmTN1x1x64AVX512, gemmTN1x2x64AVX512, gemmTN1x3x64AVX512, gemmTN1x4x64AVX512},
			{gemmTN2x1x64AVX512, gemmTN2x2x64AVX512, gemmTN2x3x64AVX512, gemmTN2x4x64AVX512},
			{gemmTN3x1x64AVX512, gemmTN3x2x64AVX512, gemmTN3x3x64AVX512, gemmTN3x4x64AVX512},
			{gemmTN4x1x64AVX512, gemmTN4x2x64AVX512, gemmTN4x3x64AVX512, gemmTN4x4x64AVX512},
			{gemmTN5x1x64AVX512, gemmTN5x2x64AVX512, gemmTN5x3x64AVX512, gemmTN5x4x64AVX512},
			{gemmTN6x1x64AVX512, gemmTN6x2x64AVX512, gemmTN6x3x64AVX512, gemmTN6x4x64AVX512},
		},
	}
}

func products64AVX2() *products[float64] {
	return &products[float64]{
		lanes: 4, chains: 8,
		dot:  []dotFunc[float64]{dot1x64AVX2, dot2x64AVX2, dot3x64AVX2, dot4x64AVX2},
		gemm: []gemmFunc[float64]{gemm1x64AVX2, gemm2x64AVX2},
		gemmTN: [tileRows][]gemmTNFunc[float64]{
			{gemmTN1x1x64AVX2, gemmTN1x2x64AVX2},
			{gemmTN2x1x64AVX2, gemmTN2x2x64AVX2},
			{gemmTN3x1x64AVX2, gemmTN3x2x64AVX2},
			{gemmTN4x1x64AVX2, gemmTN4x2x64AVX2},
			{gemmTN5x1x64AVX2, gemmTN5x2x64AVX2},
			{gemmTN6x1x64AVX2, gemmTN6x2x64AVX2},
		},
	}
}
