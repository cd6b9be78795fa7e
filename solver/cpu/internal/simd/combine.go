package simd

// ScaleRows multiplies row r of x by s[r].
func ScaleRows[T Float](x []T, off []int, s []T, width int) {
	for r, o := range off {
		w := s[r]
		row := x[o : o+width]
		for c := range row {
			row[c] *= w
		}
	}
}

// Combine writes a stage's argument, dst_r[c] = z_r[c] + h[r]·Σ_j coef[j]·k[kOff[r]+j·kStep+c] for c < dim, j ascending.
// dst may be z. Without coefficients k is not looked at.
func Combine[T Float](dst []T, dstOff []int, z []T, zOff []int, h []T, k []T, kOff []int, kStep int, coef []T, dim int) {
	if dim == 2 && kStep >= 2 {
		combine2(dst, dstOff, z, zOff, h, k, kOff, kStep, coef)
		return
	}
	for r, d := range dstOff {
		step := h[r]
		src := z[zOff[r] : zOff[r]+dim]
		if len(coef) == 0 {
			copy(dst[d:d+dim], src)
			continue
		}
		slopes := k[kOff[r]:]
		for c, row := 0, dst[d:d+dim]; c < len(row); c++ {
			row[c] = src[c] + step*weighted(slopes[c:], kStep, coef)
		}
	}
}

// weighted is Σ_j coef[j]·k[j·step].
func weighted[T Float](k []T, step int, coef []T) T {
	var s T
	at := 0
	for _, w := range coef {
		s += w * k[at]
		at += step
	}
	return s
}

// combine2 is Combine for two components: the small systems where the overhead of loops would count.
func combine2[T Float](dst []T, dstOff []int, z []T, zOff []int, h []T, k []T, kOff []int, kStep int, coef []T) {
	for r, d := range dstOff {
		var s0, s1 T
		at := kOff[r]
		for _, w := range coef {
			p := k[at : at+2 : at+2]
			s0 += w * p[0]
			s1 += w * p[1]
			at += kStep
		}
		src, row := z[zOff[r]:zOff[r]+2], dst[d:d+2]
		row[0], row[1] = src[0]+h[r]*s0, src[1]+h[r]*s1
	}
}

// ErrorNorm writes the sum of squares of each row's scaled error, out[r] = Σ_c (h[r]·Σ_j coef[j]·k_j[c] / (atol +
// rtol·max(|z0|, |z1|)))². NaN in any of them gives NaN, and so does an infinity in z0 or z1.
func ErrorNorm[T Float](out []float64, z0 []T, z0Off []int, z1 []T, z1Off []int, h []T, k []T, kOff []int, kStep int, coef []T, atol, rtol T, dim int) {
	for r := range out {
		total := 0.0
		a, b, slopes := z0[z0Off[r]:z0Off[r]+dim], z1[z1Off[r]:z1Off[r]+dim], k[kOff[r]:]
		for c := range a {
			size := max(abs(a[c]), abs(b[c])) + 0*a[c] + 0*b[c] // 0·∞ is NaN
			e := float64(h[r] * weighted(slopes[c:], kStep, coef) / (atol + rtol*size))
			total += e * e
		}
		out[r] = total
	}
}

// Norm writes out[r] = Σ_c (x_r[c] / (atol + rtol·|z_r[c]|))², for the starting step.
func Norm[T Float](out []float64, x []T, xOff []int, z []T, zOff []int, atol, rtol T, dim int) {
	for r := range out {
		total := 0.0
		scale := z[zOff[r] : zOff[r]+dim]
		for c, v := range x[xOff[r] : xOff[r]+dim] {
			e := float64(v / (atol + rtol*abs(scale[c])))
			total += e * e
		}
		out[r] = total
	}
}
