// Package emulate compiles CUDA C kernels with g++ and runs them on the host: every thread of a block is a fiber, and
// barriers and shuffles switch between them. It is for tests on machines without a GPU.
package emulate

import (
	"context"
	_ "embed" // the headers
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

//go:embed emulation.h
var header string

//go:embed runner.h
var runner string

// ErrNoCompiler says that g++ is missing.
var ErrNoCompiler = errors.New("emulate: no g++ on this machine")

// Header is the C++ text that makes kernels compile for the host when it stands before them. emulation::launch runs a
// kernel, which takes one pointer.
func Header() string { return header }

// Program returns a C++ program that serves as a device for the kernels with the given names.
func Program(source string, kernels []string) string {
	var b strings.Builder
	b.WriteString(header + "\n#line 1 \"kernels.cu\"\n" + source + "\n#line 1 \"runner.h\"\n" + runner + "\n")
	b.WriteString("const KernelEntry kernelTable[] = {\n")
	for _, k := range kernels {
		fmt.Fprintf(&b, "\t{\"%s\", (void (*)(const void *))%s},\n", k, k)
	}
	b.WriteString("\t{nullptr, nullptr},\n};\n")
	return b.String()
}

// Build compiles a program of [Program] into dir and returns the executable. Flags come after the defaults (optimised,
// no pairing of multiplications and additions). The error wraps ErrNoCompiler where there is no g++.
func Build(ctx context.Context, dir, name, program string, flags ...string) (string, error) {
	compiler, err := exec.LookPath("g++")
	if err != nil || runtime.GOOS == "windows" {
		return "", ErrNoCompiler
	}
	source, exe := filepath.Join(dir, name+".cpp"), filepath.Join(dir, name)
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		return "", err
	}
	args := append([]string{"-std=c++17", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Wno-unknown-pragmas", "-Wno-unused-parameter",
		"-Wno-sign-compare", "-o", exe, source}, flags...)
	out, err := exec.CommandContext(ctx, compiler, args...).CombinedOutput()
	if err != nil || len(out) > 0 {
		return "", fmt.Errorf("emulate: g++ %s: %v\n%s", name, err, out)
	}
	return exe, nil
}
