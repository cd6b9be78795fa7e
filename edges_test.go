package neuralode_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed says which packages of the module each package may import. Where the list ends a package may import no other.
var allowed = map[string][]string{
	"plan":                     {},
	"solver":                   {"plan"},
	"graph":                    {"plan", "solver"},
	"solver/cpu":               {"plan", "solver", "solver/cpu/internal/simd"},
	"solver/cpu/internal/simd": {"plan"},
	"solver/solvertest":        {"plan", "solver", "graph", "reference"},
	"cuda":                     {"plan", "solver", "cuda/driver", "cuda/kernels"},
	"cuda/driver":              {"atomicfile"},
	"cuda/driver/drivertest":   {"cuda/driver"},
	"cuda/driver/internal/gen": {},
	"cuda/kernels":             {"plan", "solver"},
	"cuda/kernels/emulate":     {"plan", "solver", "cuda/kernels"},
	"safetensors":              {"atomicfile"},
	"atomicfile":               {},
	"memory":                   {},
	"licenses":                 {},
	"licenses/gen":             {},
	"dataset":                  {"dataset/internal/npy"},
	"dataset/internal/npy":     {},
	"reference":                {"safetensors"},
	"figure":                   {},
	"":                         {"plan", "solver", "graph", "solver/cpu", "cuda", "cuda/driver"},
	"train":                    {"plan", "solver", "graph", "dataset", "reference", "safetensors", "atomicfile", "memory"},
	"cmd/neuralode":            {"", "solver", "graph", "train", "figure", "dataset", "reference", "atomicfile", "bench", "verify", "memory", "licenses"},
	"verify":                   {"", "solver", "graph", "train", "reference"},
	"bench/peers/export":       {"bench", "reference", "safetensors"},
	"bench/gradients":          {"solver", "graph", "reference", "solver/solvertest", "train"},
	"bench":                    {"", "solver", "graph", "train", "reference", "solver/cpu", "solver/cpu/kernelbench"},
	"solver/cpu/kernelbench":   {"plan", "solver/cpu/internal/simd"},
}

// owners says which packages alone may import a library.
var owners = map[string][]string{
	"gorgonia.org/gorgonia":             {"graph", "", "solver/solvertest", "bench"},
	"gorgonia.org/tensor":               {"graph", ""},
	"gonum.org/v1/plot":                 {"figure"},
	"github.com/spf13/cobra":            {"cmd/neuralode"},
	"github.com/sbinet/npyio":           {"dataset"},
	"github.com/schollz/progressbar/v3": {"cmd/neuralode"},
	"github.com/gofrs/flock":            {"atomicfile", "train"},
	"C":                                 {"cuda/driver"},

	"github.com/KimMachineGun/automemlimit": {"memory"},
}

// TestImportEdges fails on an import that the design does not have: data flows one way through the packages, and each
// library has one owner.
func TestImportEdges(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(out))
	packages := 0
	for decoder.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages++
		checkEdges(t, inModule(p.ImportPath), p.Imports)
	}
	if packages < 8 {
		t.Fatalf("go list found only %d packages", packages)
	}
}

func checkEdges(t *testing.T, from string, imports []string) {
	if strings.Contains(from, "examples") {
		return
	}
	edges, known := allowed[from]
	if !known {
		t.Errorf("package %q has no place in the list of import edges", from)
	}
	for _, path := range imports {
		if path == "neuralode" || strings.HasPrefix(path, "neuralode/") {
			if to := inModule(path); !slices.Contains(edges, to) {
				t.Errorf("%q imports %q", from, to)
			}
			continue
		}
		for library, own := range owners {
			if (path == library || strings.HasPrefix(path, library+"/")) && !slices.Contains(own, from) {
				t.Errorf("%q imports %q, which belongs to %q", from, path, own)
			}
		}
	}
}

func inModule(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, "neuralode"), "/")
}
