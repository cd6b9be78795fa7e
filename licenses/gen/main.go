// Command gen writes the licences of the modules that the program is made of into the file that is named; go generate
// runs it in the folder above. It takes them from the module cache: whatever the go command builds the program from is
// there.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: gen FILE")
	}
	text, err := licences()
	if err == nil {
		err = os.WriteFile(os.Args[1], text, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// program is what is built.
const program = "neuralode/cmd/neuralode"

// builds are the environments and tags that it is built with.
var builds = [][]string{
	{"GOOS=linux", "CGO_ENABLED=0"}, {"GOOS=linux", "CGO_ENABLED=1", "-tags=gpu"}, {"GOOS=windows", "CGO_ENABLED=0"},
	{"GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0"},
}

// module is a module and the folders in it whose packages are linked.
type module struct {
	Path, Version, Dir string
	packages           []string
}

// modules are those that any build links, by path.
func modules() (map[string]*module, error) {
	all := map[string]*module{}
	for _, build := range builds {
		list := exec.Command("go", "list", "-deps", "-json=Dir,Module")
		list.Env = os.Environ()
		for _, setting := range build {
			if strings.HasPrefix(setting, "-") {
				list.Args = append(list.Args, setting)
				continue
			}
			list.Env = append(list.Env, setting)
		}
		list.Args = append(list.Args, program)
		list.Stderr = os.Stderr
		out, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %v: %w", build, err)
		}
		for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
			var p struct {
				Dir    string
				Module *module
			}
			if err := d.Decode(&p); err != nil {
				return nil, err
			}
			if p.Module == nil || p.Module.Version == "" { // the standard library, the program itself
				continue
			}
			if all[p.Module.Path] == nil {
				all[p.Module.Path] = p.Module
			}
			m := all[p.Module.Path]
			m.packages = append(m.packages, p.Dir)
		}
	}
	return all, nil
}

// licence is the name of a file, or of a folder of files, that says what one may do with its neighbours.
var licence = regexp.MustCompile(`(?i)^(third[-_]party[-_])?(licen[cs]es?|copying|notice|patents)([-_.].*)?$`)

// files are the licences of a module: those of its root and those beside or above its linked packages.
func (m *module) files() ([]string, error) {
	found := map[string]bool{}
	for _, folder := range m.packages {
		for ; strings.HasPrefix(folder, m.Dir); folder = filepath.Dir(folder) {
			entries, err := os.ReadDir(folder)
			if err != nil {
				return nil, err
			}
			for _, e := range entries {
				if !licence.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
					continue
				}
				err := filepath.WalkDir(filepath.Join(folder, e.Name()),
					func(path string, d fs.DirEntry, err error) error {
						if err == nil && d.Type().IsRegular() {
							found[path] = true
						}
						return err
					})
				if err != nil {
					return nil, err
				}
			}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s %s has no licence in %s", m.Path, m.Version, m.Dir)
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// embedded are the licences of what is in the program beside modules, by what they are of.
var embedded = map[string]string{
	filepath.Join("..", "live", "web", "uplot", "LICENSE"): "uPlot 1.6.32 (LICENSE), in the page of neuralode live",
}

// licences is the whole text: the program's own licence, Go's, and the modules', the same text once.
func licences() ([]byte, error) {
	all, err := modules()
	if err != nil {
		return nil, err
	}
	var texts []string
	users := map[string][]string{}
	add := func(path, user string) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\f", "").Replace(string(content)))
		if users[text] == nil {
			texts = append(texts, text)
		}
		users[text] = append(users[text], user)
		return nil
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	ofGo := filepath.Join(strings.TrimSpace(string(root)), "LICENSE")
	own := filepath.Join("..", "LICENSE")
	if err := errors.Join(add(own, "neuralode"), add(ofGo, "Go and its standard library")); err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		m := all[path]
		files, err := m.files()
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			name, err := filepath.Rel(m.Dir, file)
			if err != nil {
				return nil, err
			}
			if err := add(file, fmt.Sprintf("%s %s (%s)", m.Path, m.Version, filepath.ToSlash(name))); err != nil {
				return nil, err
			}
		}
	}
	for _, file := range slices.Sorted(maps.Keys(embedded)) {
		if err := add(file, embedded[file]); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	fmt.Fprintln(&b, "What the program neuralode is made of, and under which licences. Each text stands below all that have it.")
	for _, text := range texts {
		fmt.Fprintf(&b, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 100), strings.Join(users[text], "\n"), text)
	}
	return b.Bytes(), nil
}
