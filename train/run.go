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
	"slices"
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
// written. It fails with ErrHoldsRun where dir holds a run, and where the backend refuses the model, before anything is
// written.
func NewRun(dir string, c Config, backend solver.Backend, version string) (*Run, error) {
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
	if err := r.accepted(backend); err != nil {
		return nil, err
	}
	r.state = solver.NewOptimizerState(model.Theta)
	doc.Config = r.Config
	return r, r.create(doc)
}

// compile prepares the run's model on the backend.
func (r *Run) compile(backend solver.Backend) (solver.Program, error) {
	spec, err := r.Config.Spec()
	if err != nil {
		return nil, err
	}
	return backend.Compile(r.Model.Solver, spec)
}

// accepted reports what the backend has against model or spec.
func (r *Run) accepted(backend solver.Backend) error {
	program, err := r.compile(backend)
	if err != nil {
		return err
	}
	return program.Close()
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
	if r.Data, err = c.readData(); err != nil {
		return err
	}
	doc.DataSHA256, err = fileHash(c.Data)
	return err
}

// made reports whether the data set is made rather than read.
func (c Config) made() bool { return c.Data == "spiral" || c.Data == "circle" }

// readData reads the labelled file. Whole numbers that could be classes are numbers under the loss mse.
func (c Config) readData() (*dataset.Dataset, error) {
	o := labelled(c.Label)
	o.Task = map[string]dataset.Task{"classification": dataset.Classification, "regression": dataset.Regression}[c.Task]
	d, err := dataset.ReadFile(c.Data, o)
	if err == nil && c.Task == "auto" && c.Loss == "mse" && d.Task == dataset.MultiClass {
		o.Task = dataset.Regression
		return dataset.ReadFile(c.Data, o)
	}
	return d, err
}

// ReadData reads a labelled CSV or .npy file to compare the model with; label names its column, "" the last. Labels are
// classes of the model's, or numbers where it has none.
func (m *Model) ReadData(path, label string) (*dataset.Dataset, error) {
	o := labelled(label)
	if o.Classes = m.Classes; len(m.Classes) == 0 {
		o.Task = dataset.Regression
	}
	return dataset.ReadFile(path, o)
}

func labelled(label string) (o dataset.Options) {
	if label != "" {
		o.Labels = []string{label}
	}
	return o
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
	if err := r.writeConfig(doc); err != nil {
		return err
	}
	return r.saveCheckpoint(r.state)
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
// fails as OpenRun does, but needs no model file. iterations above zero are a new number of iterations in all, at least as
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

// Losses are the run's iterations so far and their losses, from metrics.csv.
func (r *Run) Losses() (iterations []int, losses []float64, err error) {
	return ReadLosses(filepath.Join(r.Dir, metricsFile))
}

// Train runs the iterations that are left, of a new run or of one from [ResumeRun], on the backend and shows each to the observers. Checkpoints are written every
// Config.CheckpointEvery iterations, at the end, and when ctx ends; the error is then ctx's. A numerical failure is a
// *FailedError, and the last checkpoint stays.
func (r *Run) Train(ctx context.Context, backend solver.Backend, observers ...Observer) (err error) {
	program, err := r.compile(backend)
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
