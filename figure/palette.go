package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"unicode"
)

// palette is the colour of each class.
type palette []color.NRGBA

// named are the colours of classes whose name has such a word in it: a class "red" that is not red misleads.
var named = map[string]color.NRGBA{
	"red":    {0xcc, 0x29, 0x1f, 0xff},
	"green":  okabeIto[2],
	"blue":   okabeIto[0],
	"orange": okabeIto[4],
	"yellow": okabeIto[6],
	"cyan":   okabeIto[5], "turquoise": okabeIto[5],
	"pink": okabeIto[3], "magenta": okabeIto[3],
	"purple": {0x6a, 0x3d, 0x9a, 0xff}, "violet": {0x6a, 0x3d, 0x9a, 0xff},
	"brown": {0x8c, 0x51, 0x0a, 0xff},
	"grey":  {0x80, 0x80, 0x80, 0xff}, "gray": {0x80, 0x80, 0x80, 0xff},
	"black": {0x33, 0x33, 0x33, 0xff},
	"white": {0xd4, 0xd4, 0xd4, 0xff}, // its markers have a dark edge
}

// newPalette gives each class the colour that its name says, where it says one and not both of two are greys; the
// others take the colours of [okabeIto] in their order, then darker, then lighter, without those that a name has taken.
// names is nil or has one for each class.
func newPalette(classes int, names []string) palette {
	p, taken := make(palette, classes), []color.NRGBA(nil)
	for class := range min(classes, len(names)) {
		if c, ok := colourOf(names[class], taken); ok {
			p[class] = c
			taken = append(taken, c)
		}
	}
	if classes == 2 && isGrey(p[0]) && isGrey(p[1]) { // the map between them has each grey on both sides of its middle
		p, taken = make(palette, classes), nil
	}
	free := unlike(taken)
	for class := range p {
		if p[class].A == 0 {
			p[class], free = free[0], free[1:]
		}
	}
	return p
}

// isGrey reports a colour without one, and not that of a class that has none yet.
func isGrey(c color.NRGBA) bool { return c.A > 0 && c.R == c.G && c.G == c.B }

// colourOf is the colour that a name has as a word, in the first shade that is not taken.
func colourOf(name string, taken []color.NRGBA) (color.NRGBA, bool) {
	for _, word := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) }) {
		c, ok := named[word]
		if !ok {
			continue
		}
		for shade := range shades {
			if s := shaded(c, shade); !slices.Contains(taken, s) {
				return s, true
			}
		}
	}
	return color.NRGBA{}, false
}

// unlike are the colours of classes that none of those taken could be mistaken for, then others that are not taken.
func unlike(taken []color.NRGBA) []color.NRGBA {
	var free, rest []color.NRGBA
	for class := range shades * len(okabeIto) {
		c := shaded(okabeIto[class%len(okabeIto)], class/len(okabeIto))
		switch {
		case !slices.ContainsFunc(taken, func(t color.NRGBA) bool { return similar(c, t) }):
			free = append(free, c)
		case !slices.Contains(taken, c):
			rest = append(rest, c)
		}
	}
	return append(free, rest...)
}

// shades is how many of a colour there are. Up to maxClasses need three, and more where names have taken some.
const shades = 5

// shaded is a colour itself, darker, lighter, still darker, still lighter.
func shaded(c color.NRGBA, shade int) color.NRGBA {
	switch shade {
	case 0:
		return c
	case 1, 3:
		return mix(c, ink, 0.375+0.125*float64(shade))
	}
	return mix(c, white, 0.25+0.125*float64(shade))
}

// similar reports colours nearer to each other than any two of [okabeIto] are.
func similar(a, b color.NRGBA) bool {
	d := func(a, b uint8) float64 { return float64(a) - float64(b) }
	return math.Hypot(math.Hypot(d(a.R, b.R), d(a.G, b.G)), d(a.B, b.B)) < 65
}

// mapStrength is how much of a class's colour the decision map takes: points in the full colour stand out on it.
const mapStrength = 0.55

// diverging is the colour of the probability p of class 1: white at 0.5.
func (p palette) diverging(probability float64) color.NRGBA {
	class := 0
	if probability > 0.5 {
		class = 1
	}
	return mix(white, p[class], mapStrength*math.Abs(2*probability-1))
}

// tint is the light colour of the region of a class.
func (p palette) tint(class int) color.NRGBA { return mix(white, p[class], 0.3) }

// Colours are what pictures with these data draw classes in, as in [Dynamics] and [Decision], as #rrggbb; of real
// labels it is the scale from the lowest to the highest, in equal steps. The data's points do not matter. There are
// none for more classes than a picture shows.
func (d Data) Colours() []string {
	if d.Classes > maxClasses {
		return nil
	}
	colours := []color.NRGBA(newPalette(d.Classes, d.Names))
	if d.Classes == 0 {
		colours = viridis
	}
	texts := make([]string, len(colours))
	for i, c := range colours {
		texts[i] = hex(c)
	}
	return texts
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
