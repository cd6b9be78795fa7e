package train

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"neuralode/atomicfile"
	"neuralode/safetensors"
	"neuralode/solver"
)

// stateFormat is what a state calls itself.
const stateFormat = "neuralode training state 1"

// checkpoint is the state that a run resumes from, as a file.
func (r *Run) checkpoint() *safetensors.File {
	dtype, s := r.dtype(), r.state
	tensor := func(x []float64) safetensors.Tensor {
		return safetensors.Tensor{DType: dtype, Shape: []int{len(x)}, Floats: x}
	}
	file := &safetensors.File{
		Metadata: map[string]string{"format": stateFormat, "run": r.id, "config": r.Config.text(),
			"arithmetic": r.arithmetic},
		Tensors: map[string]safetensors.Tensor{
			"theta": tensor(s.Theta), "m": tensor(s.M),
			"iteration": safetensors.Int64([]int64{s.Step}, 1),
		},
	}
	if r.hasSecondMoments() {
		file.Tensors["v"] = tensor(s.V)
	}
	r.starts.addTo(file, lastStarts)
	r.polished.addTo(file, dtype)
	if r.Config.Patience > 0 {
		r.best.addTo(file, dtype)
		r.best.starts.addTo(file, bestStarts)
	}
	return file
}

func (r *Run) hasSecondMoments() bool {
	rule, err := solver.ParseRule(r.Config.Optimizer)
	return err == nil && rule.HasSecondMoments()
}

// saveCheckpoint writes the history, the state, and then the model for everyone else. Each file is replaced as a whole;
// the state holds θ too, so a kill between any two loses nothing. A run with patience gives everyone else the best θ.
func (r *Run) saveCheckpoint(s solver.OptimizerState, starts *startTable) error {
	r.state, r.starts = s, starts
	r.choose()
	if err := r.saveHistory(); err != nil {
		return err
	}
	if err := atomicfile.Replace(filepath.Join(r.Dir, stateFile), r.checkpoint().Write); err != nil {
		return err
	}
	r.Done = int(s.Step)
	model, err := r.Model.file(r.dtype())
	if err != nil {
		return err
	}
	return atomicfile.Replace(filepath.Join(r.Dir, modelFile), model.Write)
}

func (r *Run) dtype() safetensors.DType {
	if r.Config.Precision == solver.Float64.String() {
		return safetensors.F64
	}
	return safetensors.F32
}

// loadCheckpoint takes the state from the run's folder.
func (r *Run) loadCheckpoint() error {
	path := filepath.Join(r.Dir, stateFile)
	file, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var b best
	s, err := stateIn(file, len(r.Model.Theta), r.hasSecondMoments())
	if err == nil {
		err = r.owns(file)
	}
	if err == nil && r.Config.Patience > 0 {
		b, err = bestIn(file, len(r.Model.Theta), int(s.Step))
	}
	var starts *startTable
	if err == nil && r.Config.everLearnsStarts() {
		see, _ := r.Config.horizon(max(int(s.Step)-1, 0), r.longest())
		begins, dim := r.view(see).begins, r.Model.Net.Dim()
		var other error
		starts, err = startsIn(file, lastStarts, begins, dim)
		b.starts, other = startsIn(file, bestStarts, begins, dim)
		err = errors.Join(err, other)
	}
	var p *polished
	if err == nil {
		p, err = polishedIn(file, len(r.Model.Theta))
	}
	if p != nil && err == nil && starts != nil {
		p.starts, err = startsIn(file, polishedStarts, starts.begins, starts.dim)
	}
	if err != nil {
		return fmt.Errorf("train: %s: %w", path, err)
	}
	r.state, r.starts, r.best, r.polished, r.Done = s, starts, b, p, int(s.Step)
	r.choose()
	r.arithmetic, _ = file.Metadata("arithmetic")
	return nil
}

// stateIn is the optimizer's state of n parameters in a file, with or without second moments.
func stateIn(file *safetensors.Reader, n int, second bool) (s solver.OptimizerState, err error) {
	for _, part := range []struct {
		name  string
		dst   *[]float64
		there bool
	}{{"theta", &s.Theta, true}, {"m", &s.M, true}, {"v", &s.V, second}} {
		if !part.there {
			continue
		}
		if *part.dst, err = file.Finite(part.name, n); err != nil {
			return s, err
		}
	}
	step, err := file.Ints("iteration", 1)
	if err != nil {
		return s, err
	}
	s.Step = step[0]
	return s, s.Check(n)
}

// checkFinite reports a state that stateIn would not take.
func checkFinite(s solver.OptimizerState) error {
	for i := range s.Theta {
		v := 0.0
		if len(s.V) > 0 {
			v = s.V[i]
		}
		if !finite(s.Theta[i]) || !finite(s.M[i]) || !finite(v) {
			return fmt.Errorf("parameter %d is %v with moments %v and %v, want finite numbers: lower the learning rate",
				i, s.Theta[i], s.M[i], v)
		}
	}
	return nil
}

// owns reports a state that is not one of this run and its configuration. Older states do not say.
func (r *Run) owns(file *safetensors.Reader) error {
	if format, ok := file.Metadata("format"); ok && format != stateFormat {
		return fmt.Errorf("metadata \"format\" is %.60q, want %q", format, stateFormat)
	}
	if run, _ := file.Metadata("run"); run != r.id {
		return fmt.Errorf("it is the state of run %.60q, %s is that of run %q", run, configFile, r.id)
	}
	config, ok := file.Metadata("config")
	if !ok {
		return nil
	}
	differences, err := r.Config.differences(config)
	if err != nil {
		return fmt.Errorf("metadata \"config\": %w", err)
	}
	if len(differences) > 0 {
		return fmt.Errorf("%s has changed since: %s; undo that, or begin a new run", configFile,
			strings.Join(differences, ", "))
	}
	return nil
}
