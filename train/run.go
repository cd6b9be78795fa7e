package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

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
	if err := r.checkMemory(); err != nil {
		return nil, err
	}
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

// checkMemory reports a training that memory has no room for.
func (r *Run) checkMemory() error {
	spec, err := r.Config.Spec()
	if err != nil {
		return err
	}
	return r.Model.CheckTraining(spec, r.Data.Len(), r.Config.Batch)
}

// accepted reports what the backend has against model or spec.
func (r *Run) accepted(backend solver.Backend) error {
	program, err := r.compile(backend)
	if err != nil {
		return err
	}
	return program.Close()
}

// Losses are the run's iterations so far and their losses, from metrics.csv.
func (r *Run) Losses() (iterations []int, losses []float64, err error) {
	return ReadLosses(filepath.Join(r.Dir, metricsFile))
}

// Train runs the iterations that are left, of a new run or of one from [ResumeRun], on the backend and shows each to the observers. Checkpoints are written every
// Config.CheckpointEvery iterations, at the end, and when ctx ends; the error is then ctx's. A numerical failure is a
// *FailedError, and the last checkpoint stays.
func (r *Run) Train(ctx context.Context, backend solver.Backend, observers ...Observer) (err error) {
	if err := r.checkMemory(); err != nil {
		return err
	}
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
