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

// TestFilesPage holds docs/files.md to the files of runs of a table and of series: their names, the metadata and
// tensors of the model and the state, the columns of the metrics.
func TestFilesPage(t *testing.T) {
	text, err := os.ReadFile("../docs/files.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	table := DefaultConfig()
	table.Scale, table.Readout, table.Loss, table.Validation = "standard", "linear", "mse", 0.5
	series, latent := SeriesDefaults(""), SeriesDefaults("")
	latent.Latent, latent.SecondOrder, latent.Readout, latent.Constants = 4, true, "mlp", []string{"m"}
	latent.Inputs, latent.HoldInputs = []string{"w"}, true
	latent.LiftHidden, latent.ReadoutHidden = []int{4}, []int{4}
	for _, x := range []struct {
		c    Config
		data string
	}{
		{table, "a,b,y\n1,2,3.5\n2,1,4.5\n3,5,1.5\n0,1,2.5\n4,4,0.5\n2,2,9.5\n5,1,7.5\n1,1,3.25\n"},
		{latent, "id,t,a,b,m,w\nu,0,1,2,5,1\nu,1,2,1,5,2\nu,2,1,2,5,\nv,0,2,2,6,3\nv,2,3,1,6,\nv,3,2,2,6,1\n"},
		{series, "id,t,a,b\nu,0,1,2\nu,1,2,1\nu,2,1,2\nv,0,2,2\nv,2,3,1\nv,3,2,2\n"},
	} {
		x.c.Hidden, x.c.Batch, x.c.Patience, x.c.Iterations = []int{4}, 4, 3, 20
		for _, name := range filesAndNames(t, x.c, x.data) {
			for _, layer := range []string{"layers.0.", "layers.1."} {
				name = strings.Replace(name, layer, "layers.I.", 1)
			}
			for _, of := range []string{"readout.", "lift."} {
				name = strings.Replace(strings.Replace(name, of+"0.", of+"I.", 1), of+"1.", of+"I.", 1)
			}
			if !strings.Contains(page, "`"+name+"`") {
				t.Errorf("docs/files.md does not have %s of %s", name, x.c.Task)
			}
		}
	}
}

// filesAndNames trains and returns the names of the files of the run, and those within them.
func filesAndNames(t *testing.T, c Config, data string) []string {
	t.Helper()
	c.Data = filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(c.Data, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
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
		if e.Name() == lockFile {
			continue
		}
		names = append(names, e.Name())
		if filepath.Ext(e.Name()) == ".safetensors" {
			names = append(names, namesIn(t, filepath.Join(dir, e.Name()))...)
		}
	}
	return names
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
