package neuralode_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page is where the packages and libraries of the module stand, each with what it may import or who may import it.
const page = "docs/architecture.md"

// builds are the systems and tags that the module is built for. Each has files of its own.
var builds = []struct{ system, tags, cgo string }{
	{"linux", "", "0"}, {"linux", "gpu", "1"}, {"linux", "noasm", "0"}, {"darwin", "", "0"}, {"windows", "", "0"},
}

// TestImportEdges holds the page's tables of packages and of libraries to the code.
func TestImportEdges(t *testing.T) {
	code := imports(t)
	t.Run("packages", func(t *testing.T) { checkPackages(t, code) })
	t.Run("libraries", func(t *testing.T) { checkLibraries(t, code) })
}

// checkPackages demands that every package is on the page, imports what its row says, no more and no less, and nothing
// from a row above its own, so that data flows one way.
func checkPackages(t *testing.T, code map[string][]string) {
	rows, place := table(t, "Packages"), map[string]int{}
	for i, row := range rows {
		if _, twice := place[row.name]; twice {
			t.Errorf("%s: %q stands there twice", page, row.name)
		}
		place[row.name] = i
	}
	for name := range code {
		if _, there := place[name]; !there {
			t.Errorf("%s: %q is missing: give it a row", page, name)
		}
	}
	for _, row := range rows {
		used, there := code[row.name]
		if !there {
			t.Errorf("%s: there is no package %q", page, row.name)
		}
		compare(t, row.name, ofModule(used), row.others)
		for _, to := range row.others {
			if place[to] < place[row.name] {
				t.Errorf("%s: %q imports %q and stands below it", page, row.name, to)
			}
		}
	}
}

// compare reports what a package imports and may not, and what it may import and does not.
func compare(t *testing.T, name string, used, permitted []string) {
	t.Helper()
	for _, to := range used {
		if !slices.Contains(permitted, to) {
			t.Errorf("%q imports %q, which %s does not permit", name, to, page)
		}
	}
	for _, to := range permitted {
		if !slices.Contains(used, to) {
			t.Errorf("%s permits %q to import %q, which it does not: take that out", page, name, to)
		}
	}
}

// checkLibraries demands that the page has the libraries of go.mod, and that each is imported by the packages of its
// row alone, and by each of them.
func checkLibraries(t *testing.T, code map[string][]string) {
	libraries, permitted := required(t), map[string][]string{}
	var listed []string
	for _, row := range table(t, "Libraries") {
		listed = append(listed, row.name)
		if !slices.Contains(libraries, row.name) {
			t.Errorf("%s: go.mod does not require %q", page, row.name)
		}
		for _, user := range row.others {
			permitted[user] = append(permitted[user], row.name)
		}
	}
	for _, library := range libraries {
		if !slices.Contains(listed, library) {
			t.Errorf("%s: library %q is missing: give it a row", page, library)
		}
	}
	for name, used := range code {
		compare(t, name, ofLibraries(used, libraries), permitted[name])
		delete(permitted, name)
	}
	for name := range permitted {
		t.Errorf("%s: there is no package %q", page, name)
	}
}

// tableRow is a row of the page's tables: a name, and in the last column other names.
type tableRow struct {
	name   string
	others []string
}

var quoted = regexp.MustCompile("`([^`]+)`")

// table is the first table under a heading of the page.
func table(t *testing.T, heading string) (rows []tableRow) {
	t.Helper()
	_, text, found := strings.Cut(readPage(t), "\n## "+heading+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) != 3 || cells[1] == "" {
			t.Errorf("%s: want a name, what it is for and other names in %q", page, line)
			continue
		}
		row := tableRow{name: strings.Trim(cells[0], "`")}
		for _, other := range quoted.FindAllStringSubmatch(cells[2], -1) {
			row.others = append(row.others, other[1])
		}
		rows = append(rows, row)
	}
	if !found || len(rows) == 0 {
		t.Fatalf("%s has no table of %s", page, heading)
	}
	return rows
}

func readPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// imports are what each package of the module, named as on the page, imports outside of its tests, in any build.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, build := range builds {
		list := exec.Command("go", "list", "-json=ImportPath,Imports", "-tags="+build.tags, "./...")
		list.Env = append(os.Environ(), "GOOS="+build.system, "GOARCH=amd64", "CGO_ENABLED="+build.cgo)
		decoder := json.NewDecoder(bytes.NewReader(output(t, list)))
		for decoder.More() {
			var p struct {
				ImportPath string
				Imports    []string
			}
			if err := decoder.Decode(&p); err != nil {
				t.Fatal(err)
			}
			name := strings.TrimPrefix(p.ImportPath, module+"/")
			all[name] = append(all[name], p.Imports...)
		}
	}
	return all
}

func output(t *testing.T, c *exec.Cmd) []byte {
	t.Helper()
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v", c, err)
	}
	return out
}

const module = "neuralode"

// ofModule are the packages of the module among import paths.
func ofModule(paths []string) (names []string) {
	for _, path := range paths {
		if name := strings.TrimPrefix(path, module+"/"); name != path || path == module {
			names = append(names, name)
		}
	}
	return distinct(names)
}

// ofLibraries are the libraries to which import paths belong.
func ofLibraries(paths, libraries []string) (used []string) {
	for _, path := range paths {
		for _, library := range libraries {
			if path == library || strings.HasPrefix(path, library+"/") {
				used = append(used, library)
			}
		}
	}
	return distinct(used)
}

func distinct(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }

// required are the modules that go.mod requires for this one's own sake, and cgo.
func required(t *testing.T) []string {
	t.Helper()
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(output(t, exec.Command("go", "mod", "edit", "-json")), &mod); err != nil {
		t.Fatal(err)
	}
	list := []string{"C"}
	for _, r := range mod.Require {
		if !r.Indirect {
			list = append(list, r.Path)
		}
	}
	return list
}
