package train

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neuralode/solver/cpu"
)

// TestPolish: the search comes to a lower loss than the iterations, on what was held out too, for points, series and
// series with learnt starts; a run that is stopped in it ends with the bits of one that was not, and one that is made
// longer goes on from where its iterations ended.
func TestPolish(t *testing.T) {
	table := "x,u,y\n"
	for i := range 200 {
		x, u := float64(i%20)/20, float64(i*7%13)/13
		table += fmt.Sprintf("%v,%v,%v\n", x, u, x*u)
	}
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	points := DefaultsFor(path)
	points.Hidden, points.Schedule, points.Iterations = []int{16}, "constant", 100
	series := startsConfig(swings(t, 8, 0), "full", "first")
	learnt := startsConfig(swings(t, 8, 0.1), "full", learntStart)
	learnt.Precision = "float64"
	for name, c := range map[string]Config{"points": points, "series": series, "learnt starts": learnt} {
		t.Run(name, func(t *testing.T) {
			c.Polish = 30
			r, backend := startsRun(t, c)
			if err := r.Train(context.Background(), backend); err != nil {
				t.Fatal(err)
			}
			p, ok := r.Polished()
			if !ok || !p.Kept || !(p.After < 0.7*p.Before) || !(p.HeldAfter < p.HeldBefore) {
				t.Errorf("%+v, %t", p, ok)
			}
			want := fileIn(t, r.Dir, modelFile)

			stopped, _ := startsRun(t, c)
			ctx, cancel := context.WithCancel(context.Background())
			if err := stopped.Train(ctx, backend, func(e Event) {
				if e.Iteration == c.Iterations {
					cancel()
				}
			}); err == nil {
				t.Fatal("not stopped in the polish")
			}
			stopped.Close()
			if bytes.Equal(fileIn(t, stopped.Dir, modelFile), want) {
				t.Fatal("the polish is in the model though it was stopped")
			}
			for range 2 { // the second time there is nothing left to do
				again, err := ResumeRun(stopped.Dir, Resumption{})
				if err != nil {
					t.Fatal(err)
				}
				if err := again.Train(context.Background(), backend); err != nil {
					t.Fatal(err)
				}
				if got, ok := again.Polished(); !ok || got != p {
					t.Errorf("the run that was stopped was polished %+v, the other %+v", got, p)
				}
				again.Close()
				if !bytes.Equal(fileIn(t, stopped.Dir, modelFile), want) {
					t.Error("the model is another than that of the run that was not stopped")
				}
			}
		})
	}
}

// TestPolishOfLonger: a run that is made longer goes on from its iterations, and is polished at its new end.
func TestPolishOfLonger(t *testing.T) {
	c := startsConfig(swings(t, 8, 0), "full", "first")
	c.Schedule, c.Polish, c.Iterations, c.Patience = "constant", 5, 20, 0
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	short, _ := startsRun(t, c)
	if err := short.Train(context.Background(), backend); err != nil {
		t.Fatal(err)
	}
	short.Close()
	longer, err := ResumeRun(short.Dir, Resumption{Iterations: 30})
	if err != nil {
		t.Fatal(err)
	}
	defer longer.Close()
	if _, ok := longer.Polished(); ok {
		t.Error("the run was polished before its end")
	}
	if err := longer.Train(context.Background(), backend); err != nil {
		t.Fatal(err)
	}
	c.Iterations = 30
	whole, _ := startsRun(t, c)
	if err := whole.Train(context.Background(), backend); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fileIn(t, longer.Dir, modelFile), fileIn(t, whole.Dir, modelFile)) {
		t.Error("the model is another than that of a run that was so long from the start")
	}
}

func fileIn(t *testing.T, dir, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestPolishKeepsStarts: where a polish searches no starts, as of segments, and where iterations came to none of some
// series, the model still knows where those begin that it was trained on.
func TestPolishKeepsStarts(t *testing.T) {
	var text strings.Builder
	text.WriteString("t,x\n")
	for k := range 600 {
		fmt.Fprintf(&text, "%v,%v\n", k, math.Sin(float64(k)))
	}
	long := filepath.Join(t.TempDir(), "long.csv")
	if err := os.WriteFile(long, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	segments := startsConfig(long, "shooting", learntStart)
	segments.Validation, segments.Patience = 0, 0
	few := startsConfig(swings(t, 8, 0), "full", learntStart)
	few.Batch, few.Validation, few.Patience = 2, 0, 0
	for name, c := range map[string]Config{"segments": segments, "more series than were seen": few} {
		t.Run(name, func(t *testing.T) {
			c.Iterations, c.Polish = 2, 2
			r, backend := startsRun(t, c)
			if err := r.Train(context.Background(), backend); err != nil {
				t.Fatal(err)
			}
			if p, ok := r.Polished(); !ok || !p.Kept {
				t.Fatalf("%+v, %t", p, ok)
			}
			unknown := func(m *Model) int { return m.Unknown(r.Training().Series) }
			r.Close()
			again, err := ResumeRun(r.Dir, Resumption{})
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			if n, of := unknown(r.Model), unknown(again.Model); n != 0 || of != 0 {
				t.Errorf("%d series are unknown to the model, %d when it goes on", n, of)
			}
		})
	}
}

// TestPolishFromNowhere: where the last update made a net whose solves fail, there is nothing to polish, and the run ends
// as it is, once for all.
func TestPolishFromNowhere(t *testing.T) {
	c := startsConfig(swings(t, 8, 0), "full", "first")
	c.Iterations, c.Polish, c.Rate, c.Schedule, c.Patience, c.MaxSteps = 1, 5, 1e3, "constant", 0, 14
	r, backend := startsRun(t, c)
	if err := r.Train(context.Background(), backend); err != nil {
		t.Fatal(err)
	}
	p, ok := r.Polished()
	if !ok || p.Kept || !math.IsNaN(p.After) {
		t.Errorf("%+v, %t", p, ok)
	}
	r.Close()
	again, err := ResumeRun(r.Dir, Resumption{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, ok := again.Polished(); !ok {
		t.Error("a run that goes on would polish it again")
	}
}
