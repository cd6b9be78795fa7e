package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestManyClasses asks for pictures of more classes than they can show.
func TestManyClasses(t *testing.T) {
	var points strings.Builder
	for i := range 60 {
		fmt.Fprintf(&points, "%d,%d,k%d\n", i%7, i%11, i%30)
	}
	dir := trained(t, "--data", write(t, "many.csv", points.String()), "--no-figures")
	status, out, errors := call(t, "plot", dir, "--device", "cpu")
	if status != 1 || !strings.Contains(out, "loss.png") || !strings.Contains(errors, "dynamics: figure: 30 classes") ||
		!strings.Contains(errors, "decision: figure: 30 classes") || strings.Count(errors, "\n") != 1 {
		t.Errorf("status %d, output %q, want loss alone and why; %s", status, out, errors)
	}
}
