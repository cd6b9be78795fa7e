package licenses

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestComplete looks for every module that the program links, by what the go command says of it, with and without CUDA
// and for other systems; and for modules that it no longer links.
func TestComplete(t *testing.T) {
	linked := map[string]bool{}
	for _, build := range [][]string{
		{"GOOS=linux", "CGO_ENABLED=0"}, {"GOOS=linux", "CGO_ENABLED=1", "GOFLAGS=-tags=gpu"}, {"GOOS=windows"}, {"GOOS=darwin"},
	} {
		list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}",
			"neuralode/cmd/neuralode")
		list.Env = append(os.Environ(), build...)
		out, err := list.Output()
		if err != nil {
			t.Fatalf("go list for %v: %v", build, err)
		}
		for _, module := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			linked[strings.TrimSpace(module)] = true
		}
	}
	delete(linked, "neuralode")
	if len(linked) < 30 {
		t.Fatalf("only %d modules are linked", len(linked))
	}
	named := map[string]bool{}
	for _, line := range strings.Split(Text(), "\n") {
		if module, _, found := strings.Cut(line, " ("); found && strings.Count(module, " ") == 1 &&
			strings.Contains(module, " v") {
			named[module] = true
		}
	}
	for module := range linked {
		if !named[module] {
			t.Errorf("%s is linked, and its licence is not there: go generate ./licenses", module)
		}
	}
	for module := range named {
		if !linked[module] {
			t.Errorf("%s is named, and no longer linked: go generate ./licenses", module)
		}
	}
}

// TestTexts looks for what licences ask to be kept: the words of each kind, and the names of those who wrote.
func TestTexts(t *testing.T) {
	for _, want := range []string{
		"the neuralode authors", "The Gonum Authors", "The Go Authors", "Apache License", "Permission is hereby granted, free of charge",
		"SIL OPEN FONT LICENSE", "Redistribution and use in source and binary forms", "Chewxy",
		"Leon Sorokin",
	} {
		if !strings.Contains(strings.ToLower(strings.Join(strings.Fields(Text()), " ")), strings.ToLower(want)) {
			t.Errorf("the texts lack %q", want)
		}
	}
}
