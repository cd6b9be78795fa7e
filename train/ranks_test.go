package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"neuralode/ranks"
	"neuralode/ranks/rankstest"
	"neuralode/solver"
	"neuralode/solver/cpu"
)

// crew has ranks within this process; those from 1 on follow.
type crew struct {
	lead Ranks
	errs []error
	wait sync.WaitGroup
}

func openCPU(solver.Spec) (solver.Backend, error) { return cpu.New(cpu.Options{Workers: 1}) }

var tested = Program{Version: "tested"}

// crewOf has so many ranks, whose peers are as peer says.
func crewOf(n int, peer func(rank int) Peer) *crew {
	links := rankstest.Links(n)
	c := &crew{lead: Ranks{ranks.Join(links[0])}, errs: make([]error, n)}
	for rank := 1; rank < n; rank++ {
		c.wait.Go(func() { c.errs[rank] = Ranks{ranks.Join(links[rank])}.Follow(peer(rank)) })
	}
	return c
}

func (c *crew) end(t *testing.T) {
	t.Helper()
	if err := c.lead.Group.End(); err != nil {
		t.Fatal(err)
	}
	c.wait.Wait()
	if err := errors.Join(c.errs...); err != nil {
		t.Errorf("other ranks: %v", err)
	}
}

// alike are peers with a configuration.
func alike(c Config) func(int) Peer {
	return func(int) Peer { return Peer{Config: &c, Open: openCPU, Program: tested} }
}

func trainIn(t *testing.T, n int, dir string, c Config) {
	t.Helper()
	crew := crewOf(n, alike(c))
	defer crew.end(t)
	backend, _ := openCPU(solver.Spec{})
	r, err := crew.lead.NewRun(dir, c, backend, tested)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Train(context.Background(), backend); err != nil {
		t.Fatal(err)
	}
}

// sameModel compares the models of two runs to the bit, and the losses of their iterations.
func sameModel(t *testing.T, a, b string) {
	t.Helper()
	read := func(dir string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, modelFile))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if !bytes.Equal(read(a), read(b)) {
		t.Errorf("the models of %s and %s differ", filepath.Base(a), filepath.Base(b))
	}
	if x, y := losses(t, a), losses(t, b); x != y {
		t.Errorf("the losses of %s and %s differ:\n%s\n%s", filepath.Base(a), filepath.Base(b), x, y)
	}
}

func losses(t *testing.T, dir string) string {
	t.Helper()
	r, err := OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	training, held, err := r.BothLosses()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x %x %v", training.Values, held.Values, held.Iterations)
}

// TestRunsInRanks trains points, a table with patience, and series seen in windows, in ranks and alone.
func TestRunsInRanks(t *testing.T) {
	points := DefaultConfig()
	points.Samples, points.Iterations, points.Batch, points.Hidden = 60, 12, 100, []int{8}
	patient := points
	patient.Validation, patient.Patience, patient.ValidateEvery, patient.Iterations, patient.Rate = 0.3, 2, 3, 60, 0.3
	series := rankSeries(t)
	for name, c := range map[string]Config{"points": points, "patience": patient, "series": series} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			alone := filepath.Join(dir, "alone")
			trainIn(t, 1, alone, c)
			for _, n := range []int{2, 5} {
				run := filepath.Join(dir, fmt.Sprint(n))
				trainIn(t, n, run, c)
				sameModel(t, alone, run)
			}
		})
	}
}

// rankSeries is a short training on series whose windows grow.
func rankSeries(t *testing.T) Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "series.csv")
	var text strings.Builder
	text.WriteString("id,t,a,b\n")
	for id := range 6 {
		for row := range 25 {
			x := float64(row)/3 + float64(id)/5
			fmt.Fprintf(&text, "%d,%g,%g,%g\n", id, float64(row)/3, 2*x-x*x/4, 1-x/3)
		}
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	c := SeriesDefaults(path)
	c.Iterations, c.Hidden, c.Batch, c.ID, c.TimeColumn, c.ValidateEvery = 20, []int{6}, 40, "id", "t", 4
	return c
}

