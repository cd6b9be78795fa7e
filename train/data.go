package train

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"neuralode/dataset"
	"neuralode/solver"
)

// LoadData makes the run's data set or reads its file, unless that is done. It fails when the file is not the one that
// the run began with.
func (r *Run) LoadData() error {
	if r.Data != nil {
		return nil
	}
	if err := r.readOrMake(); err != nil {
		return err
	}
	return r.hold()
}

func (r *Run) readOrMake() (err error) {
	c := &r.Config
	switch {
	case c.made() && r.dataHash != "":
		return fmt.Errorf("train: the run in %s began with a data file, %s is none", r.Dir, c.Data)
	case c.made():
		if err := c.checkMadeTraining(); err != nil {
			return err
		}
		if r.Data, err = dataset.Generate(c.Data, c.madeSamples(), c.Noise, stream(c.Seed, dataStream, 0)); err == nil {
			err = c.holds(r.Data.X)
		}
		return err
	}
	if err := r.checkFile(); err != nil {
		return err
	}
	r.Data, err = c.readData()
	return err
}

// checkFile fixes where and what the data file is.
func (r *Run) checkFile() (err error) {
	if r.Config.Data, err = filepath.Abs(r.Config.Data); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if info, err := os.Stat(r.Config.Data); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("train: %s is no regular file: a run reads its data more than once", r.Config.Data)
	}
	if err := dataset.CheckSize(r.Config.Data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // before a large file is read for its hash
	}
	hash, err := fileHash(r.Config.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist) && r.dataHash != "":
		return fmt.Errorf("%w: where the data of the run in %s are now, --data says", err, r.Dir)
	case err != nil:
		return err
	case r.dataHash != "" && hash != r.dataHash:
		return fmt.Errorf("train: %s is not the file that the run in %s began with", r.Config.Data, r.Dir)
	}
	r.dataHash = hash
	return nil
}

// holds reports made numbers that the run's precision does not hold; those of a file are found when it is read.
func (c Config) holds(x []float64) error {
	for _, v := range x {
		if !finite(v) || c.Precision != "float64" && math.Abs(v) > math.MaxFloat32 {
			return fmt.Errorf("train: noise %v makes a point at %v, which %s does not hold", c.Noise, v, c.Precision)
		}
	}
	return nil
}

// moveData takes another place of the data file.
func (r *Run) moveData(path string) error {
	if path == "" {
		return nil
	}
	if r.Config.made() {
		return fmt.Errorf("train: the run in %s makes its data, %s: it has no file", r.Dir, r.Config.Data)
	}
	r.Config.Data = path
	return nil
}

// made reports whether the data set is made rather than read.
func (c Config) made() bool { return dataset.GeneratedClasses(c.Data) > 0 }

// readData reads the labelled file. Whole numbers that could be classes are numbers under a loss of numbers.
func (c Config) readData() (*dataset.Dataset, error) {
	if c.Task == seriesTask {
		return c.readSeries()
	}
	o := dataset.Options{Labels: LabelColumns(c.Label), Float32: c.Precision != "float64", Format: c.Format,
		Centred: c.Scale == "standard"}
	o.Task = map[string]dataset.Task{"classification": dataset.Classification, "regression": dataset.Regression}[c.Task]
	d, err := dataset.ReadFile(c.Data, o)
	of := d != nil && (d.Task == dataset.MultiClass || d.Task == dataset.Binary && c.Loss != "mse")
	if err == nil && c.Task == "auto" && slices.Contains(numberLosses, c.Loss) && of {
		o.Task = dataset.Regression
		return dataset.ReadFile(c.Data, o)
	}
	return d, err
}

// ReadData reads a labelled file to compare the model with; see [dataset.ReadFile]. Of the options it sets what the
// model knows: labels are classes of the model's, or numbers where it has none, and features are put into the order of
// the model's where a header names the same.
func (m *Model) ReadData(path string, o dataset.Options) (*dataset.Dataset, error) {
	o.Features, o.Centred = m.Inputs, m.Scaled()
	if o.Classes = m.Classes; len(m.Classes) == 0 {
		o.Task = dataset.Regression
	}
	return dataset.ReadFile(path, o)
}

// LabelColumns is a Config's Label as [dataset.Options] has it.
func LabelColumns(label string) []string {
	if label == "" {
		return nil
	}
	return []string{label}
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

// Samples are those of a data set as backends take them: starts of the state, labels as the loss wants them, the
// model's span. It fails where the data are not such as the model was made for.
func (m *Model) Samples(d *dataset.Dataset) (solver.Data, error) {
	if err := m.fits(d); err != nil {
		return solver.Data{}, err
	}
	return m.data(d), nil
}
