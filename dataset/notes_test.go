package dataset

import (
	"fmt"
	"strings"
	"testing"
)

// written is a header and lines of n rows, written by a function of their number.
func written(header string, n int, row func(i int) string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for i := range n {
		b.WriteString(row(i) + "\n")
	}
	return b.String()
}

func TestNotes(t *testing.T) {
	series := func(i int) string { return fmt.Sprintf("%d,0.%d,%d.5,%d", i/5, i%5, i*i%7, i*i%11) }
	const twoNames = `features "id" and "t" look like the number of a series and the time in it`
	for _, c := range []struct{ text, want string }{
		{written("id,t,x,y", 30, series), twoNames},
		{written("id,tau,x,y", 30, series), `features "id" and "tau" look like`},
		{written("k,t,x,y", 30, series), `features "k" and "t" look like`},
		{written("k,u,x,y", 30, series), ""}, // a grid lies so too
		{written("9,0.5,0.5,0.5", 30, series), `features "x1" and "x2" look like`},
		{written("t,id,x,y", 30, func(i int) string { return fmt.Sprintf("0.%d,%d,%d.5,%d.5", i/5, i%5, i*i%7, i*i%11) }),
			`features "id" and "t" look like`},
		{written("id,t,x,y", 30, func(i int) string { return fmt.Sprintf("%d,0.%d,%d.5,%d.5", i*7%30, i%5, i*i%7, i) }), ""},
		{written("row,x,y", 30, func(i int) string { return fmt.Sprintf("%d,%d.5,%d.5", i+1, i*i%7, i) }),
			`feature "row" counts the rows and says nothing else`},
		{written("x,y", 30, func(i int) string { return fmt.Sprintf("%d,%d.5", i, i) }), ""},
		{written("x,c,y", 30, func(i int) string { return fmt.Sprintf("%d.5,7,%d.5", i*i%7, i) }), `feature "c" is the same in every row`},
		{written("x,x,,y", 30, func(i int) string { return fmt.Sprintf("%d.5,%d.5,%d.5,%d.5", i*i%7, i*i%8, i*i%9, i) }),
			`a second column "x" is called "x.1"`},
		{written("s,x,y", 30, func(i int) string { return fmt.Sprintf("%d,%d.5,%d.5", 1700000000+3*i, i*i%7, i) }),
			`feature "s" has values that float32 does not tell apart`},
	} {
		d, err := text(c.text, Options{Task: Regression, Float32: true})
		if err != nil {
			t.Fatalf("%.40q: %v", c.text, err)
		}
		if got := strings.Join(d.Notes, "\n"); c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%.40q: notes %q, want %q", c.text, got, c.want)
		}
	}
}

func TestSeriesNames(t *testing.T) {
	for name, want := range map[string]bool{"id": true, "ID": true, "Id": true, "subject_id": true, "patientID": true,
		"caseId": true,
		"Series": true, "run": true, "id2": false, "acid": false, "ACID": false, "Liquid": false, "x": false, "": false} {
		if isSeriesName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
