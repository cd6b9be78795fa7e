package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/pflag"
)

// applyConfig sets the flags that a configuration file names and the command line does not. Keys are the names of the
// flags; the values of a run's own config.json are taken too.
func applyConfig(flags *pflag.FlagSet, path string) error {
	values, err := readConfig(path)
	if err != nil {
		return err
	}
	var names []string
	flags.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(notInConfig, f.Name) {
			names = append(names, f.Name)
		}
	})
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		name := strings.ReplaceAll(key, "_", "-")
		if slices.Contains(ofRun, name) {
			continue
		}
		flag := flags.Lookup(name)
		if flag == nil || slices.Contains(notInConfig, name) {
			return wrongUse(fmt.Errorf("%s: unknown key %q%s", path, key, hint(nearest(name, names))))
		}
		if flag.Changed {
			continue
		}
		if err := flags.Set(name, text(values[key])); err != nil {
			return wrongUse(fmt.Errorf("%s: key %q: %w", path, key, err))
		}
	}
	return nil
}

// notInConfig are flags that a configuration file cannot set.
var notInConfig = []string{"config", "resume", "help"}

// ofRun is what a run adds to its configuration.
var ofRun = []string{"version", "data-sha256", "run", "arithmetic"}

func hint(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", name)
}

func readConfig(path string) (map[string]any, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".toml":
		err = toml.Unmarshal(content, &values)
	case ".json":
		err = decodeJSON(content, &values)
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

// decodeJSON keeps numbers as they are written: a seed may need all of its 64 bits.
func decodeJSON(content []byte, values *map[string]any) error {
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	if err := d.Decode(values); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more after the first JSON value")
	}
	return nil
}

// text is a value as a flag would be given.
func text(v any) string {
	switch v := v.(type) {
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, text(e))
		}
		return strings.Join(parts, ",")
	case float64:
		if v == float64(int64(v)) {
			return fmt.Sprint(int64(v))
		}
	}
	return fmt.Sprint(v)
}
