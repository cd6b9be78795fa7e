package figure

import (
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// scripts is a text handler that draws Unicode subscript and superscript digits as small shifted digits: the font has
// no glyph for some of them. Text is one line.
type scripts struct{ text.Plain }

const (
	subscripts   = "₀₁₂₃₄₅₆₇₈₉₋"
	superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
	scriptDigits = "0123456789−"

	scriptSize  = 0.7 // of the size of the text
	scriptDrop  = 0.18
	scriptRaise = 0.36
)

// run is a piece of text on one level.
type run struct {
	text  string
	shift vg.Length // of the baseline, in sizes of the text; 0: plain text
}

func runs(txt string) []run {
	var rs []run
	for _, r := range txt {
		shift, s := script(r)
		if n := len(rs); n > 0 && rs[n-1].shift == shift {
			rs[n-1].text += s
			continue
		}
		rs = append(rs, run{s, shift})
	}
	return rs
}

// lowered writes n in subscript digits.
func lowered(n int) string {
	return strings.Map(func(r rune) rune { return []rune(subscripts)[r-'0'] }, strconv.Itoa(n))
}

// The longest names, in runes.
const (
	maxName     = 32
	maxAxisName = 60
)

// short is s on one line, cut to n runes.
func short(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

func script(r rune) (shift vg.Length, s string) {
	if i := runeIndex(subscripts, r); i >= 0 {
		return -scriptDrop, string([]rune(scriptDigits)[i])
	}
	if i := runeIndex(superscripts, r); i >= 0 {
		return scriptRaise, string([]rune(scriptDigits)[i])
	}
	return 0, string(r)
}

// runeIndex counts runes where strings.IndexRune counts bytes.
func runeIndex(s string, r rune) int {
	before, _, found := strings.Cut(s, string(r))
	if !found {
		return -1
	}
	return len([]rune(before))
}

func (h scripts) face(r run, f font.Font) font.Face {
	if r.shift != 0 {
		f.Size *= scriptSize
	}
	return h.Fonts.Lookup(f, f.Size)
}

// Box implements text.Handler. The height and depth are those of the font, so that labels with and without scripts
// stand on one line.
func (h scripts) Box(txt string, f font.Font) (width, height, depth vg.Length) {
	for _, r := range runs(txt) {
		face := h.face(r, f)
		width += face.Width(r.text)
	}
	e := h.Extents(f)
	return width, e.Ascent, e.Descent
}

// Draw implements text.Handler.
func (h scripts) Draw(c vg.Canvas, txt string, s text.Style, at vg.Point) {
	c.Push()
	defer c.Pop()
	c.SetColor(s.Color)
	c.Translate(at)
	c.Rotate(s.Rotation)
	width, height, depth := h.Box(txt, s.Font)
	x := vg.Length(s.XAlign) * width
	y := vg.Length(s.YAlign)*(height+depth) + h.baseline(s.Font)
	for _, r := range runs(txt) {
		face := h.face(r, s.Font)
		c.FillString(face, vg.Point{X: x, Y: y + r.shift*s.Font.Size}, r.text)
		x += face.Width(r.text)
	}
}

// baseline is where text.Plain has it for text at the origin: the axes of gonum/plot count on that.
func (h scripts) baseline(f font.Font) vg.Length { return f.Size - h.Extents(f).Ascent }
