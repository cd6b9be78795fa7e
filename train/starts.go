package train

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"

	"neuralode/dataset"
	"neuralode/safetensors"
	"neuralode/solver"
)

// Starts are where the solves of series begin: "first", at the first observation; "learnt", at a state of each series'
// own that is trained beside θ, from the first observation on. A series that the training has not seen begins where
// what was observed of it is fitted best.
var Starts = []string{"first", "learnt"}

const learntStart = "learnt"

// everLearnsStarts reports whether any iteration does.
func (c Config) everLearnsStarts() bool { return c.Start == learntStart || c.Horizon == "shooting" }

// learnsStarts reports whether iterations with that sight learn starts.
func (c Config) learnsStarts(see Sight) bool { return c.Start == learntStart || see.Parts == Segments }

// learns reports whether the start of a sample of a view is learnt: in segments of series that begin with their first
// observations it is only that of the later ones.
func (c Config) learns(v *view, see Sight, sample int) bool {
	return c.Start == learntStart || see.Parts == Segments && v.begins[sample] < 0
}

// countFirstRows lets what was observed in the first rows of samples with learnt starts count: it says where they begin.
func (r *Run) countFirstRows(v *view, see Sight) {
	n := r.learnt().Series.Dim
	for i, row := range v.data.Offsets[:len(v.data.Offsets)-1] {
		if r.Config.learns(v, see, i) {
			v.data.Mask[row] = !weighty(v.data.Labels[2*n*row+n : 2*n*(row+1)])
		}
	}
}

// startTable is the learnt starts of a view's samples, with moments of Adam and a number of updates of each: only its own
// sample moves a row, and in shooting the segment that ends where it begins.
type startTable struct {
	dim     int
	z, m, v []float64 // [samples, dim]
	steps   []int64   // [samples]
	begins  []int     // see view
}

func newStartTable(z []float64, dim int, begins []int) *startTable {
	return &startTable{dim, slices.Clone(z), make([]float64, len(z)), make([]float64, len(z)),
		make([]int64, len(z)/dim), begins}
}

// clone is a copy, nil of nil.
func (t *startTable) clone() *startTable {
	if t == nil {
		return nil
	}
	return &startTable{t.dim, slices.Clone(t.z), slices.Clone(t.m), slices.Clone(t.v), slices.Clone(t.steps), t.begins}
}

// of is the start of a sample.
func (t *startTable) of(sample int) []float64 { return row(t.z, sample, t.dim) }

// update moves a sample's start along its gradient, by an update of Adam.
func (t *startTable) update(sample int, gradient []float64, rate float64) {
	t.steps[sample]++
	u := solver.UpdateOf[float64](solver.DefaultOptimizer(rate), t.steps[sample], 0, rate)
	u.Apply(t.of(sample), row(t.m, sample, t.dim), row(t.v, sample, t.dim), gradient)
}

// take copies a row of another table.
func (t *startTable) take(sample int, from *startTable, other int) {
	copy(t.of(sample), from.of(other))
	copy(row(t.m, sample, t.dim), row(from.m, other, t.dim))
	copy(row(t.v, sample, t.dim), row(from.v, other, t.dim))
	t.steps[sample] = from.steps[other]
}

// startsFor is the table of a view that iterations from done on see: that of the iterations before, where they saw the
// same, or else a new one, in which what begins a series goes on from there. last is nil where there are none.
func (r *Run) startsFor(v view, see Sight, done int, last *startTable) *startTable {
	t := newStartTable(v.data.Z0, r.Model.Net.Dim(), v.begins)
	if last == nil {
		return t
	}
	before, _ := r.Config.horizon(done-1, r.longest())
	if before == see {
		return last
	}
	at := map[int]int{}
	for sample, series := range last.begins {
		at[series] = sample
	}
	for sample, series := range v.begins {
		if other, ok := at[series]; ok && series >= 0 {
			t.take(sample, last, other)
		}
	}
	return t
}

// foundStarts are the starts of series that were trained on, as a training has found them, for solves of these series.
// The key of a series is a hash of its id, its first time and its first observation.
type foundStarts struct {
	keys []int64
	z    []float64 // [keys, dim], in units of the field
}

