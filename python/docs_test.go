package python_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"neuralode/python"
)

// program builds neuralode into a folder.
func program(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "neuralode")
	if out, err := exec.Command("go", "build", "-o", path, "neuralode/cmd/neuralode").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// TestPage runs the commands and the programs of docs/python.md, for few iterations, on the made data set and on a
// table of numbers with scales and an added dimension.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("imports JAX")
	}
	interpreter := python.Interpreter(t, "..")
	text, err := os.ReadFile("../docs/python.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^    neuralode (.*)$`).FindAllStringSubmatch(string(text), -1)
	programs := regexp.MustCompile("(?s)```python\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(commands) != 3 || len(programs) != 2 {
		t.Fatalf("the page has %d commands and %d programs", len(commands), len(programs))
	}
	neuralode := program(t, t.TempDir())
	for name, more := range map[string][]string{
		"spiral": {"--samples", "40"},
		"table":  {"--data", "table.csv", "--task", "regression", "--augment", "1", "--time", "--activation", "softplus"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			run := func(program string, args ...string) {
				c := exec.Command(program, args...)
				c.Dir = dir
				if out, err := c.CombinedOutput(); err != nil {
					t.Fatalf("%v: %v\n%s", args, err, out)
				}
			}
			for file, content := range map[string]string{
				"points.csv": "x1,x2\n1,2\n-0.5,0.25\n0,1.5\n",
				"table.csv":  "x1,x2,y\n1,2,30\n-1,0.5,-10\n0,1,4\n2,0,12\n0.5,-1,7\n1.5,1,22\n-2,2,3\n0.25,0.75,9\n1,-2,1\n-1,-1,-14\n",
			} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, c := range commands {
				args := strings.Fields(c[1])
				if args[0] == "train" {
					args = append(append(args, "--iterations", "20", "--no-figures", "--hidden", "8", "--batch", "8"),
						more...)
				}
				run(neuralode, args...)
			}
			for _, p := range programs {
				run(interpreter, "-c", p[1])
			}
			if events, _ := filepath.Glob(filepath.Join(dir, "board", "spiral", "events.out.tfevents.*")); len(
				events) != 1 {
				t.Errorf("events in %v", events)
			}
		})
	}
}
