package ensemble

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"neuralode/dataset"
	"neuralode/solver"
)

// TestRange cuts any number of samples into shards side by side, whose lengths differ by one at most.
func TestRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, of := rapid.IntRange(0, 10_000_000_000).Draw(t, "n"), rapid.IntRange(1, 300).Draw(t, "of")
		at := 0
		for k := range of {
			from, to := Shard{k, of}.Range(n)
			if from != at || to-from < n/of || to-from > n/of+1 {
				t.Fatalf("shard %d of %d of %d samples: %d to %d, want from %d on", k, of, n, from, to, at)
			}
			at = to
		}
		if at != n {
			t.Fatalf("shards end at %d of %d", at, n)
		}
	})
}

// TestParse reads what people and schedulers say.
func TestParse(t *testing.T) {
	slurm := map[string]string{"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "64"}
	indexed := map[string]string{"JOB_COMPLETION_INDEX": "5"}
	for _, c := range []struct {
		text string
		env  map[string]string
		want Shard
	}{
		{"0/1", nil, Shard{0, 1}}, {"3/64", slurm, Shard{3, 64}}, {"auto", slurm, Shard{6, 64}},
		{"auto/64", slurm, Shard{6, 64}},
		{"auto/8", indexed, Shard{5, 8}}, {"/8", indexed, Shard{5, 8}},
		{"auto/12", map[string]string{"SLURM_ARRAY_TASK_ID": "11"}, Shard{11, 12}},
	} {
		got, err := Parse(c.text, func(key string) string { return c.env[key] })
		if err != nil || got != c.want {
			t.Errorf("%q in %v: %v, %v, want %v", c.text, c.env, got, err, c.want)
		}
	}
	for text, env := range map[string]map[string]string{
		"": nil, "3": nil, "64/64": nil, "-1/4": nil, "1/0": nil, "a/b": nil, "1/2/3": nil,
		"auto": indexed, "auto/4": indexed,
		"auto/63": slurm, "auto/64": nil, "auto/2": {"SLURM_ARRAY_TASK_ID": "x"}, "0/9999999999": nil,
	} {
		if s, err := Parse(text, func(key string) string { return env[key] }); err == nil {
			t.Errorf("%q in %v is taken for %v", text, env, s)
		}
	}
}

var solved = Solve{Identity: "that", Arithmetic: "amd64/avx2", Samples: 10, Dim: 2, Times: []float64{0, 0.5, 1},
	Round: []dataset.Rounding{{}}}

// partOf has numbers by which its samples are told.
func partOf(s Shard) *Part {
	p := &Part{Solve: solved, Shard: s}
	from, to := s.Range(solved.Samples)
	for i := from; i < to; i++ {
		for k := range 6 {
			p.States = append(p.States, float64(10*i+k)+0.25)
		}
		p.Stats = append(p.Stats, solver.Stats{NFE: 7, Accepted: 1, Rejected: 2})
	}
	return p
}

// parts writes all of so many shards.
func parts(t *testing.T, out string, of int) {
	t.Helper()
	for k := range of {
		s := Shard{k, of}
		if err := partOf(s).Write(s.Path(out)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestJoin writes what one shard of all samples has, in both formats; of more shards than samples too.
func TestJoin(t *testing.T) {
	for _, name := range []string{"states.npy", "states.csv", "with [brackets]*.npy"} {
		var want bytes.Buffer
		w, _ := newWriter(name, &want, solved)
		if err := errors.Join(w.Write(partOf(Shard{0, 1}).States), w.Close()); err != nil {
			t.Fatal(err)
		}
		for _, of := range []int{1, 3, 10, 13} {
			out := filepath.Join(t.TempDir(), name)
			parts(t, out, of)
			var got bytes.Buffer
			j, err := Join(out, &got)
			if err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Errorf("%s of %d shards: %v, another file", name, of, err)
				continue
			}
			if j.Shards != of || j.Samples != 10 || j.NFE != 70 || j.Steps != 30 || len(j.Arithmetic) != 1 {
				t.Errorf("%+v", j)
			}
		}
	}
}

// TestJoinRefuses what is not the parts of one ensemble, and says which are missing.
func TestJoinRefuses(t *testing.T) {
	join := func(out string) string {
		_, err := Join(out, &bytes.Buffer{})
		if err == nil {
			return ""
		}
		return err.Error()
	}
	out := filepath.Join(t.TempDir(), "s.npy")
	if said := join(out); !strings.Contains(said, "no parts") {
		t.Error(said)
	}
	parts(t, out, 4)
	second := Shard{2, 4}.Path(out)
	text, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(text)
	flipped[len(flipped)-50] ^= 1
	for what, content := range map[string][]byte{
		"truncated": text[:len(text)-5], "empty": {}, "of another bit": flipped,
	} {
		if err := os.WriteFile(second, content, 0o644); err != nil {
			t.Fatal(err)
		}
		if said := join(out); !strings.Contains(said, "of 4 shards 2 are missing or damaged") {
			t.Errorf("a part that is %s: %q", what, said)
		}
		if done, err := Done(second, Shard{2, 4}, solved); done || err != nil {
			t.Errorf("a part that is %s is done: %v", what, err)
		}
	}
	other := partOf(Shard{2, 4})
	other.Identity = "another"
	if err := other.Write(second); err != nil {
		t.Fatal(err)
	}
	if said := join(out); !strings.Contains(said, "another solve") {
		t.Error(said)
	}
	if done, err := Done(second, Shard{2, 4}, solved); done || err == nil {
		t.Error("a part of another ensemble would be lost")
	}
	if done, err := Done(Shard{1, 4}.Path(out), Shard{1, 4}, solved); !done || err != nil {
		t.Errorf("a part is not taken: %v", err)
	}
	parts(t, out, 2)
	if said := join(out); !strings.Contains(said, "[2 4] shards") {
		t.Error(said)
	}
	if _, err := Read(out + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
