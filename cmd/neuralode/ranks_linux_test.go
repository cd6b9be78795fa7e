package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"neuralode/mpi/mpitest"
	"neuralode/train"
)

// inRanks is this binary as the program, in ranks.
func inRanks(t *testing.T, i mpitest.Installation, ranks int, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	return asProgram(t, i.Command(deadline(t), ranks, append([]string{os.Args[0]}, args...)...))
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func asProgram(t *testing.T, c *exec.Cmd) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	var said bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = t.TempDir(), &said, &said
	c.Env = append(c.Env, "NEURALODE_TEST_PROGRAM=1")
	return c, &said
}

// shared is a training whose minibatches have eight leaves.
func shared(more ...string) []string {
	return append([]string{"train", "--samples", "200", "--hidden", "8", "--batch", "256", "--iterations", "10",
		"--checkpoint-every", "3", "--device", "cpu", "--no-figures"}, more...)
}

// sharedSeries is one on series, whose windows grow.
func sharedSeries(t *testing.T) []string {
	t.Helper()
	var text strings.Builder
	text.WriteString("id,t,a,b\n")
	for id := range 12 {
		for row := range 30 {
			x := float64(row)/3 + float64(id)/5
			fmt.Fprintf(&text, "%d,%g,%g,%g\n", id, float64(row)/3, 2*x-x*x/4, 1-x/3)
		}
	}
	data := write(t, "series.csv", text.String())
	return []string{"train", "--data", data, "--task", "series", "--hidden", "6", "--batch", "200", "--iterations", "12",
		"--validate-every", "3", "--device", "cpu", "--no-figures"}
}

// TestRanksOfMPI trains in ranks of every MPI that is here: the model is that of one process, to the bit. The
// long form has every number of ranks, gradient, precision and task, by the first library; the others share them.
func TestRanksOfMPI(t *testing.T) {
	found := mpitest.Installations(t)
	series := sharedSeries(t)
	for n, kind := range rankKinds() {
		args := shared(kind.args...)
		if kind.series {
			args = append(series, kind.args...)
		}
		alone := filepath.Join(t.TempDir(), "alone")
		succeed(t, append(args, "--out", alone)...)
		want := modelOf(t, alone)
		for k, i := range found {
			if !mpitest.All() && n != k%2 { // the short form: each of the libraries once
				continue
			}
			some := kind.ranks
			if mpitest.All() && k > 0 {
				some = []int{kind.ranks[(n+k)%len(kind.ranks)]}
			}
			for _, ranks := range some {
				dir := filepath.Join(t.TempDir(), "run")
				c, said := inRanks(t, i, ranks, append(args, "--out", dir)...)
				if err := c.Run(); err != nil || !bytes.Equal(modelOf(t, dir), want) {
					t.Errorf("%s, %d ranks, %v: %v; the model is another: %s", i.Name, ranks, kind.args, err, said)
				}
				if ranks > 1 && !strings.Contains(said.String(), fmt.Sprintf("ranks      %d, by ", ranks)) {
					t.Errorf("%s: no ranks: %s", i.Name, said)
				}
			}
		}
	}
}

type rankKind struct {
	series bool
	args   []string
	ranks  []int
}

func rankKinds() (kinds []rankKind) {
	if !mpitest.All() {
		return []rankKind{{false, nil, []int{3}}, {true, nil, []int{4}}}
	}
	for _, gradient := range gradients {
		for _, precision := range []string{"float32", "float64"} {
			for _, series := range []bool{false, true} {
				kinds = append(kinds, rankKind{series, []string{"--gradient", gradient, "--precision", precision},
					[]int{1, 2, 3, 4, 5, 8}})
			}
		}
	}
	return kinds
}

