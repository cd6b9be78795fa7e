package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/pflag"

	"neuralode/train"
)

// applyConfig sets the flags that the configuration file names and the command line does not. Keys are the names of the
// flags; the values of a run's own config.json are taken too. Where the command line hides a key, the file must be a
// configuration by itself: what is wrong in it would come out another day.
func (o *trainOptions) applyConfig(flags *pflag.FlagSet) error {
	values, err := readConfig(o.configFile)
	if err != nil {
		return err
	}
	texts, err := byFlag(flags, values)
	alone := &trainOptions{config: train.DefaultConfig()}
	file := pflag.NewFlagSet(o.configFile, pflag.ContinueOnError)
	alone.flags(file)
	var hidden []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if bad := file.Set(name, texts[name]); bad != nil {
			err = errors.Join(err, fmt.Errorf("key %q: %w", name, bad))
		}
		if flags.Changed(name) {
			hidden = append(hidden, "--"+name)
		}
	}
	alone.derive(file)
	if bad := alone.checkConfig(); err == nil && bad != nil && len(hidden) > 0 {
		err = fmt.Errorf("not a configuration by itself, without %s: %w", strings.Join(hidden, ", "), bad)
	}
	if err != nil {
		return wrongUse(fmt.Errorf("%s: %w", o.configFile, err))
	}
	for name, text := range texts {
		if !flags.Changed(name) {
			_ = flags.Set(name, text) // was set above
		}
	}
	return nil
}

// byFlag is what each flag is set to, as text.
func byFlag(flags *pflag.FlagSet, values map[string]any) (map[string]string, error) {
	var names []string
	flags.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(notInConfig, f.Name) {
			names = append(names, f.Name)
		}
	})
	for _, name := range []string{"rtol", "atol"} { // a run's own has those of the components beside the smallest
		if each, ok := values[name+"s"]; ok {
			values[name] = each
			delete(values, name+"s")
		}
	}
	texts, keyOf := map[string]string{}, map[string]string{}
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(values)) {
		name := strings.ReplaceAll(key, "_", "-")
		switch other, twice := keyOf[name]; {
		case slices.Contains(ofRun, name):
		case !slices.Contains(names, name):
			errs = append(errs, fmt.Errorf("unknown key %q%s", key, hint("", name, names)))
		case twice:
			errs = append(errs, fmt.Errorf("keys %q and %q are one: leave one out", other, key))
		default:
			text, err := text(values[key])
			if err != nil {
				errs = append(errs, fmt.Errorf("key %q: %w", key, err))
			}
			texts[name], keyOf[name] = text, key
		}
	}
	_, older := values["version"]
	if _, perClass := values["samples_per_class"]; older && !perClass && texts["samples"] != "" {
		errs = append(errs, errors.New("samples are those of all classes in this configuration of an older run: halve them, "+
			"and add samples_per_class"))
	}
	return texts, errors.Join(errs...)
}

// notInConfig are flags that a configuration file cannot set.
var notInConfig = []string{"config", "resume", "json", "help"}

// ofRun is what a run adds to its configuration.
var ofRun = []string{"version", "data-sha256", "run", "arithmetic", "samples-per-class", "baseline-loss"}

func readConfig(path string) (map[string]any, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	content = bytes.TrimPrefix(content, []byte("\uFEFF"))
	values := map[string]any{}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".toml":
		err = toml.Unmarshal(content, &values)
	case ".json":
		err = decodeJSON(content, values)
	default:
		return nil, wrongUse(fmt.Errorf("%s: want a configuration that ends in .toml or .json", path))
	}
	var other *json.UnmarshalTypeError
	switch {
	case err == io.EOF:
		return nil, fmt.Errorf("%s: there is nothing in it", path)
	case errors.As(err, &other):
		return nil, fmt.Errorf("%s: want an object of flags and their values, got %s", path, other.Value)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return values, nil
}

// decodeJSON keeps numbers as they are written: a seed may need all of its 64 bits. A key that is there twice is an
// error.
func decodeJSON(content []byte, values map[string]any) error {
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	var whole json.RawMessage
	if err := d.Decode(&whole); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more after the first JSON value")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(whole, &object); err != nil {
		return err
	}
	if object == nil {
		return &json.UnmarshalTypeError{Value: "null"}
	}
	d = json.NewDecoder(bytes.NewReader(whole))
	d.UseNumber()
	_, _ = d.Token() // the brace
	for d.More() {
		key, _ := d.Token() // a string: the object is well-formed
		name := key.(string)
		if _, twice := values[name]; twice {
			return fmt.Errorf("key %q is there twice", name)
		}
		var v any
		if err := d.Decode(&v); err != nil {
			return err
		}
		values[name] = v
	}
	return nil
}

// text is a value as a flag would be given.
func text(v any) (string, error) {
	switch v := v.(type) {
	case []any:
		var parts []string
		for _, e := range v {
			part, err := text(e)
			if err != nil {
				return "", err
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, ","), nil
	case float64:
		if v == float64(int64(v)) {
			return fmt.Sprint(int64(v)), nil
		}
	case nil, map[string]any:
		return "", fmt.Errorf("want a number, a text or a list, got %s", kindOf(v))
	}
	return fmt.Sprint(v), nil
}

func kindOf(v any) string {
	if v == nil {
		return "null"
	}
	return "an object"
}
