package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// header is what the generated files need of cuda.h.
type header struct {
	functions []function
	codes     []code
}

// function is a driver function under the name it has in the library, such as cuMemAlloc_v2.
type function struct {
	name       string
	parameters string   // as declared
	arguments  []string // the parameters' names
}

type code struct {
	name  string
	value int
}

var (
	mapped    = regexp.MustCompile(`@@map (\w+)`)
	prototype = regexp.MustCompile(`(?s)CUresult\s+(cu\w+)\s*\(([^;{]*?)\)\s*;`)
	parameter = regexp.MustCompile(`(\w+)\s*(\[\w*\])?$`)
	errorCode = regexp.MustCompile(`\b(CUDA_ERROR_\w+)\s*=\s*(\d+)`)
)

// readHeader runs cuda.h through the preprocessor, which gives both prototypes and the macros that map a name in a
// source to the one in the library.
func readHeader(names []string) (*header, error) {
	text, err := preprocess(names)
	if err != nil {
		return nil, err
	}
	h := &header{functions: functionsIn(text), codes: codesIn(text)}
	if len(h.functions) < 100 || len(h.codes) < 50 {
		return nil, fmt.Errorf("found %d functions and %d error codes in cuda.h: has its form changed?", len(h.functions), len(h.codes))
	}
	return h, nil
}

func preprocess(names []string) (string, error) {
	var in, stderr bytes.Buffer
	in.WriteString("#include <cuda.h>\n")
	for _, n := range names {
		fmt.Fprintf(&in, "@@map %s\n", n)
	}
	cmd := exec.Command("cc", "-E", "-P", "-")
	cmd.Stdin, cmd.Stderr = &in, &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("cc -E: %w: %s", err, stderr.Bytes())
	}
	return string(out), nil
}

func functionsIn(text string) []function {
	wanted := map[string]bool{"cuInit": true}
	for _, m := range mapped.FindAllStringSubmatch(text, -1) {
		wanted[m[1]] = true
	}
	var functions []function
	for _, m := range prototype.FindAllStringSubmatch(text, -1) {
		if wanted[m[1]] {
			functions = append(functions, parse(m[1], m[2]))
			delete(wanted, m[1])
		}
	}
	slices.SortFunc(functions, func(a, b function) int { return strings.Compare(a.name, b.name) })
	return functions
}

func parse(name, parameters string) function {
	f := function{name: name, parameters: strings.Join(strings.Fields(parameters), " ")}
	if f.parameters == "void" || f.parameters == "" {
		return f
	}
	for p := range strings.SplitSeq(f.parameters, ",") {
		f.arguments = append(f.arguments, parameter.FindStringSubmatch(strings.TrimSpace(p))[1])
	}
	return f
}

func codesIn(text string) []code {
	var codes []code
	for _, m := range errorCode.FindAllStringSubmatch(text, -1) {
		value, _ := strconv.Atoi(m[2])
		codes = append(codes, code{m[1], value})
	}
	slices.SortFunc(codes, func(a, b code) int { return a.value - b.value })
	return slices.CompactFunc(codes, func(a, b code) bool { return a.value == b.value })
}
