package figure

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// commonPalette is a palette for the pictures together, the transparent colour first. The most frequent colour is in
// it, then the next that is far enough from all before, and so on; far enough is the least distance with which they fit
// in. So what is large on the pictures keeps its colour exactly, and none is farther from its own than that distance.
func commonPalette(images []*image.RGBA) *colourTable {
	colours := byFrequency(images)
	var chosen []color.RGBA
	for far := 0; chosen == nil; far = far*5/4 + 1 {
		chosen = apartBy(colours, far)
	}
	p := &colourTable{colours: color.Palette{color.RGBA{}}, index: map[color.RGBA]uint8{}}
	for _, c := range chosen {
		p.colours = append(p.colours, c)
	}
	for _, c := range colours {
		p.index[c] = uint8(nearest(chosen, c) + 1)
	}
	return p
}

// byFrequency is the colours of the pictures, the most frequent first.
func byFrequency(images []*image.RGBA) []color.RGBA {
	count := map[color.RGBA]int{}
	for _, img := range images {
		b := img.Bounds()
		var last color.RGBA
		run := 0 // of the same, which most pixels are
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				if c := img.RGBAAt(x, y); c != last {
					count[last] += run
					last, run = c, 0
				}
				run++
			}
		}
		count[last] += run
	}
	colours := make([]color.RGBA, 0, len(count))
	for c := range count {
		colours = append(colours, c)
	}
	value := func(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }
	slices.SortFunc(colours, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(value(a), value(b)))
	})
	return colours
}

// maxChosen leaves a place for the transparent colour.
const maxChosen = 255

// apartBy is the colours that are farther than that from all chosen before them, or nil where these are too many.
func apartBy(colours []color.RGBA, far int) (chosen []color.RGBA) {
	for _, c := range colours {
		if len(chosen) > 0 && squared(chosen[nearest(chosen, c)], c) <= far*far {
			continue
		}
		if len(chosen) == maxChosen {
			return nil
		}
		chosen = append(chosen, c)
	}
	return chosen
}

// nearest is the place of the colour that is nearest.
func nearest(colours []color.RGBA, to color.RGBA) int {
	best, least := 0, squared(colours[0], to)
	for i, c := range colours {
		if d := squared(c, to); d < least {
			best, least = i, d
		}
	}
	return best
}

// squared is the square of the distance of two colours, in steps of a channel.
func squared(a, b color.RGBA) int {
	r, g, u := int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B)
	return r*r + g*g + u*u
}
