package train

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"neuralode/atomicfile"
)

// configDocument is config.json.
type configDocument struct {
	Config
	DataSHA256 string `json:"data_sha256,omitempty"` // of a data file, so that a resumed run sees the same data
	Version    string `json:"version"`
}

// HoldsRun reports whether the folder holds a run.
func HoldsRun(dir string) bool {
	for _, name := range []string{configFile, stateFile, modelFile, metricsFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// create makes the folder with the configuration and a checkpoint of iteration 0. Where that fails nothing of them stays.
func (r *Run) create(doc configDocument) error {
	_, missing := os.Stat(r.Dir)
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	err := r.writeConfig(doc)
	if err == nil {
		err = r.saveCheckpoint(r.state)
	}
	if err != nil {
		r.abandon(missing != nil)
	}
	return err
}

// abandon removes the files of a run that has not begun, and its folder where that was made for it. What cannot be
// removed stays: the error that led here matters more.
func (r *Run) abandon(folder bool) {
	for _, name := range []string{configFile, stateFile, modelFile} {
		_ = os.Remove(filepath.Join(r.Dir, name))
	}
	if folder {
		_ = os.Remove(r.Dir)
	}
}

func (r *Run) writeConfig(doc configDocument) error {
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return atomicfile.Write(filepath.Join(r.Dir, configFile), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// OpenRun reads a run from its folder, with the parameters of its model file, ready to be evaluated or drawn. It fails when
// a file is missing or damaged, or when a data file is not what it was.
func OpenRun(dir string) (*Run, error) {
	r, err := openRun(dir)
	if err != nil {
		return nil, err
	}
	return r, r.readModel()
}

// ResumeRun reads a run from its folder, with parameters and progress of its last checkpoint, ready to be trained on; it
// fails as OpenRun does, but needs no model file, and goes on without the losses so far where metrics.csv is not there.
// Temporary files that a killed process left in the folder are removed. iterations above zero are a new number of iterations in all, at least as
// many as are done: the run ends as one that had it from the start.
func ResumeRun(dir string, iterations int) (*Run, error) {
	r, err := openRun(dir)
	if err != nil {
		return nil, err
	}
	if r.state, err = loadCheckpoint(dir, len(r.Model.Theta)); err != nil {
		return nil, err
	}
	r.Model.Theta, r.Done = r.state.Theta, int(r.state.Step)
	if _, err := completeRows(filepath.Join(dir, metricsFile), r.Done); err != nil {
		return nil, err
	}
	if err := atomicfile.Sweep(dir); err != nil {
		return nil, err
	}
	if iterations == 0 || iterations == r.Config.Iterations {
		return r, nil
	}
	if iterations < r.Done {
		return nil, fmt.Errorf("train: the run in %s has done %d iterations, want at least as many, got %d", dir, r.Done, iterations)
	}
	r.Config.Iterations = iterations
	return r, r.rewrite(func(doc *configDocument) { doc.Iterations = iterations })
}

// openRun reads configuration and data, and makes the model as it was before the training.
func openRun(dir string) (*Run, error) {
	doc, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	r, want := &Run{Dir: dir, Config: doc.Config}, doc.DataSHA256
	if err := r.loadData(&doc); err != nil {
		return nil, err
	}
	if doc.DataSHA256 != want {
		return nil, fmt.Errorf("train: %s is not the file that the run in %s began with", r.Config.Data, dir)
	}
	r.Model, err = newModel(r.Config, r.Data)
	return r, err
}

func readConfig(dir string) (doc configDocument, err error) {
	path := filepath.Join(dir, configFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return doc, fmt.Errorf("train: %s holds no run: %w", dir, err)
	}
	doc.Task = "auto" // older runs do not say
	if err := json.Unmarshal(text, &doc); err != nil {
		return doc, fmt.Errorf("train: %s: %w", path, err)
	}
	if err := doc.Check(); err != nil {
		return doc, fmt.Errorf("train: %s: %w", path, err)
	}
	return doc, nil
}

// readModel takes the parameters from the model file.
func (r *Run) readModel() error {
	path := filepath.Join(r.Dir, modelFile)
	m, err := LoadModel(path)
	if err != nil {
		return err
	}
	if !slices.Equal(m.Net.Sizes, r.Model.Net.Sizes) || len(m.Theta) != len(r.Model.Theta) {
		return fmt.Errorf("train: %s has sizes %v, the run %v", path, m.Net.Sizes, r.Model.Net.Sizes)
	}
	r.Model.Theta = m.Theta
	return nil
}

// rewrite changes config.json.
func (r *Run) rewrite(change func(*configDocument)) error {
	doc, err := readConfig(r.Dir)
	if err != nil {
		return err
	}
	change(&doc)
	return r.writeConfig(doc)
}
