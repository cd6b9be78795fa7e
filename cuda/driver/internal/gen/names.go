package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// call matches a driver function as Go code (C.cuX) or C code (cuX() in a comment above import "C") names it.
var call = regexp.MustCompile(`\b(?:C\.(cu[A-Z]\w+)|(cu[A-Z]\w+)\s*\()`)

// calledNames lists what looks like a driver function in the Go and C files of the folders; a name too many does no harm.
func calledNames(folders ...string) ([]string, error) {
	names := map[string]bool{}
	for _, folder := range folders {
		files, err := sources(folder)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				return nil, err
			}
			for _, m := range call.FindAllSubmatch(text, -1) {
				names[string(m[1])+string(m[2])] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

func sources(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		name := e.Name()
		isSource := filepath.Ext(name) == ".go" || filepath.Ext(name) == ".c"
		if isSource && !strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(name, "shim_") {
			files = append(files, filepath.Join(folder, name))
		}
	}
	return files, nil
}