// TestMixedRanks are refused in one line that names the rank; they leave no run.
func TestMixedRanks(t *testing.T) {
	i := mpitest.Installations(t)[0]
	data := write(t, "a.csv", "x1,x2,label\n0,1,a\n1,0,b\n0.5,1,a\n1,0.25,b\n")
	other := write(t, "b.csv", "x1,x2,label\n0,1,a\n1,0,b\n0.5,1,a\n1,0.75,b\n")
	levels := exec.Command(os.Args[0], "devices")
	levels.Env = append(os.Environ(), "NEURALODE_TEST_PROGRAM=1", "GODEBUG=cpu.avx512f=off,cpu.avx2=off")
	plain, _ := levels.Output()
	for name, c := range map[string]struct {
		first, second []string // what follows the program's name
		env           []string
		want          string
	}{
		"config":  {[]string{"--lr", "0.01"}, []string{"--lr", "0.02"}, nil, "rank 1 has lr 0.02 instead of 0.01, as rank 0 has"},
		"data":    {[]string{"--data", data}, []string{"--data", other}, nil, "rank 1 has other data in " + other},
		"no data": {[]string{"--data", data}, []string{"--data", data + "x.csv"}, nil, "rank 1 fails: "},
		"usage":   {nil, []string{"--batch", "-3"}, nil, "rank 1 fails: batch must be at least 1"},
		"level":   {nil, nil, []string{"env", "GODEBUG=cpu.avx512f=off,cpu.avx2=off"}, "rank 1 computes by "},
	} {
		if name == "level" && !bytes.Contains(plain, []byte("cpu (plain")) || !mpitest.All() && name != "level" {
			continue // a processor whose features cannot be switched off here, or what package train tries too
		}
		dir := filepath.Join(t.TempDir(), "run")
		command := func(env, more []string) []string {
			return append(append(append(env, os.Args[0]), "train", "--iterations", "3", "--no-figures", "--device", "cpu",
				"--out", dir), more...)
		}
		p, said := asProgram(t, i.Mixed(deadline(t), command(nil, c.first), command(c.env, c.second)))
		var lines []string
		err := p.Run()
		for line := range strings.Lines(said.String()) {
			if strings.HasPrefix(line, "neuralode: ") {
				lines = append(lines, line)
			}
		}
		if err == nil || len(lines) != 1 || !strings.Contains(lines[0], c.want) {
			t.Errorf("%s: %v, said %q of %s, want %q", name, err, lines, said, c.want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: there is a run", name)
		}
	}
}

// TestRanksWithoutFolder ends all ranks where rank 0 cannot write: at the beginning, and when its disk is full.
func TestRanksWithoutFolder(t *testing.T) {
	i := mpitest.Installations(t)[0]
	file := write(t, "file", "no folder")
	p, said := inRanks(t, i, 3, shared("--out", filepath.Join(file, "run"))...)
	if err := p.Run(); err == nil || strings.Count(said.String(), "neuralode: ") != 1 {
		t.Errorf("%v: %s", err, said)
	}
	if _, err := exec.LookPath("strace"); err != nil || !mpitest.All() {
		return
	}
	want := filepath.Join(t.TempDir(), "alone")
	succeed(t, shared("--out", want)...)
	dir := filepath.Join(t.TempDir(), "run")
	program := append([]string{os.Args[0]}, shared("--out", dir)...)
	full := append([]string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e",
		"inject=fsync:error=ENOSPC:when=9+", "--"}, program...)
	p, said = asProgram(t, i.Mixed(deadline(t), full, program, program))
	if err := p.Run(); err == nil || strings.Count(said.String(), "neuralode: ") != 1 {
		t.Errorf("a full disk: %v: %s", err, said)
	}
	p, said = inRanks(t, i, 2, "train", "--resume", dir, "--no-figures", "--device", "cpu")
	if err := p.Run(); err != nil || !bytes.Equal(modelOf(t, dir), modelOf(t, want)) {
		t.Errorf("after a full disk: %v: %s", err, said)
	}
}