// foundIn are those of a table; nil where the model has no learnt starts.
func (r *Run) foundIn(t *startTable) *foundStarts {
	if r.Config.Start != learntStart {
		return nil
	}
	found := &foundStarts{}
	if t == nil {
		return found
	}
	s := r.learnt().Series
	for sample, i := range t.begins {
		if i >= 0 && t.steps[sample] > 0 {
			found.keys, found.z = append(found.keys, startKey(s, i)), append(found.z, t.of(sample)...)
		}
	}
	return found
}

// startKey is the key of series i.
func startKey(s *dataset.Series, i int) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.IDs[i])) // never fails
	first := s.Offsets[i]
	for _, v := range append([]float64{s.Times[first]}, s.X[first*s.Dim:(first+1)*s.Dim]...) {
		_ = binary.Write(h, binary.LittleEndian, math.Float64bits(v))
	}
	return int64(h.Sum64())
}

// byKey are the places of the keys.
func (f *foundStarts) byKey() map[int64]int {
	at := make(map[int64]int, len(f.keys))
	for i, key := range f.keys {
		at[key] = i
	}
	return at
}

// The tensors of starts in a model file.
const (
	startKeys   = "starts.key"
	startStates = "starts.z0"
)

// addStarts puts the starts into a model file.
func (m *Model) addStarts(file *safetensors.File) {
	if m.found == nil {
		return
	}
	file.Metadata["start"] = learntStart
	n := len(m.found.keys)
	maps.Copy(file.Tensors, map[string]safetensors.Tensor{startKeys: safetensors.Int64(m.found.keys, n),
		startStates: safetensors.Float64(m.found.z, n, m.Net.Dim())})
}

// takeStarts reads what addStarts wrote.
func (m *Model) takeStarts(file *safetensors.Reader) error {
	start, ok := file.Metadata("start")
	if !ok || start == "first" {
		return nil
	}
	if start != learntStart || !m.Series() {
		return fmt.Errorf("metadata \"start\" is %.60q, want first or, of series, learnt", start)
	}
	shape, err := file.Shape(startKeys)
	if err == nil && len(shape) != 1 {
		err = fmt.Errorf("tensor %q has shape %v, want one axis", startKeys, shape)
	}
	if err != nil {
		return err
	}
	m.found = &foundStarts{}
	if m.found.keys, err = file.Ints(startKeys, shape[0]); err != nil {
		return err
	}
	m.found.z, err = file.Finite(startStates, shape[0], m.Net.Dim())
	return err
}

// addTo puts the table into a state, under names that begin so.
func (t *startTable) addTo(file *safetensors.File, prefix string) {
	if t == nil {
		return
	}
	n := len(t.steps)
	for name, x := range map[string][]float64{"z0": t.z, "m": t.m, "v": t.v} {
		file.Tensors[prefix+name] = safetensors.Float64(x, n, t.dim)
	}
	file.Tensors[prefix+"steps"] = safetensors.Int64(t.steps, n)
}

// The tables of starts in a state.
const (
	lastStarts = "starts."
	bestStarts = "best.starts."

	polishedStarts = "polished.starts."
)

// startsIn reads what addTo wrote of a view; nil where there is none.
func startsIn(file *safetensors.Reader, prefix string, begins []int, dim int) (*startTable, error) {
	if !slices.Contains(slices.Collect(file.Names()), prefix+"z0") {
		return nil, nil
	}
	t, n := &startTable{dim: dim, begins: begins}, len(begins)
	var err error
	for name, x := range map[string]*[]float64{"z0": &t.z, "m": &t.m, "v": &t.v} {
		if *x, err = file.Finite(prefix+name, n, dim); err != nil {
			return nil, err
		}
	}
	if t.steps, err = file.Ints(prefix+"steps", n); err != nil {
		return nil, err
	}
	for i, steps := range t.steps {
		if steps < 0 || slices.Min(row(t.v, i, dim)) < 0 {
			return nil, fmt.Errorf("tensors of %q: row %d has a negative second moment or number of updates", prefix, i)
		}
	}
	return t, nil
}
