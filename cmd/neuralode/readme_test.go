package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages are the README and the page on series behind it.
func pages(t *testing.T) string {
	t.Helper()
	series, err := os.ReadFile("../../docs/series.md")
	if err != nil {
		t.Fatal(err)
	}
	return readme(t) + string(series)
}

// TestReadmeCommands asks each command of the README for help after all of its flags: what it does not know it refuses.
func TestReadmeCommands(t *testing.T) {
	text := pages(t)
	commands := regexp.MustCompile(`(?m)^    (?:neuralode|go run ./cmd/neuralode|bin/neuralode) ([^#\n]*)`).FindAllStringSubmatch(text, -1)
	commands = append(commands, regexp.MustCompile("`neuralode ([a-z][^`]*)`").FindAllStringSubmatch(text, -1)...)
	if len(commands) < 10 {
		t.Fatalf("the README has %d commands", len(commands))
	}
	for _, c := range commands {
		if status, _, errors := call(t, append(strings.Fields(c[1]), "--help")...); status != 0 {
			t.Errorf("neuralode %s: status %d, %s", c[1], status, errors)
		}
	}
}

// TestReadmeFlags looks for every flag that the README names in the program's help.
func TestReadmeFlags(t *testing.T) {
	var help strings.Builder
	for _, c := range []string{"train", "predict", "serve", "forecast", "eval", "solve", "plot", "live", "verify",
		"export", "bench", "devices", "doctor"} {
		help.WriteString(succeed(t, c, "--help"))
	}
	text := strings.ReplaceAll(pages(t), "docker run --rm", "")
	for _, flag := range regexp.MustCompile("(?:^|[ `])--[a-z][a-z0-9-]*").FindAllString(text, -1) {
		flag = strings.TrimLeft(flag, " `")
		if !strings.Contains(help.String(), flag+" ") && flag != "--help" && flag != "--rm" {
			t.Errorf("the README names %s, which no command has", flag)
		}
	}
}

// TestReadmeChecks finds a test for each that the README names, and a target for each make.
func TestReadmeChecks(t *testing.T) {
	checks := regexp.MustCompile(`go test -run (?:'([^']*)'|(\S+)) (\./[a-z/]*)`).FindAllStringSubmatch(readme(t), -1)
	if len(checks) < 10 {
		t.Fatalf("the README has %d checks", len(checks))
	}
	for _, c := range checks {
		files, err := filepath.Glob(filepath.Join("../..", c[3], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		var tests strings.Builder
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(text)
		}
		for _, name := range strings.Split(c[1]+c[2], "|") {
			if !regexp.MustCompile(`(?m)^func Test\w*` + strings.TrimPrefix(name, "Test")).MatchString(tests.String()) {
				t.Errorf("%s has no test %s", c[3], name)
			}
		}
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range regexp.MustCompile("(?m)(?:^    |`)make ([a-z -]+)").FindAllStringSubmatch(readme(t), -1) {
		for _, target := range strings.Fields(c[1]) {
			if !strings.Contains("\n"+string(makefile), "\n"+target+":") {
				t.Errorf("there is no target %s", target)
			}
		}
	}
}

// TestReadmeProgram holds the README's whole program to the one in examples, which is compiled and run, and its output
// to that.
func TestReadmeProgram(t *testing.T) {
	program, err := os.ReadFile("../../examples/pendulum/main.go")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../examples/pendulum/main_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(program), "package main")
	_, output, _ := strings.Cut(string(example), "// Output:\n\t// ")
	output, _, _ = strings.Cut(output, "\n")
	if want := "```go\npackage main" + code + "```\n\n    " + output + "\n"; !strings.Contains(readme(t), want) {
		t.Errorf("the README does not have %s", want)
	}
}

// TestReadmePredictor finds each statement of the README's predictor in the example of package train, which is run.
func TestReadmePredictor(t *testing.T) {
	example, err := os.ReadFile("../../train/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(readme(t), "```go\nmodel, err :=")
	block, _, _ = strings.Cut("model, err :="+block, "```")
	statements := strings.Split(block, "// ...\n")
	if !found || len(statements) != 3 {
		t.Fatalf("the README's predictor has %d statements", len(statements))
	}
	for _, statement := range statements {
		if !strings.Contains(string(example), strings.TrimSpace(statement)) {
			t.Errorf("package train's example has no statement %s", statement)
		}
	}
}
