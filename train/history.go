package train

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"

	"neuralode/atomicfile"
	"neuralode/safetensors"
)

// Snapshot is θ after an iteration, 0 for that which the training began with.
type Snapshot struct {
	Iteration int
	Theta     []float64
}

// history is the snapshots of a run, for pictures of how it went: nothing of the training depends on it. Which
// iterations it keeps is a function of how many the run has in all and of the model's size, so that a resumed run has
// the same.
type history struct {
	stride    int // 0: there is room for too few to show anything
	snapshots []Snapshot
	changed   bool // since it was written
}

// What a history has at most: snapshots, and bytes of them in its file, which is written with each checkpoint. Fewer
// snapshots than the least show nothing.
const (
	maxSnapshots   = 64
	leastSnapshots = 8
	maxHistory     = 8 << 20
)

const historyFormat = "neuralode history 1"

// strideOf is how many iterations lie between two snapshots: a power of two, so that those of a longer run are among
// those of a shorter one, and at least the iterations of one call, which snapshots must not cut.
func strideOf(iterations, parameters int) int {
	most := min(maxSnapshots, maxHistory/(4*max(1, parameters)))
	if most < leastSnapshots {
		return 0
	}
	stride := ahead
	for iterations/stride >= most && stride <= math.MaxInt/2 {
		stride *= 2
	}
	return stride
}

// due reports whether the history keeps θ of that iteration.
func (h *history) due(iteration int) bool { return h.stride > 0 && iteration%h.stride == 0 }

// after is the next iteration that is due, or limit where that comes first.
func (h *history) after(iteration, limit int) int {
	if h.stride == 0 {
		return limit
	}
	return min(limit, (iteration/h.stride+1)*h.stride)
}

// add keeps θ, and its memory.
func (h *history) add(iteration int, theta []float64) {
	if n := len(h.snapshots); n > 0 && h.snapshots[n-1].Iteration >= iteration {
		return
	}
	h.snapshots = append(h.snapshots, Snapshot{iteration, theta})
	h.changed = true
}

// restoreHistory takes what the folder has of the run's history up to its checkpoint. What is missing, damaged or
// another run's is left out: the run goes on all the same.
func (r *Run) restoreHistory() {
	r.history = history{stride: strideOf(r.Config.Iterations, len(r.Model.Theta))}
	kept, err := readHistory(r.Dir, r.id, len(r.Model.Theta))
	if err == nil {
		r.history.snapshots = slices.DeleteFunc(kept, func(s Snapshot) bool {
			return s.Iteration > r.Done || !r.history.due(s.Iteration)
		})
	}
	if r.history.due(r.Done) {
		r.history.add(r.Done, r.state.Theta)
	}
}

// saveHistory writes the snapshots where there are new ones.
func (r *Run) saveHistory() error {
	h := &r.history
	if !h.changed {
		return nil
	}
	iterations, theta := make([]int64, 0, len(h.snapshots)), make([]float64, 0, len(h.snapshots)*len(r.Model.Theta))
	for _, s := range h.snapshots {
		iterations, theta = append(iterations, int64(s.Iteration)), append(theta, s.Theta...)
	}
	file := safetensors.File{
		Metadata: map[string]string{"format": historyFormat, "run": r.id},
		Tensors: map[string]safetensors.Tensor{
			"iterations": safetensors.Int64(iterations, len(iterations)),
			"theta":      safetensors.Float32(theta, len(iterations), len(r.Model.Theta)),
		},
	}
	if err := atomicfile.Replace(filepath.Join(r.Dir, historyFile), file.Write); err != nil {
		return err
	}
	h.changed = false
	return nil
}

// readHistory is the history in a run's folder, oldest first. It fails where it is not of that run, or of θ of another
// length.
func readHistory(dir, run string, parameters int) ([]Snapshot, error) {
	path := filepath.Join(dir, historyFile)
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	snapshots, err := snapshotsIn(file, run, parameters)
	if err != nil {
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	return snapshots, nil
}

func snapshotsIn(file *safetensors.Reader, run string, parameters int) ([]Snapshot, error) {
	if format, _ := file.Metadata("format"); format != historyFormat {
		return nil, fmt.Errorf("metadata \"format\" is %.60q, want %q", format, historyFormat)
	}
	if of, _ := file.Metadata("run"); of != run {
		return nil, fmt.Errorf("it is the history of run %.60q, want %q", of, run)
	}
	shape, err := file.Shape("iterations")
	if err == nil && (len(shape) != 1 || shape[0] > maxSnapshots) {
		err = fmt.Errorf("tensor \"iterations\" has shape %v, want at most %d numbers", shape, maxSnapshots)
	}
	if err != nil {
		return nil, err
	}
	iterations, err := file.Ints("iterations", shape[0])
	if err != nil {
		return nil, err
	}
	theta, err := file.Finite("theta", shape[0], parameters)
	if err != nil {
		return nil, err
	}
	snapshots := make([]Snapshot, shape[0])
	for i, n := range iterations {
		if n < 0 || i > 0 && n <= iterations[i-1] {
			return nil, errors.New("the iterations of the history do not increase from 0 on")
		}
		snapshots[i] = Snapshot{int(n), theta[i*parameters : (i+1)*parameters : (i+1)*parameters]}
	}
	return snapshots, nil
}

// History is how θ went, oldest first, and last θ as the last checkpoint has it: at most 65 snapshots at even
// distances, in float32, none between for models of more than 262144 parameters. A run from OpenRun reads them from its
// folder, which may be written meanwhile; older runs have the last alone. The snapshots must not be changed, and the
// call not be made while Train is under way.
func (r *Run) History() ([]Snapshot, error) {
	snapshots, last := slices.Clone(r.history.snapshots), Snapshot{r.Done, r.state.Theta}
	if r.folder == nil {
		var err error
		if snapshots, err = readHistory(r.Dir, r.id, len(r.Model.Theta)); err != nil &&
			!errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if last, err = r.lastCheckpoint(); err != nil {
			return nil, err
		}
	}
	snapshots = slices.DeleteFunc(snapshots, func(s Snapshot) bool { return s.Iteration >= last.Iteration })
	return append(snapshots, last), nil
}

// lastCheckpoint is θ of the state in the run's folder.
func (r *Run) lastCheckpoint() (s Snapshot, err error) {
	path := filepath.Join(r.Dir, stateFile)
	file, err := safetensors.Open(path)
	if err != nil {
		return s, err
	}
	defer file.Close()
	state, err := stateIn(file, len(r.Model.Theta), r.hasSecondMoments())
	if err != nil {
		return s, fmt.Errorf("train: %s: %w", path, err)
	}
	return Snapshot{int(state.Step), state.Theta}, nil
}