// TestInterruptedRanks stops a launcher as Ctrl-C does: there is a checkpoint, and the run goes on.
func TestInterruptedRanks(t *testing.T) {
	found := mpitest.Installations(t)
	if !mpitest.All() {
		found = found[:1]
	}
	for _, i := range found {
		dir := filepath.Join(t.TempDir(), "run")
		p, said := inRanks(t, i, 2, shared("--out", dir, "--iterations", "100000", "--checkpoint-every", "100000")...)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		for began := time.Now(); len(readOf(filepath.Join(dir, "metrics.csv"))) < 500 && time.Since(began) < patience; {
			time.Sleep(10 * time.Millisecond)
		}
		if err := p.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		ended(t, p) // with a status of the launcher's
		r, err := train.ResumeRun(dir, train.Resumption{})
		if err != nil {
			t.Fatalf("%s: %v", i.Name, err)
		}
		if r.Close(); r.Done == 0 || r.Done == r.Config.Iterations {
			t.Errorf("%s: the checkpoint is of iteration %d: %s", i.Name, r.Done, said)
		}
	}
}

func readOf(path string) []byte {
	text, _ := os.ReadFile(path)
	return text
}

// TestKilledRanks kills a rank at a random moment and goes on in another number of ranks, again and again, until the
// training is done: the model is that of one process. NEURALODE_MPI_KILLS is how many kills there are at least.
func TestKilledRanks(t *testing.T) {
	found := mpitest.Installations(t)
	if !mpitest.All() {
		t.Skip("takes long")
	}
	kills, err := strconv.Atoi(os.Getenv("NEURALODE_MPI_KILLS"))
	if err != nil {
		kills = 3
	}
	args := shared("--iterations", "400", "--checkpoint-every", "20", "--validation", "0.2")
	alone := filepath.Join(t.TempDir(), "alone")
	succeed(t, append(args, "--out", alone)...)
	want := modelOf(t, alone)
	r := rand.New(rand.NewPCG(1, uint64(kills)))
	done, slowest := 0, time.Duration(0)
	for run := 0; done < kills; run++ {
		dir := filepath.Join(t.TempDir(), fmt.Sprint(run))
		command := append(args, "--out", dir)
		for finished := false; !finished; {
			i, ranks := found[r.IntN(len(found))], 2+r.IntN(4)
			p, said := inRanks(t, i, ranks, command...)
			mark := fmt.Sprintf("NEURALODE_TEST_MARK=%d", r.Uint64())
			p.Env = append(p.Env, mark)
			killed, took := killOne(t, p, mark, done < kills, r)
			finished = !killed && p.ProcessState.Success()
			if killed {
				done++
				slowest = max(slowest, took)
			} else if !finished {
				t.Fatalf("%s, %d ranks: %v: %s", i.Name, ranks, p.ProcessState, said)
			}
			if _, err := os.Stat(filepath.Join(dir, "config.json")); err == nil {
				command = []string{"train", "--resume", dir, "--no-figures", "--device", "cpu"}
			}
		}
		if !bytes.Equal(modelOf(t, dir), want) {
			t.Errorf("after %d kills the model is another", done)
		}
	}
	if slowest > 5*time.Second {
		t.Errorf("a launcher ended %v after a rank was killed", slowest)
	}
	t.Logf("%d kills; the launcher ended after %v at most", done, slowest)
}

// killOne starts a program, kills one of its ranks at a random moment, if it shall and one is still there, and returns
// how long the launcher took to end all.
func killOne(t *testing.T, p *exec.Cmd, mark string, shall bool, r *rand.Rand) (killed bool, took time.Duration) {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if shall {
		time.Sleep(time.Duration(200+r.IntN(1300)) * time.Millisecond)
	}
	if pids := marked(mark); shall && len(pids) > 0 {
		killed = syscall.Kill(pids[r.IntN(len(pids))], syscall.SIGKILL) == nil
	}
	began := time.Now()
	_ = p.Wait()
	return killed && !p.ProcessState.Success(), time.Since(began)
}

// marked are the processes of this binary with a mark in their environment.
func marked(mark string) (pids []int) {
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range all {
		text, err := os.ReadFile(path)
		exe, err2 := os.Readlink(filepath.Join(filepath.Dir(path), "exe"))
		self, _ := os.Executable()
		if err != nil || err2 != nil || exe != self || !bytes.Contains(text, []byte(mark)) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
