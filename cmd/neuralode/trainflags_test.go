package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDefaultsAreAsSaid begins a training on made data, tables and series without a flag for what is learnt: its
// configuration is what train --help says of the defaults.
func TestDefaultsAreAsSaid(t *testing.T) {
	numbers := write(t, "numbers.csv", "a,b,y\n"+strings.Repeat("1,2,0.5\n2,1,1.25\n3,3,7\n", 40))
	classes := write(t, "classes.csv", "a,b,kind\n"+strings.Repeat("1,2,u\n2,1,v\n", 60))
	series := write(t, "series.csv", "id,t,x\na,0,1\na,1,2\na,2,1\nb,0,2\nb,1,1\nb,2,2\n")
	help := succeed(t, "train", "--help")
	for _, c := range []struct {
		data, kind string // how the help calls it
		settled    map[string]string
	}{
		{"spiral", "", nil},
		{numbers, "table", map[string]string{"iterations": "200", "patience": "20"}},
		{classes, "table", map[string]string{"iterations": "200", "patience": "0"}},
		{series, "series", map[string]string{"task": "series"}},
	} {
		config := begun(t, "--data", c.data, "--device", "cpu")
		compared := 0
		for key, value := range config {
			name := strings.ReplaceAll(key, "_", "-")
			want, said := saidDefault(help, name, c.kind)
			if settled, ok := c.settled[name]; ok {
				want = settled
			}
			if !said || name == "data" {
				continue
			}
			if compared++; fmt.Sprint(value) != want {
				t.Errorf("%s: --help says that --%s has the default %s, the run has %v", c.data, name, want, value)
			}
		}
		if compared < 30 {
			t.Errorf("%s: %d defaults were compared", c.data, compared)
		}
	}
}

// TestOneDefault finds no flag of which a help says two defaults.
func TestOneDefault(t *testing.T) {
	for _, c := range (&app{}).rootCommand().Commands() {
		for line := range strings.Lines(succeed(t, c.Name(), "--help")) {
			if strings.Count(line, "(default ") > 1 || strings.Contains(line, "(default NaN)") {
				t.Errorf("%s: %s", c.Name(), line)
			}
		}
	}
}

// begun trains until the first iteration is done, and returns the configuration.
func begun(t *testing.T, flags ...string) map[string]any {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said := &stopper{&bytes.Buffer{}, "iteration 1/", cancel}
	status := run(ctx, append([]string{"train", "--out", dir}, flags...), strings.NewReader(""), &bytes.Buffer{}, said)
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if status != exitInterrupted || err != nil {
		t.Fatalf("%v: status %d, %s (%v)", flags, status, said, err)
	}
	config := map[string]any{}
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	for key, value := range config {
		if list, ok := value.([]any); ok {
			config[key] = strings.ReplaceAll(strings.Trim(fmt.Sprint(list), "[]"), " ", ",")
		}
	}
	return config
}

// saidInWords are flags whose default the help puts into words.
var saidInWords = []string{"label", "id", "time-column", "features", "weights", "validate-every", "final-lr"}

// saidDefault is what the help says of a flag's default for a kind of data, made data where that is "": "(default M; of
// a table T, of series S)", or nothing where it is none.
func saidDefault(help, flag, kind string) (value string, said bool) {
	line := regexp.MustCompile(`(?m)^      --` + flag + ` (\w*) .*$`).FindStringSubmatch(help)
	if line == nil || slices.Contains(saidInWords, flag) {
		return "", false
	}
	found := regexp.MustCompile(`\(default ([^()]*)\)$`).FindStringSubmatch(line[0])
	if found == nil {
		return map[string]string{"int": "0", "float": "0", "": "false", "strings": "", "string": ""}[line[1]], true
	}
	made, others, _ := strings.Cut(strings.Trim(found[1], `"`), "; ")
	for _, of := range []string{"a file", "a " + kind, kind} {
		if _, after, has := strings.Cut(others, "of "+of+" "); has && kind != "" {
			value, _, _ = strings.Cut(after, ", of ")
			return value, true
		}
	}
	return made, true
}
