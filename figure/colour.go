package figure

import (
	"image/color"
	"math"
)

// okabeIto are the colours of classes: https://jfly.uni-koeln.de/color/, strongest contrasts first.
var okabeIto = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, // blue
	{0xd5, 0x5e, 0x00, 0xff}, // vermilion
	{0x00, 0x9e, 0x73, 0xff}, // bluish green
	{0xcc, 0x79, 0xa7, 0xff}, // reddish purple
	{0xe6, 0x9f, 0x00, 0xff}, // orange
	{0x56, 0xb4, 0xe9, 0xff}, // sky blue
	{0xf0, 0xe4, 0x42, 0xff}, // yellow
	{0x55, 0x55, 0x55, 0xff}, // grey for black, which the markers' ink is
}

// viridis are equidistant colours of matplotlib's map of that name, without the last tenth: yellow is lost on white.
var viridis = []color.NRGBA{
	{0x44, 0x01, 0x54, 0xff}, {0x48, 0x25, 0x76, 0xff}, {0x41, 0x44, 0x87, 0xff}, {0x35, 0x60, 0x8d, 0xff},
	{0x2a, 0x78, 0x8e, 0xff}, {0x21, 0x91, 0x8c, 0xff}, {0x22, 0xa8, 0x84, 0xff}, {0x43, 0xbf, 0x71, 0xff},
	{0x7a, 0xd1, 0x51, 0xff}, {0xbb, 0xdf, 0x27, 0xff},
}

var (
	white   = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	neutral = color.NRGBA{0x77, 0x77, 0x77, 0xff} // what has no label
)

// sequential is the colour of a fraction in [0, 1]; that of 0 if t is NaN, which a range beyond float64 leads to.
func sequential(t float64) color.NRGBA {
	if !(t >= 0) {
		t = 0
	}
	x := t * float64(len(viridis)-1)
	i := min(int(x), len(viridis)-2)
	return mix(viridis[i], viridis[i+1], x-float64(i))
}

// mix is a for t = 0 and b for t = 1.
func mix(a, b color.NRGBA, t float64) color.NRGBA {
	channel := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + t*(float64(b)-float64(a)))) }
	return color.NRGBA{channel(a.R, b.R), channel(a.G, b.G), channel(a.B, b.B), channel(a.A, b.A)}
}
