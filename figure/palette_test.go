package figure

import (
	"image/color"
	"slices"
	"testing"
)

// TestColoursFollowNames asks of each class that is named after a colour that its strongest channels are those of it.
func TestColoursFollowNames(t *testing.T) {
	red := func(c color.NRGBA) bool { return c.R > 2*c.G && c.R > 2*c.B }
	green := func(c color.NRGBA) bool { return c.G > c.R && c.G > c.B }
	blue := func(c color.NRGBA) bool { return c.B > c.R && c.B > c.G }
	for _, c := range []struct {
		names []string
		want  []func(color.NRGBA) bool
	}{
		{[]string{"green", "red"}, []func(color.NRGBA) bool{green, red}},
		{[]string{"red", "green", "blue"}, []func(color.NRGBA) bool{red, green, blue}},
		{[]string{"RED wine", "a-blue-whale"}, []func(color.NRGBA) bool{red, blue}},
		{[]string{"bored", "tired"}, []func(color.NRGBA) bool{blue, nil}}, // no words for colours
		{[]string{"cat", "blue"}, []func(color.NRGBA) bool{nil, blue}},
		{[]string{"black", "white"}, []func(color.NRGBA) bool{blue, nil}}, // greys on both sides of white are one
	} {
		p := newPalette(len(c.names), c.names)
		for class, is := range c.want {
			if is != nil && !is(p[class]) {
				t.Errorf("of %q, %q is %v", c.names, c.names[class], p[class])
			}
		}
	}
}

// TestColoursOfNamesStayApart mixes classes that are named after colours with others, up to as many as there may be.
func TestColoursOfNamesStayApart(t *testing.T) {
	names := []string{"cat", "dog", "blue", "red", "blue too", "grey", "black", "white", "horse", "cow", "blue again",
		"blue, the last"}
	names = append(names, make([]string, maxClasses-len(names))...)
	p := newPalette(len(names), names)
	for class, c := range p {
		if other := slices.Index(p, c); other != class {
			t.Errorf("classes %d and %d are both %v", other, class, c)
		}
	}
	for _, class := range []int{0, 1, 8, 9} {
		for _, other := range []int{2, 3, 4, 5, 6, 7, 10} {
			if similar(p[class], p[other]) {
				t.Errorf("%q and %q are %v and %v", names[class], names[other], p[class], p[other])
			}
		}
	}
	if got, want := newPalette(8, nil), palette(okabeIto); !slices.Equal(got, want) {
		t.Errorf("without names: %v", got)
	}
}