// TestResumeInOtherRanks stops a run of three ranks and goes on with two, and alone.
func TestResumeInOtherRanks(t *testing.T) {
	c := DefaultConfig()
	c.Samples, c.Iterations, c.Batch, c.Hidden, c.CheckpointEvery = 60, 12, 100, []int{8}, 4
	dir := t.TempDir()
	alone, run := filepath.Join(dir, "alone"), filepath.Join(dir, "run")
	trainIn(t, 1, alone, c)
	backend, _ := openCPU(solver.Spec{})
	stopAt := func(r *Run, iteration int) {
		ctx, cancel := context.WithCancel(context.Background())
		err := r.Train(ctx, backend, func(e Event) {
			if e.Iteration == iteration {
				cancel()
			}
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		r.Close()
	}
	three := crewOf(3, alike(c))
	r, err := three.lead.NewRun(run, c, backend, tested)
	if err != nil {
		t.Fatal(err)
	}
	stopAt(r, 3)
	three.end(t)
	two := crewOf(2, func(int) Peer { return Peer{Open: openCPU, Program: tested} })
	if r, err = ResumeRun(run, Resumption{}); err != nil {
		t.Fatal(err)
	}
	if err := two.lead.Lead(r, backend, tested); err != nil {
		t.Fatal(err)
	}
	stopAt(r, 7)
	two.end(t)
	if r, err = ResumeRun(run, Resumption{}); err != nil {
		t.Fatal(err)
	}
	stopAt(r, 0)
	sameModel(t, alone, run)
}

// TestRanksThatDiffer are refused in one line that names the rank, and leave no folder.
func TestRanksThatDiffer(t *testing.T) {
	c := rankSeries(t)
	text, err := os.ReadFile(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.csv")
	moved := filepath.Join(t.TempDir(), "moved.csv")
	more := append(text[:len(text):len(text)], "7,1,1,1\n7,2,3,4\n"...)
	if err := errors.Join(os.WriteFile(other, more, 0o644), os.WriteFile(moved, text, 0o644)); err != nil {
		t.Fatal(err)
	}
	least := cpu.Levels()[0]
	for name, k := range map[string]struct {
		change func(*Peer)
		want   string
	}{
		"same":          {func(*Peer) {}, ""},
		"data moved":    {func(p *Peer) { p.Config.Data = moved }, ""},
		"learning rate": {func(p *Peer) { p.Config.Rate = 0.25 }, "train: rank 2 has lr 0.25 instead of"},
		"iterations":    {func(p *Peer) { p.Config.Iterations = 7 }, "train: rank 2 has iterations 7 instead of 20"},
		"other data":    {func(p *Peer) { p.Config.Data = other }, "train: rank 2 has other data in " + other},
		"no data":       {func(p *Peer) { p.Config.Data = "/nowhere.csv" }, "train: rank 2 fails: "},
		"version":       {func(p *Peer) { p.Version = "0.1" }, "train: rank 2 runs version 0.1, rank 0 tested"},
		"wrong flags": {func(p *Peer) { p.Config, p.Wrong = nil, errors.New("batch must be at least 1") },
			"train: rank 2 fails: batch"},
		"level": {func(p *Peer) {
			p.Open = func(solver.Spec) (solver.Backend, error) { return cpu.New(cpu.Options{Level: least}) }
		}, "train: rank 2 computes by "},
		"no device": {func(p *Peer) {
			p.Open = func(solver.Spec) (solver.Backend, error) { return nil, errors.New("no GPU") }
		}, "train: rank 2 fails: no GPU"},
	} {
		t.Run(name, func(t *testing.T) {
			crew := crewOf(4, func(rank int) Peer {
				p := alike(c)(rank)
				if rank == 2 {
					k.change(&p)
				}
				return p
			})
			backend, _ := openCPU(solver.Spec{})
			dir := filepath.Join(t.TempDir(), "run")
			r, err := crew.lead.NewRun(dir, c, backend, tested)
			if crew.end(t); k.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				r.Close()
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), k.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %s", err, k.want)
			}
			if exists(dir) {
				t.Error("there is a folder")
			}
		})
	}
}

// TestStartsInRanks: what ranks cannot do is refused before anything is written.
func TestStartsInRanks(t *testing.T) {
	c := startsConfig(swings(t, 3, 0), "shooting", "first")
	crew := crewOf(2, alike(c))
	defer crew.end(t)
	backend, _ := openCPU(solver.Spec{})
	dir := filepath.Join(t.TempDir(), "run")
	if r, err := crew.lead.NewRun(dir, c, backend, tested); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a run %v, error %v", r, err)
	}
	if exists(dir) {
		t.Error("the folder is there")
	}
}
