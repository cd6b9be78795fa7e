package train

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync/atomic"
	"time"

	"neuralode/dataset"
	"neuralode/solver"
)

// Run is a training with its folder: a configuration, the data, and the model as the last checkpoint has it.
type Run struct {
	Dir    string
	Config Config
	Data   *dataset.Dataset // nil until LoadData in a run from OpenRun
	Model  *Model
	Done   int // iterations the last checkpoint covers

	recipe   recipe // of Config
	state    solver.OptimizerState
	starts   *startTable // that are learnt, of what the last iteration saw; nil where it learnt none
	best     best
	polished *polished // nil before the end, and without a polish
	training []int     // rows, ascending; with held they are all
	held     []int     // rows that the training does not see

	early, late *dataset.Dataset // of series whose ends are held out: what the training sees, and what it does not

	baselineLoss float64
	id           string  // a random name
	dataHash     string  // of the data file
	began        string  // the arithmetic of the run's first iteration
	arithmetic   string  // and of its last
	folder       *folder // nil in a run from OpenRun
	compiled     compiled
	ranks        Ranks
	history      history
	wanted       atomic.Bool // a checkpoint, by Checkpoint
}

// ErrHoldsRun says that a folder for a new run already holds one.
var ErrHoldsRun = errors.New("holds a run already: continue it with --resume, or choose another --out")

// NewRun prepares a new run in dir, which it makes: the data are read or made, θ is drawn, the first checkpoint is
// written. The folder is locked until Close. It fails with ErrHoldsRun where dir holds a run, with ErrInUse where
// another process is about to make one, with a *memory.Error where there is no room, and where the backend refuses the
// model, before anything is written. After an error everything on disk is as it was.
func NewRun(dir string, c Config, backend solver.Backend, version string) (*Run, error) {
	return Ranks{}.NewRun(dir, c, backend, Program{Version: version})
}

// NewNamedRun is NewRun in a folder that is not there yet: name, or else the first of name-2, name-3 and so on.
// Processes that begin runs of the same name at the same time get a folder each.
func NewNamedRun(name string, c Config, backend solver.Backend, version string) (*Run, error) {
	return Ranks{}.NewNamedRun(name, c, backend, Program{Version: version})
}

func newRun(c Config, backend solver.Backend, version string, take func(*Run) (*folder, error)) (*Run, error) {
	r, err := prepare(c)
	if err != nil {
		return nil, err
	}
	r.id, r.began, r.arithmetic = rand.Text(), backend.Arithmetic(), backend.Arithmetic()
	if held := r.Held(); held != nil {
		r.baselineLoss = r.Model.Baseline(r.Training()).Scores(held).Loss
	}
	if err := r.accepted(backend); err != nil {
		return nil, err
	}
	if r.folder, err = take(r); err != nil {
		r.Close()
		return nil, err
	}
	r.Dir = r.folder.dir
	if err := r.create(version); err != nil {
		r.folder.abandon()
		_ = r.compiled.close()
		return nil, err
	}
	r.restoreHistory()
	return r, nil
}

// prepare is a run of a configuration before it has a folder: its data, and the model with the θ that it begins with.
func prepare(c Config) (*Run, error) {
	if c.Freeze == nil {
		c.Freeze = []string{} // config.json has a list
	}
	r := &Run{Config: c}
	err := r.LoadData()
	if err != nil {
		return nil, err
	}
	r.Config.settle(r.Data, len(r.training))
	if r.recipe, err = r.Config.recipe(); err != nil {
		return nil, err
	}
	if r.Model, err = newModel(r.Config, r.recipe.activation, r.learnt(), r.training); err != nil {
		return nil, err
	}
	return r, errors.Join(r.checkStarts(), r.checkMemory())
}

// checkStarts reports the first series without an initial state: trainings come to it late, and scores of them at the
// end.
func (r *Run) checkStarts() error {
	if r.Data.Series == nil {
		return nil
	}
	for _, d := range []*dataset.Dataset{r.learnt(), r.checkable()} {
		if err := r.Model.CheckStarts(d.Series); err != nil {
			return fmt.Errorf("train: %s: %w", r.Config.Data, err)
		}
	}
	return nil
}

// create writes the configuration, which makes the folder a run, and what a run begins with.
func (r *Run) create(version string) error {
	doc := configDocument{Config: r.Config, DataSHA256: r.dataHash, Version: version, Run: r.id, Arithmetic: r.began,
		PerClass: true, BaselineLoss: r.baselineLoss}
	if err := r.folder.create(configFile, doc.write); err != nil {
		return err
	}
	return r.begin()
}

