package train

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"neuralode/dataset"
)

// loadData makes the data set, or reads it and fixes where and what it is.
func (r *Run) loadData(doc *configDocument) (err error) {
	c := &r.Config
	if c.made() {
		if err := c.checkMadeTraining(); err != nil {
			return err
		}
		r.Data, err = dataset.Generate(c.Data, c.madeSamples(), c.Noise, stream(c.Seed, dataStream, 0))
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
// classes of the model's, or numbers where it has none; features are put into the order of the model's where a header
// names the same.
func (m *Model) ReadData(path, label string) (*dataset.Dataset, error) {
	o := labelled(label)
	o.Features = m.Inputs
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
