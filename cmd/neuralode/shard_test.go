//go:build unix

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// manyPoints writes so many points of two features.
func manyPoints(t *testing.T, n int) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("x1,x2\n")
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		fmt.Fprintf(&text, "%g,%g\n", r.NormFloat64(), r.NormFloat64())
	}
	return write(t, "points.csv", text.String())
}

// TestShards solves points in 64 shards by three workers, of which each takes the next that is left, and one in a
// process that is killed: the joined files are those of one process.
func TestShards(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, tiny("--out", dir)...)
	points := manyPoints(t, 1000)
	for _, name := range []string{"states.npy", "states.csv"} {
		folder := t.TempDir()
		out, want := filepath.Join(folder, name), filepath.Join(t.TempDir(), name)
		solve := func(more ...string) []string {
			return append([]string{"solve", dir, "--points", points, "--times", "0.25,1", "--device", "cpu"}, more...)
		}
		succeed(t, solve("--out", want)...)
		p, _ := program(t, solve("--out", out, "--shard", "5/64")...)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		_ = p.Process.Kill()
		_ = p.Wait()
		status, _, said := call(t, "join", out)
		if status != 1 || !strings.Contains(said, "of 64 shards") && !strings.Contains(said, "no parts") {
			t.Errorf("joined without parts: %d, %s", status, said)
		}
		shards := make(chan int)
		var workers sync.WaitGroup
		for range 3 {
			workers.Go(func() {
				for k := range shards {
					succeed(t, solve("--out", out, "--shard", fmt.Sprintf("%d/64", k))...)
				}
			})
		}
		for k := range 64 {
			shards <- k
		}
		close(shards)
		workers.Wait()
		if said := succeed(t, "join", out); !strings.Contains(said, "1000 samples of 64 shards") {
			t.Error(said)
		}
		if !bytes.Equal(readFile(t, out), readFile(t, want)) {
			t.Errorf("%s of 64 shards is another file", name)
		}
		if _, _, said := call(t, solve("--out", out, "--shard", "7/64")...); !strings.Contains(said, "is there") {
			t.Errorf("a part is solved again: %s", said)
		}
		status, _, said = call(t, solve("--out", out, "--shard", "7/64", "--rtol", "1e-4")...)
		if status != 1 || !strings.Contains(said, "another solve") {
			t.Errorf("a part of another solve is lost: %d, %s", status, said)
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestWrongShards are wrong use, or say what fails.
func TestWrongShards(t *testing.T) {
	points := manyPoints(t, 3)
	for _, more := range [][]string{
		{"--shard", "1/2"}, {"--shard", "2/2", "--out", "a.npy"}, {"--shard", "x", "--out", "a.npy"},
		{"--shard", "auto/4", "--out", "a.npy"}, {"--shard", "0/2", "--out", "a.txt"},
	} {
		args := append([]string{"solve", "model.safetensors", "--points", points}, more...)
		if status, _, said := call(t, args...); status != 2 {
			t.Errorf("%v: status %d, %s", more, status, said)
		}
	}
	for _, args := range [][]string{{"join"}, {"join", "-"}, {"join", "a.txt"}} {
		if status, _, said := call(t, args...); status != 2 {
			t.Errorf("%v: status %d, %s", args, status, said)
		}
	}
	status, _, said := call(t, "join", filepath.Join(t.TempDir(), "a.npy"))
	if status != 1 || !strings.Contains(said, "no parts") {
		t.Errorf("status %d, %s", status, said)
	}
}
