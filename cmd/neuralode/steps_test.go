package main

import (
	"slices"
	"strings"
	"testing"
)

// TestSolveSteps writes all steps: each sample from t0 to t1, in constant steps 0.25 apart, with the states that --times
// gives there.
func TestSolveSteps(t *testing.T) {
	dir := trained(t, "--no-figures")
	points := write(t, "points.csv", "a,b\n1,2\n2,1\n")
	solve := []string{"solve", dir, "--points", points, "--digits", "all"}
	lines := func(more ...string) []string {
		return strings.Split(strings.TrimSpace(succeed(t, append(solve, more...)...)), "\n")
	}
	own := lines("--steps")
	if len(own) < 5 || own[0] != "sample,t,z1,z2" || own[1] != "0,0,1,2" || !strings.HasPrefix(own[len(own)-1], "1,1,") {
		t.Errorf("steps %q", own)
	}
	if got, want := lines("--steps", "--step", "0.25"), lines("--times", "0:1:5", "--step", "0.25"); !slices.Equal(got, want) {
		t.Errorf("constant steps end at %q, at these times the states are %q", got, want)
	}
	for _, wrong := range [][]string{{"--times", "1"}, {"--out", "x.npy"}, {"--shard", "0/2", "--out", "x.csv"}} {
		if code, _, _ := call(t, append(append(solve, "--steps"), wrong...)...); code != 2 {
			t.Errorf("%v ends with %d", wrong, code)
		}
	}
}
