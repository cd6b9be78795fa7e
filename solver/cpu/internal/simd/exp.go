package simd

import "math"

// The exponential of float32 is split as x = n·log 2 + r with |r| ≤ log(2)/2, and eʳ − 1 is a polynomial. The assembly
// has the same numbers; see gen/exp.go.
const (
	magic32 = 0x1.8p23 // added to a small number it leaves the nearest integer in the low bits
	log2Hi  = 0.693359375
	log2Lo  = -0.00021219444005469058277
	flat32  = 9.1  // tanh rounds to 1 from here on
	least32 = -104 // eˣ rounds to 0 below
	most32  = 89   // eˣ overflows above
)

// split32 gives eʳ − 1 and n for x of moderate size.
func split32(x float32) (q float32, n int32) {
	m := float32(x*math.Log2E) + magic32
	whole := m - magic32
	r := float32(x-whole*log2Hi) - whole*log2Lo
	q = 0.00139263256181334621
	q = q*r + 0.0083632927530306023112
	q = q*r + 0.041666553762567638397
	q = q*r + 0.16666576305560638271
	q = q*r + 0.5
	return q*(r*r) + r, int32(math.Float32bits(m)) - int32(math.Float32bits(magic32))
}

// power32 is 2ⁿ where that is a normal number.
func power32(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// exp32 is within 2 units of the last place.
func exp32(x float32) float32 {
	if x > most32 {
		x = most32
	} else if x < least32 {
		x = least32
	}
	q, n := split32(x)
	half := n >> 1 // in two steps, as 2ⁿ itself may be no normal number
	return (1 + q) * power32(half) * power32(n-half)
}

const sign32 = 1 << 31

// tanh32 is (e²ˣ − 1)/(e²ˣ + 1), within 3 units of the last place, and x itself near zero.
func tanh32(x float32) float32 {
	b := math.Float32bits(x)
	size := math.Float32frombits(b &^ sign32)
	if size > flat32 {
		size = flat32
	}
	q, n := split32(2 * size)
	p := power32(n)
	y := p*q + (p - 1)
	return math.Float32frombits(math.Float32bits(y/(y+2)) | b&sign32)
}

// below32 is e to the −|x|.
func below32(x float32) float32 { return exp32(math.Float32frombits(math.Float32bits(x) | sign32)) }

// sigmoid32 is 1/(1 + e^−x), or eˣ/(1 + eˣ) where x is negative, within 3 units of the last place.
func sigmoid32(x float32) float32 {
	p := below32(x)
	if x < 0 {
		return p / (1 + p)
	}
	return 1 / (1 + p)
}

// softplus32 is max(x, 0) + log(1 + e^−|x|), within 3 units of the last place; the logarithm is 2·atanh(u/2) with u =
// 2p/(2 + p).
func softplus32(x float32) float32 {
	p := below32(x)
	u := 2 * p / (2 + p)
	w := u * u
	y := float32(0.26851498022837151807 / 512)
	y = y*w + 0.28236619805310481437/128
	y = y*w + 0.40007560644911205765/32
	y = y*w + 0.66666640336699239788/8
	return max(x, 0) + (y*(u*w) + u)
}
