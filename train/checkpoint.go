package train

import (
	"fmt"
	"path/filepath"

	"neuralode/safetensors"
	"neuralode/solver"
)

// The files of a run folder.
const (
	configFile  = "config.json"
	modelFile   = "model.safetensors"
	stateFile   = "state.safetensors"
	metricsFile = "metrics.csv"
)

// saveCheckpoint writes the state that a run resumes from, then the model for everyone else. Each file is replaced as a
// whole; the state holds θ too, so a kill between the two loses nothing.
func (r *Run) saveCheckpoint(s solver.OptimizerState) error {
	dtype := r.dtype()
	tensor := func(x []float64) safetensors.Tensor {
		return safetensors.Tensor{DType: dtype, Shape: []int{len(x)}, Floats: x}
	}
	state := safetensors.File{
		Metadata: map[string]string{"format": "neuralode training state 1"},
		Tensors: map[string]safetensors.Tensor{
			"theta": tensor(s.Theta), "m": tensor(s.M), "v": tensor(s.V),
			"iteration": safetensors.Int64([]int64{s.Step}, 1),
		},
	}
	if err := state.WriteFile(filepath.Join(r.Dir, stateFile)); err != nil {
		return err
	}
	r.Model.Theta = s.Theta
	return r.Model.Save(filepath.Join(r.Dir, modelFile), r.dtype())
}

func (r *Run) dtype() safetensors.DType {
	if r.Config.Precision == solver.Float64.String() {
		return safetensors.F64
	}
	return safetensors.F32
}

// loadCheckpoint reads the state of n parameters from a run folder.
func loadCheckpoint(dir string, n int) (solver.OptimizerState, error) {
	path := filepath.Join(dir, stateFile)
	file, err := safetensors.ReadFile(path)
	if err != nil {
		return solver.OptimizerState{}, err
	}
	it := file.Tensors["iteration"]
	if len(it.Ints) != 1 {
		return solver.OptimizerState{}, fmt.Errorf("train: %s: tensor \"iteration\" is missing or no single integer", path)
	}
	s := solver.OptimizerState{Theta: file.Tensors["theta"].Floats, M: file.Tensors["m"].Floats, V: file.Tensors["v"].Floats, Step: it.Ints[0]}
	if err := s.Check(n); err != nil {
		return s, fmt.Errorf("train: %s: %w", path, err)
	}
	return s, nil
}
