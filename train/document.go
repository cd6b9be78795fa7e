package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"neuralode/solver"
)

// configDocument is config.json.
type configDocument struct {
	Config
	DataSHA256 string `json:"data_sha256,omitempty"` // of a data file, so that a resumed run sees the same data
	Version    string `json:"version"`               // of the program that began the run
	Run        string `json:"run,omitempty"`         // a random name; the state has it too. Older runs have none
	Arithmetic string `json:"arithmetic,omitempty"`  // that the run began on, see solver.Backend
	// that is what Samples counts: older runs counted both classes together
	PerClass bool `json:"samples_per_class"`

	BaselineLoss float64 `json:"baseline_loss,omitempty"` // see Run.BaselineLoss
}

func readConfig(dir string) (doc configDocument, err error) {
	path := filepath.Join(dir, configFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return doc, noRun(dir, err)
	}
	doc.Task, doc.Scale, doc.Optimizer, doc.Schedule, doc.Freeze = "auto", "none", "adam", "constant", []string{}
	doc.Start, doc.StartRate = "first", 3
	doc.Horizon, doc.Features, doc.Weights = "auto", []string{}, []string{} // older runs do not say
	doc.Lift, doc.Constants, doc.LiftHidden, doc.ReadoutHidden = "none", []string{}, []int{}, []int{}
	doc.Inputs, doc.Interpolation = []string{}, "linear"
	doc.Controller = "integral"
	if err := json.Unmarshal(text, &doc); err != nil {
		return doc, fmt.Errorf("train: %s: %w", path, plainly(err))
	}
	if err := errors.Join(doc.countPerClass(), doc.Check()); err != nil {
		return doc, fmt.Errorf("train: %s: %w", path, err)
	}
	return doc, nil
}

// plainly says what is wrong with a value in the words of a configuration.
func plainly(err error) error {
	var other *json.UnmarshalTypeError
	if !errors.As(err, &other) {
		return err
	}
	key := other.Field[strings.LastIndexByte(other.Field, '.')+1:]
	want := map[reflect.Kind]string{reflect.String: "a text", reflect.Bool: "true or false", reflect.Slice: "a list",
		reflect.Float64: "a number", reflect.Int: "a whole number", reflect.Uint64: "a whole number from 0",
		reflect.Struct: "an object"}[other.Type.Kind()]
	if key == "" {
		return fmt.Errorf("want an object of keys and their values, got %s", other.Value)
	}
	return fmt.Errorf("key %q: want %s, got %s", key, want, other.Value)
}

// countPerClass turns the samples of an older run into those of each class.
func (doc *configDocument) countPerClass() error {
	if doc.PerClass {
		return nil
	}
	if doc.made() && doc.Samples%2 == 1 {
		return fmt.Errorf("an older program made %d samples, one more of a class than of the other: this one makes as many of each",
			doc.Samples)
	}
	doc.PerClass, doc.Samples = true, max(1, doc.Samples/2)
	return nil
}

// write is the document as config.json has it.
func (doc configDocument) write(w io.Writer) error {
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// mayChange reports whether a key of a configuration may change while a run goes on; then is the one it was. A data
// file, known by its hash, may lie elsewhere; made data are what they are called.
func (c Config) mayChange(key string, then Config) bool {
	switch key {
	case "checkpoint_every":
		return true
	case "data":
		return !c.made() && !then.made()
	case "iterations":
		return !c.declines()
	}
	return false
}

// declines reports whether learning rates depend on how many iterations the run has.
func (c Config) declines() bool { return c.Schedule != solver.ConstantRate.String() }

// differences names the keys in which a configuration is not the one in text, which a checkpoint was made with. Keys
// that one of the two lacks are those of an older or a newer program.
func (c Config) differences(text string) ([]string, error) {
	return c.differencesBut(text, c.mayChange)
}

// differencesBut are differences but for keys that may differ.
func (c Config) differencesBut(text string, may func(key string, then Config) bool) ([]string, error) {
	var then map[string]json.RawMessage
	var before Config
	if err := errors.Join(json.Unmarshal([]byte(text), &then), json.Unmarshal([]byte(text), &before)); err != nil {
		return nil, err
	}
	var now map[string]json.RawMessage
	if err := json.Unmarshal([]byte(c.text()), &now); err != nil {
		return nil, err
	}
	var names []string
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if old, ok := then[key]; ok && !may(key, before) && !bytes.Equal(old, now[key]) {
			names = append(names, fmt.Sprintf("%s %s instead of %s", key, now[key], old))
		}
	}
	return names, nil
}

// text is the configuration as one line of JSON.
func (c Config) text() string {
	text, _ := json.Marshal(c) // cannot fail: Check lets only finite numbers pass
	return string(text)
}
