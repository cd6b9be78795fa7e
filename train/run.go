package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"neuralode/atomicfile"
	"neuralode/dataset"
	"neuralode/solver"
)

// Run is a training with its folder: a configuration, the data, and the model as the last checkpoint has it.
type Run struct {
	Dir    string
	Config Config
	Data   *dataset.Dataset
	Model  *Model
	Done   int // iterations the last checkpoint covers

	state solver.OptimizerState
}

// configDocument is config.json.
type configDocument struct {
	Config
	DataSHA256 string `json:"data_sha256,omitempty"` // of a data file, so that a resumed run sees the same data
	Version    string `json:"version"`
}

// ErrHoldsRun says that a folder for a new run already holds one.
var ErrHoldsRun = errors.New("holds a run already: continue it with --resume, or choose another --out")

// NewRun prepares a new run in dir, which it makes: the data are read or made, θ is drawn, the first checkpoint is
// written. It fails with ErrHoldsRun where dir holds a run, before anything is written.
func NewRun(dir string, c Config, version string) (*Run, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if HoldsRun(dir) {
		return nil, fmt.Errorf("train: %s %w", dir, ErrHoldsRun)
	}
	r := &Run{Dir: dir, Config: c}
	doc := configDocument{Version: version}
	if err := r.loadData(&doc); err != nil {
		return nil, err
	}
	model, err := newModel(r.Config, r.Data)
	if err != nil {
		return nil, err
	}
	r.Model = model
	r.state = solver.NewOptimizerState(model.Theta)
	doc.Config = r.Config
	return r, r.create(doc)
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

// loadData makes the data set, or reads it and fixes where and what it is.
func (r *Run) loadData(doc *configDocument) (err error) {
	c := &r.Config
	if c.made() {
		r.Data, err = dataset.Generate(c.Data, c.Samples, c.Noise, stream(c.Seed, dataStream, 0))
		return err
	}
	if c.Data, err = filepath.Abs(c.Data); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if r.Data, err = ReadData(c.Data, c.Label, nil); err != nil {
		return err
	}
	doc.DataSHA256, err = fileHash(c.Data)
	return err
}

// made reports whether the data set is made rather than read.
func (c Config) made() bool { return c.Data == "spiral" || c.Data == "circle" }

// ReadData reads a labelled CSV or .npy file; label names its column, "" the last. classes, when not nil, are the names
// of the classes of the data a model was trained with.
func ReadData(path, label string, classes []string) (*dataset.Dataset, error) {
	o := dataset.Options{Classes: classes}
	if label != "" {
		o.Labels = []string{label}
	}
	return dataset.ReadFile(path, o)
}

func fileHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("train: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("train: %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// create makes the folder with the configuration and a checkpoint of iteration 0.
func (r *Run) create(doc configDocument) error {
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	err = atomicfile.Write(filepath.Join(r.Dir, configFile), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
	if err != nil {
		return err
	}
	return r.saveCheckpoint(r.state)
}

// OpenRun reads a run from its folder, ready to be resumed, evaluated or drawn. It fails when a file is missing or
// damaged, or when a data file is not what it was.
func OpenRun(dir string) (*Run, error) {
	path := filepath.Join(dir, configFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("train: %s holds no run: %w", dir, err)
	}
	var doc configDocument
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	if err := doc.Check(); err != nil {
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	r, want := &Run{Dir: dir, Config: doc.Config}, doc.DataSHA256
	if err := r.loadData(&doc); err != nil {
		return nil, err
	}
	if doc.DataSHA256 != want {
		return nil, fmt.Errorf("train: %s is not the file that the run in %s began with", r.Config.Data, dir)
	}
	if r.Model, err = newModel(r.Config, r.Data); err != nil {
		return nil, err
	}
	if r.state, err = loadCheckpoint(dir, len(r.Model.Theta)); err != nil {
		return nil, err
	}
	r.Model.Theta, r.Done = r.state.Theta, int(r.state.Step)
	return r, nil
}

// Losses are the run's iterations so far and their losses, from metrics.csv.
func (r *Run) Losses() (iterations []int, losses []float64, err error) {
	return ReadLosses(filepath.Join(r.Dir, metricsFile))
}

// Train runs the iterations that are left on the backend and shows each to the observers. Checkpoints are written every
// Config.CheckpointEvery iterations, at the end, and when ctx ends; the error is then ctx's. A numerical failure is a
// *FailedError, and the last checkpoint stays.
func (r *Run) Train(ctx context.Context, backend solver.Backend, observers ...Observer) (err error) {
	spec, err := r.Config.Spec()
	if err != nil {
		return err
	}
	program, err := backend.Compile(r.Model.Solver, spec)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, program.Close()) }()
	session, err := program.Train(r.Model.data(r.Data), r.Config.optimizer(), r.state)
	if err != nil {
		return err
	}
	m, err := openMetrics(filepath.Join(r.Dir, metricsFile), r.Done)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	l := &loop{run: r, session: session, metrics: m, observers: observers, start: time.Now(),
		sampler: newSampler(r.Config.Seed, r.Data.Len(), r.Config.Batch)}
	return l.train(ctx)
}
