package dataset

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// below is n rows of columns written as the verbs say: %f has decimals, %d is whole, %s is one of three words.
func below(n int, verbs ...string) string {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for range n {
		for j, verb := range verbs {
			if j > 0 {
				b.WriteByte(',')
			}
			switch verb {
			case "%d":
				fmt.Fprintf(&b, verb, rng.IntN(10))
			case "%s":
				b.WriteString([]string{"ant", "bee", "cat"}[rng.IntN(3)])
			case "%b":
				fmt.Fprint(&b, rng.IntN(2))
			default:
				fmt.Fprintf(&b, "%.4f", rng.NormFloat64()+0.00005)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestHeaderFound reads tables as programs write them.
func TestHeaderFound(t *testing.T) {
	const yes, no, unclear = "yes", "no", "unclear"
	for _, c := range []struct {
		first, below, want string
	}{
		// pandas without names of its own
		{"0,1,label", below(60, "%f", "%f", "%s"), yes},
		{"0,1,label", below(2, "%f", "%f", "%s"), yes},
		{"0,1,label", below(60, "%d", "%d", "%d"), yes},
		{"0,1,kind", below(60, "%f", "%f", "%s"), yes},
		{"0,1,kind", below(60, "%d", "%d", "%s"), yes},
		{"0,1,2", below(60, "%f", "%f", "%s"), yes},
		{"0,1,2", below(60, "%f", "%f", "%b"), yes},
		{"0,1,2", below(60, "%f", "%f", "%f"), yes},
		{"0,1,2,3,4", below(60, "%d", "%d", "%d", "%d", "%b"), yes},
		{"0,1", below(60, "%f", "%f"), yes},
		{",0,1,label", below(60, "%d", "%f", "%f", "%s"), yes},
		{",0,1,2", below(60, "%d", "%f", "%f", "%b"), yes},
		{"Unnamed: 0,0,1,2", below(60, "%d", "%f", "%f", "%b"), yes},
		// years and other numbers as names
		{"2019,2020,label", below(60, "%f", "%f", "%s"), yes},
		{"2019,2020,2021", below(60, "%f", "%f", "%f"), yes},
		{"2019,2020,2021", below(60, "%d", "%d", "%d"), unclear},
		{"region,2019,2020", below(60, "%f", "%d", "%d"), yes},
		{"x,5,kind", below(60, "%f", "%d", "%s"), unclear},
		{"x,y,kind", below(60, "%f", "%f", "%s"), yes},
		{"x,y", below(1, "%f", "%f"), yes},
		{"False,True,kind", below(60, "%d", "%d", "%s"), yes},
		{"0,1,y", below(60, "%f", "%f", "%s"), yes},
		{"1,1,label", below(60, "%f", "%f", "%s"), yes},
		// decimals as names, beside a usual name for labels
		{"0.5,1.5,label", below(60, "%f", "%f", "%s"), yes},
		{"400.5,401.0,label", below(60, "%f", "%f", "%b"), yes},
		{"400.5,401.0,species", below(60, "%d", "%d", "%s"), yes},
		{"-1,0,1,class", below(60, "%f", "%f", "%f", "%s"), yes},
		{"0.5,1.5,class", "4.5,2,other\n1,2,class\n3,5,other\n", no},
		{"0.5,,label", below(60, "%f", "%f", "%s"), yes},
		// rows
		{"5,3,y", "4,2,n\n1,2,y\n3,5,n\n", no},
		{"5,3,class", "4,2,other\n1,2,class\n3,5,other\n", no},
		{"74,85,123,1", below(60, "%d", "%d", "%d", "%b"), unclear},
		{"74,1", below(60, "%d", "%b"), no},
		{"7,8,9,1", below(60, "%d", "%d", "%d", "%b"), no},
		{"B,1,1,2", below(60, "%s", "%d", "%d", "%d"), no},
		{"5,3,ant", below(60, "%d", "%d", "%s"), no},
		{"5,3,ant", below(60, "%f", "%f", "%s"), no},
		{"0,1,ant", below(60, "%f", "%f", "%s"), no},
		{"0.5,1,dog", below(60, "%f", "%f", "%s"), no},
		{"-1,1,dog", below(60, "%f", "%f", "%s"), no},
		{"01,2,dog", below(60, "%f", "%f", "%s"), no},
		{"1,1,dog", below(60, "%f", "%f", "%s"), no},
		{"5,3,dog", below(60, "%d", "%d", "%s"), unclear}, // a class that comes once
		{"1,2,dog", below(2, "%d", "%d", "%s"), no},
		{"1,0", below(60, "%f", "%f"), no}, // where a trajectory starts
		{"5,3", below(60, "%d", "%d"), no},
		{"0,1", below(60, "%d", "%d"), no},
		{"0,1", below(5, "%d", "%f"), no},
		{"0,1", below(5, "%f", "%f"), unclear},
		{"0,1,2", below(60, "%d", "%d", "%d"), unclear},
		{"0,1,2", "", no},
		{"0,1", "", no},
		{"True,3,dog", "True,4,ant\nFalse,5,bee\n", no},
		{"NA,1,2", below(60, "%f", "%f", "%f"), no},
		{"inf,1,2", below(60, "%f", "%f", "%f"), no},
		{"l0,1,2", below(60, "%d", "%d", "%d"), unclear}, // a slip in a row of numbers
	} {
		l, err := newLines(strings.NewReader(c.first+"\n"+c.below), Options{})
		if err != nil {
			t.Fatal(err)
		}
		first, err := l.lookAhead()
		if err != nil {
			t.Fatal(err)
		}
		names, err := Options{}.header(first)
		got := no
		switch {
		case err != nil:
			got = unclear
		case names != nil:
			got = yes
		}
		if got != c.want {
			t.Errorf("%s above %.40q: %s, want %s", c.first, c.below, got, c.want)
		}
	}
}

// TestHeaderWanted reads a line of numbers as names where the options have these names.
func TestHeaderWanted(t *testing.T) {
	for _, o := range []Options{
		{Features: []string{"5", "3"}},
		{Labels: []string{"dog"}},
		{Format: Format{Drop: []string{"dog"}}},
		{Format: Format{Header: WithHeader}},
	} {
		d, err := text("5,3,dog\n"+below(30, "%d", "%d", "%b"), o)
		if err != nil || !d.Named || d.Len() != 30 {
			t.Errorf("%+v: %v, error %v", o, d, err)
		}
	}
}
