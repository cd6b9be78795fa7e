package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"neuralode/solver"
	"neuralode/train"
)

// TestProgressText checks that the text fits the terminal, also when it changes, and that what a resumed run had done
// is no work of this process.
func TestProgressText(t *testing.T) {
	columns := 0
	start := time.Now()
	p := &progress{columns: func() int { return columns }, start: start, first: 1000, total: 2000, rate: 123456}
	e := train.Event{Iteration: 1100, Total: 2000, Work: solver.Iteration{Loss: 0.25, NFEMean: 61, NFEMax: 146}}
	for _, c := range []struct {
		columns int
		want    string
	}{
		{120, "1100/2000  loss 0.2500  18s left  50 it/s  NFE 61 (max 146)  123456 samples/s"},
		{80, "1100/2000  loss 0.2500  18s left  50 it/s  NFE 61 (max 146)"},
		{60, "1100/2000  loss 0.2500  18s left"},
		{30, "1100/2000"},
	} {
		columns = c.columns
		if got := p.text(e, start.Add(2*time.Second)); got != c.want {
			t.Errorf("%d columns: %q, want %q", columns, got, c.want)
		}
	}
}

// TestProgressLines checks that a writer that is no terminal gets lines.
func TestProgressLines(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out, 0, 2)
	p.observe(train.Event{Iteration: 1, Total: 2, Work: solver.Iteration{Loss: 0.5}})
	p.finish()
	if !strings.HasPrefix(out.String(), "iteration 1/2  loss 0.5000") || strings.ContainsAny(out.String(), "\r\x1b") {
		t.Errorf("%q", out.String())
	}
}

// TestDumbTerminal has a terminal that cannot move its cursor: it gets lines.
func TestDumbTerminal(t *testing.T) {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	for kind, bar := range map[string]bool{"xterm": true, "dumb": false} {
		t.Setenv("TERM", kind)
		if got := terminal(&output{w: f}) != nil; got != bar {
			t.Errorf("TERM=%s: a bar %t, want %t", kind, got, bar)
		}
	}
}
