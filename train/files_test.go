package train

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neuralode/safetensors"
	"neuralode/solver"
)

// TestFilesPage holds docs/files.md to the files of a run: their names, the metadata and tensors of the model and the state,
// the columns of the metrics.
func TestFilesPage(t *testing.T) {
	text, err := os.ReadFile("../docs/files.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	dir, c := filepath.Join(t.TempDir(), "run"), DefaultConfig()
	c.Data, c.Scale, c.Readout, c.Loss = filepath.Join(t.TempDir(), "table.csv"), "standard", "linear", "mse"
	c.Hidden, c.Batch, c.Validation, c.Patience, c.Iterations = []int{4}, 4, 0.5, 3, 20
	table := "a,b,y\n1,2,3.5\n2,1,4.5\n3,5,1.5\n0,1,2.5\n4,4,0.5\n2,2,9.5\n5,1,7.5\n1,1,3.25\n"
	if err := os.WriteFile(c.Data, []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := NewRun(dir, c, solver.Reference(), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Train(t.Context(), solver.Reference()); err != nil {
		t.Fatal(err)
	}
	names := slices.Clone(metricsHeader)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != lockFile {
			names = append(names, e.Name())
		}
	}
	for _, file := range []string{modelFile, stateFile, samplesFile, historyFile} {
		names = append(names, namesIn(t, filepath.Join(dir, file))...)
	}
	for _, name := range names {
		for _, layer := range []string{"layers.0.", "layers.1."} {
			name = strings.Replace(name, layer, "layers.I.", 1)
		}
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/files.md does not have %s", name)
		}
	}
}

// namesIn are the tensors and the metadata of a file.
func namesIn(t *testing.T, path string) []string {
	t.Helper()
	file, err := safetensors.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Collect(maps.Keys(file.Tensors))
	for key := range file.Metadata {
		names = append(names, key)
	}
	return names
}
