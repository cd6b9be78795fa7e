package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"neuralode/dataset"
	"neuralode/safetensors"
)

// maxShown is how many samples figures show at most: more are one blot.
const maxShown = 20_000

// Shown is what figures of two features show of the run's data: all of them, or of many some, picked evenly. They come
// from the run's folder, so that the data file is not needed; only an older run has them in its data file alone. It
// fails when they do not go with the model.
func (r *Run) Shown() (*dataset.Dataset, error) {
	d, err := r.shown()
	if err == nil {
		err = r.Model.fits(d)
	}
	return d, err
}

func (r *Run) shown() (*dataset.Dataset, error) {
	if r.Data == nil && !r.Config.made() {
		d, err := readSamples(filepath.Join(r.Dir, samplesFile))
		if !errors.Is(err, fs.ErrNotExist) {
			return d, err
		}
	}
	if err := r.LoadData(); err != nil {
		return nil, err
	}
	return thin(r.Data), nil
}

// samples is the file from which Shown reads, or nil where there need be none.
func (r *Run) samples() *safetensors.File {
	if r.Config.made() || r.Data.Series != nil || r.Data.Dim != 2 {
		return nil
	}
	d := thin(r.Data)
	names, _ := json.Marshal(sampleNames{d.Features, d.Named, d.Targets, d.Classes, d.Task.String()}) // cannot fail
	return &safetensors.File{
		Metadata: map[string]string{"format": "neuralode samples 1", "names": string(names)},
		Tensors: map[string]safetensors.Tensor{
			"x": safetensors.Float64(d.X, d.Len(), d.Dim), "labels": safetensors.Float64(d.Labels, d.Len(), d.Width),
		},
	}
}

// sampleNames is what a data set has beside numbers.
type sampleNames struct {
	Features []string `json:"features"`
	Named    bool     `json:"named"`
	Targets  []string `json:"targets"`
	Classes  []string `json:"classes"`
	Task     string   `json:"task"`
}

// thin is the data set, or maxShown of its samples.
func thin(d *dataset.Dataset) *dataset.Dataset {
	n := d.Len()
	if n <= maxShown {
		return d
	}
	some := *d
	some.X, some.Labels = nil, nil
	for k := range maxShown {
		i := k * n / maxShown
		some.X = append(some.X, d.X[i*d.Dim:(i+1)*d.Dim]...)
		some.Labels = append(some.Labels, d.Labels[i*d.Width:(i+1)*d.Width]...)
	}
	return &some
}

func readSamples(path string) (*dataset.Dataset, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	d, err := samplesIn(file)
	if err != nil {
		return nil, fmt.Errorf("train: %s: %w", path, err)
	}
	return d, nil
}

func samplesIn(file *safetensors.Reader) (*dataset.Dataset, error) {
	var names sampleNames
	text, _ := file.Metadata("names")
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		return nil, fmt.Errorf("metadata \"names\": %w", err)
	}
	d := &dataset.Dataset{Dim: len(names.Features), Features: names.Features, Named: names.Named,
		Width: len(names.Targets), Targets: names.Targets, Classes: names.Classes}
	shape, err := file.Shape("x")
	if err == nil && len(shape) != 2 {
		err = fmt.Errorf("tensor \"x\" has shape %v, want [samples %d]", shape, d.Dim)
	}
	if err != nil {
		return nil, err
	}
	var errs [3]error
	d.X, errs[0] = file.Finite("x", shape[0], d.Dim)
	d.Labels, errs[1] = file.Finite("labels", shape[0], d.Width)
	d.Task, errs[2] = dataset.ParseTask(names.Task)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return d, d.Check()
}
