package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// suggestion names the flag or command nearest to an unknown one among args.
func suggestion(root *cobra.Command, args []string, text string) string {
	if quoted, found := strings.CutPrefix(text, `unknown command "`); found {
		var names []string
		for _, c := range root.Commands() {
			names = append(names, c.Name())
		}
		word, _, _ := strings.Cut(quoted, `"`)
		return hint(nearest(word, names))
	}
	name, found := strings.CutPrefix(text, "unknown flag: --")
	if !found {
		return ""
	}
	var known []string
	command, _, err := root.Find(args)
	if err != nil || command == root {
		command = root
	}
	collect := func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	}
	collect(command)
	if command == root {
		for _, c := range root.Commands() {
			collect(c)
		}
	}
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf(" (did you mean --%s?)", near)
	}
	return ""
}

// nearest is the candidate fewest edits away, when that is a third of the word or less.
func nearest(word string, candidates []string) string {
	best, distance := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		if d := edits(word, c); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
