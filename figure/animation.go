package figure

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"
)

// Animation is pictures of one size, one after another. It is not for concurrent use.
type Animation struct {
	frames []*Figure
	dpi    int
}

// The times of an animation, in hundredths of a second: of the first picture, of each between, and of the last, before
// it begins again.
const (
	firstDelay = 60
	frameDelay = 8
	lastDelay  = 250
)

// animationDPI is the pixels an inch of an animation: 540 across a figure, 864 across two panels.
const animationDPI = 90

// WriteGIF writes the animation as a GIF that begins again without end, with a pause at the end. All pictures share one
// palette; colours are not dithered, and each is within a few steps of its own. After the first, a picture holds only
// what has changed.
func (a *Animation) WriteGIF(w io.Writer) error {
	images, err := a.paint()
	if err != nil {
		return err
	}
	p := commonPalette(images)
	size := images[0].Bounds().Size()
	g := &gif.GIF{Config: image.Config{ColorModel: p.colours, Width: size.X, Height: size.Y}}
	var before *image.Paletted
	for i, img := range images {
		now := p.quantized(img)
		delay := frameDelay
		switch i {
		case 0:
			delay = firstDelay
		case len(images) - 1:
			delay = lastDelay
		}
		g.Image, g.Delay = append(g.Image, p.changes(before, now)), append(g.Delay, delay)
		g.Disposal = append(g.Disposal, gif.DisposalNone)
		before = now
	}
	if err := gif.EncodeAll(w, g); err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	return nil
}

// paint draws all pictures, in the layout of the first.
func (a *Animation) paint() ([]*image.RGBA, error) {
	if len(a.frames) == 0 {
		return nil, errors.New("figure: no pictures for an animation")
	}
	l := a.frames[0].layout()
	l.height = wholePixels(l.height, a.dpi)
	images := make([]*image.RGBA, len(a.frames))
	for i, f := range a.frames {
		drawn := f.paint(l, a.dpi).Image()
		images[i] = image.NewRGBA(drawn.Bounds())
		draw.Draw(images[i], drawn.Bounds(), drawn, drawn.Bounds().Min, draw.Src)
	}
	return images, nil
}

// changes is the smallest part of a picture that holds what differs from the one before, with the rest of it
// transparent; without one before, all of it.
func (p *colourTable) changes(before, now *image.Paletted) *image.Paletted {
	if before == nil {
		return now
	}
	var changed image.Rectangle
	b := now.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if now.ColorIndexAt(x, y) != before.ColorIndexAt(x, y) {
				changed = changed.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if changed.Empty() { // a picture must have a pixel
		changed = image.Rect(b.Min.X, b.Min.Y, b.Min.X+1, b.Min.Y+1)
	}
	part := image.NewPaletted(changed, p.colours)
	for y := changed.Min.Y; y < changed.Max.Y; y++ {
		for x := changed.Min.X; x < changed.Max.X; x++ {
			index := now.ColorIndexAt(x, y)
			if index == before.ColorIndexAt(x, y) {
				index = transparent
			}
			part.SetColorIndex(x, y, index)
		}
	}
	return part
}

// transparent is the place in a palette of what lets the picture before show.
const transparent = 0

// colourTable is a palette of at most 256 colours, and where each colour of the pictures is nearest to in it.
type colourTable struct {
	colours color.Palette
	index   map[color.RGBA]uint8
}

// quantized is a picture in the colours of the table.
func (p *colourTable) quantized(img *image.RGBA) *image.Paletted {
	b := img.Bounds()
	q := image.NewPaletted(b, p.colours)
	last := img.RGBAAt(b.Min.X, b.Min.Y)
	index := p.index[last]
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if c := img.RGBAAt(x, y); c != last { // most pixels are as the one before
				last, index = c, p.index[c]
			}
			q.SetColorIndex(x, y, index)
		}
	}
	return q
}