// begin writes the first checkpoint, and what figures show. A kill may come after any file: see restore.
func (r *Run) begin() error {
	r.state = solver.NewOptimizerState(r.Model.Theta)
	r.choose()
	model, err := r.Model.file(r.dtype())
	if err != nil {
		return err
	}
	if samples := r.samples(); samples != nil && !exists(filepath.Join(r.Dir, samplesFile)) {
		if err := r.folder.create(samplesFile, samples.Write); err != nil {
			return err
		}
	}
	if err := r.folder.create(stateFile, r.checkpoint().Write); err != nil {
		return err
	}
	return r.folder.create(modelFile, model.Write)
}

// Close lets other processes write into the run's folder, and frees what was compiled for it. It may be called again.
func (r *Run) Close() {
	_ = r.compiled.close() // of memory that nothing reads any more
	if r.folder != nil {
		unsign(r.folder.lock)
		r.folder.close()
	}
}

// optimizer is that of the configuration with the model's parameters that are frozen.
func (r *Run) optimizer() (o solver.Optimizer, err error) {
	o = r.recipe.optimizer
	o.Frozen, err = solver.Ranges(r.Model.params(), r.Config.Freeze)
	return o, err
}

// checkMemory reports a training that memory has no room for.
func (r *Run) checkMemory() error {
	n := r.Data.Len()
	if r.Data.Series != nil {
		n = r.Data.Series.Rows()
	}
	return r.Model.CheckTraining(r.recipe.spec, n, r.Config.Batch)
}

// accepted reports what the backend has against model, spec or data.
func (r *Run) accepted(backend solver.Backend) error {
	opt, err := r.optimizer()
	if err != nil {
		return err
	}
	start := solver.NewOptimizerState(r.Model.Theta)
	if err := solver.CheckTraining(r.Model.Solver, r.Model.InFieldTime(r.recipe.spec), r.Model.data(r.learnt()), opt,
		start); err != nil {
		return err
	}
	_, err = r.compile(backend)
	return err
}

// OtherArithmetic says in one line that the run will not end in the bits of one that was never stopped, because what it
// has done so far was done on another backend's arithmetic; otherwise it is "".
func (r *Run) OtherArithmetic(backend solver.Backend) string {
	now := backend.Arithmetic()
	const renamed, as = "amd64/avx512", "amd64/fma" // of older programs, whose AVX2 had bits of its own
	for _, then := range []string{r.arithmetic, r.began} {
		if then == renamed {
			then = as
		}
		if then != "" && then != now { // older runs do not say
			return fmt.Sprintf("the run was trained on %s, this is %s: its bits will not be those of a run that was never stopped",
				then, now)
		}
	}
	return ""
}

// Losses are the run's iterations so far and their losses, from metrics.csv.
func (r *Run) Losses() (iterations []int, losses []float64, err error) {
	training, _, err := r.BothLosses()
	return training.Iterations, training.Values, err
}

// BothLosses are Losses, and those of the rows held out. What a kill may have left behind the run's checkpoint does not
// matter.
func (r *Run) BothLosses() (training, held Curve, err error) {
	done := r.Done
	if r.folder == nil { // opened to be read
		done = math.MaxInt
		if last, err := r.lastCheckpoint(); err == nil {
			done = last.Iteration
		}
	}
	return lossesUntil(filepath.Join(r.Dir, metricsFile), done)
}

// Checkpoint asks a training that is under way for a checkpoint soon, beside those that it writes anyway. It may be
// called at any time from any goroutine.
func (r *Run) Checkpoint() { r.wanted.Store(true) }

// Train runs the iterations that are left, of a new run or of one from [ResumeRun], on the backend and shows each to
// the observers. Checkpoints are written every Config.CheckpointEvery iterations, at the end, and when ctx ends; the
// error is then ctx's. A numerical failure is a *FailedError, and the last checkpoint stays.
func (r *Run) Train(ctx context.Context, backend solver.Backend, observers ...Observer) (err error) {
	if r.folder == nil {
		return fmt.Errorf("train: the run in %s was opened to be read: resume it", r.Dir)
	}
	if err := r.checkMemory(); err != nil {
		return err
	}
	ode, err := r.compile(backend)
	if err != nil {
		return err
	}
	opt, err := r.optimizer()
	if err != nil {
		return err
	}
	if r.Done < r.Config.Iterations {
		r.arithmetic = backend.Arithmetic()
	}
	m, err := openMetrics(filepath.Join(r.Dir, metricsFile), r.Done)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	l := &loop{run: r, ode: ode, optimizer: opt, schedule: r.recipe.schedule, metrics: m, observers: observers,
		start: time.Now(), longest: r.longest(), starts: r.starts}
	if l.every = r.CheckEvery(); l.every > 0 {
		l.checked = r.checked()
		if l.predictor, err = r.Predictor(backend); err != nil {
			return err
		}
	}
	if err := l.train(ctx); err != nil {
		return err
	}
	return l.polish(ctx, backend)
}
