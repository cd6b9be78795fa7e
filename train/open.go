package train

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"neuralode/atomicfile"
	"neuralode/safetensors"
)

// OpenRun reads a run from its folder, with the parameters of its model file, ready to be evaluated or drawn: its data
// are not read until LoadData. It writes nothing and takes no lock, so it may be called while the run is trained. It
// fails when a file is missing or damaged, or when the model is not one of the configuration.
func OpenRun(dir string) (*Run, error) {
	doc, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	if err := ownConfig(dir, doc); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, modelFile)
	r := &Run{Dir: dir, Config: doc.Config, dataHash: doc.DataSHA256, id: doc.Run, baselineLoss: doc.BaselineLoss}
	if r.recipe, err = r.Config.recipe(); err != nil {
		return nil, err
	}
	if r.Model, err = LoadModel(path); err != nil {
		return nil, err
	}
	if want := r.Config.net(r.Model.Net.Activation, r.Model.Features()).Sizes; !slices.Equal(r.Model.Net.Sizes, want) {
		return nil, fmt.Errorf("train: %s has sizes %v, the run %v", path, r.Model.Net.Sizes, want)
	}
	return r, nil
}

// ownConfig reports a configuration that is not the one that the run's state was made with. A state that is missing or
// damaged says nothing: to read a run it is not needed.
func ownConfig(dir string, doc configDocument) error {
	file, err := safetensors.Open(filepath.Join(dir, stateFile))
	if err != nil {
		return nil
	}
	defer file.Close()
	of, _ := file.Metadata("run")
	text, ok := file.Metadata("config")
	if !ok || of != doc.Run {
		return nil
	}
	if differences, err := doc.Config.differences(text); err == nil && len(differences) > 0 {
		return fmt.Errorf("train: %s has changed since the run was trained: %s; undo that, or begin a new run",
			filepath.Join(dir, configFile), strings.Join(differences, ", "))
	}
	return nil
}

// Resumption is what may be new when a run goes on.
type Resumption struct {
	// Iterations of the run in all, at least as many as are done: it ends as one that had them from the start. They
	// cannot change where the learning rate falls over them, nor where parts of them see windows of series. 0: as
	// before.
	Iterations int
	Data       string // where its data file is now; "": where it was
}

// ResumeRun reads a run from its folder, with parameters and progress of its last checkpoint, ready to be trained on,
// and locks the folder until Close: it fails with ErrInUse where another process has it. A run that was stopped before
// its first checkpoint begins anew. No model file is needed, and metrics.csv only for the losses so far, but one that
// is there must be whole up to the checkpoint. Temporary files that a killed process left in the folder are removed. It
// fails when another file is missing or damaged, or belongs to another run, and when a data file is not what it was.
func ResumeRun(dir string, o Resumption) (*Run, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	r := &Run{Dir: dir, folder: f}
	if err := r.resume(o); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Run) resume(o Resumption) error {
	doc, err := readConfig(r.Dir)
	if err != nil {
		return err
	}
	r.Config, r.dataHash, r.id = doc.Config, doc.DataSHA256, doc.Run
	r.began, r.arithmetic, r.baselineLoss = doc.Arithmetic, doc.Arithmetic, doc.BaselineLoss
	if err := r.moveData(o.Data); err != nil {
		return err
	}
	if err := r.LoadData(); err != nil {
		return err
	}
	if r.recipe, err = r.Config.recipe(); err != nil {
		return err
	}
	if r.Model, err = newModel(r.Config, r.recipe.activation, r.learnt(), r.training); err != nil {
		return err
	}
	if err := r.restore(); err != nil {
		return err
	}
	if _, err := r.Rows(); err != nil {
		return err
	}
	if err := atomicfile.Sweep(r.Dir); err != nil {
		return err
	}
	if err := r.change(doc, o.Iterations); err != nil {
		return err
	}
	r.restoreHistory()
	return nil
}

// change puts what is new into config.json.
func (r *Run) change(doc configDocument, iterations int) error {
	if iterations > 0 {
		r.Config.Iterations, r.recipe.schedule.Iterations = iterations, iterations
	}
	if r.Config.Iterations < r.Done {
		return fmt.Errorf("train: the run in %s has done %d iterations, want at least as many, got %d",
			r.Dir, r.Done, r.Config.Iterations)
	}
	if r.Config.Iterations != doc.Iterations && r.Config.declines() {
		return fmt.Errorf("train: the learning rates of the run in %s fall over its %d iterations, by schedule %s: "+
			"it cannot go on to %d as one that had them from the start", r.Dir, doc.Iterations, doc.Schedule,
			r.Config.Iterations)
	}
	if r.Config.Iterations != doc.Iterations && r.seesParts() {
		return fmt.Errorf("train: the run in %s sees longer and longer parts of its series over its %d iterations: "+
			"it cannot go on to %d as one that had them from the start; one with horizon full can",
			r.Dir, doc.Iterations, r.Config.Iterations)
	}
	if r.Config.Iterations != doc.Iterations { // a polish is of the end
		r.polished = nil
		r.choose()
	}
	if r.Config.Iterations == doc.Iterations && r.Config.Data == doc.Data {
		return nil
	}
	doc.Config = r.Config
	return atomicfile.Replace(filepath.Join(r.Dir, configFile), doc.write)
}

// seesParts reports whether what the run sees of its series depends on how many iterations it has.
func (r *Run) seesParts() bool {
	stages := r.Stages()
	return len(stages) > 1 || len(stages) > 0 && stages[0].Parts == Segments
}

// restore takes the state of the last checkpoint, or the first where a kill came before it could be written.
func (r *Run) restore() error {
	err := r.loadCheckpoint()
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range []string{modelFile, metricsFile} { // are written after the state: it has been lost
		if exists(filepath.Join(r.Dir, name)) {
			return fmt.Errorf("train: the run in %s cannot go on, as its %s is gone (%w); its model can still be evaluated",
				r.Dir, stateFile, err)
		}
	}
	return r.begin()
}
