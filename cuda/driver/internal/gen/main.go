// Command gen writes the driver shim and the names of the driver's error codes from cuda.h:
//
//	go run ./internal/gen -shim shim_linux.c -codes codes.go
//
// It runs in the folder of package driver, looks for the driver functions that gorgonia.org/cu and the package call, and
// reads their prototypes from cuda.h, which the C preprocessor must find (see CPATH).
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	shim := flag.String("shim", "shim_linux.c", "C file of the shim")
	codes := flag.String("codes", "codes.go", "Go file of the error names")
	flag.Parse()
	if err := generate(*shim, *codes); err != nil {
		log.Fatal(err)
	}
}

func generate(shim, codes string) error {
	cu, err := folderOf("gorgonia.org/cu")
	if err != nil {
		return err
	}
	names, err := calledNames(cu, ".")
	if err != nil {
		return err
	}
	h, err := readHeader(names)
	if err != nil {
		return err
	}
	if err := os.WriteFile(shim, writeShim(h.functions), 0o644); err != nil {
		return err
	}
	text, err := writeCodes(h.codes)
	if err != nil {
		return err
	}
	return os.WriteFile(codes, text, 0o644)
}

// folderOf is where the sources of a module are.
func folderOf(module string) (string, error) {
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go list -m %s: %w: %s", module, err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}
