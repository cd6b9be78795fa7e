package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"neuralode/machine"
)

// TestDoctor wants advice for everything that is looked at.
func TestDoctor(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	var findings []finding
	if err := json.Unmarshal([]byte(succeed(t, "doctor", "--json")), &findings); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range findings {
		seen[strings.Fields(f.What)[0]] = true
		if f.Is == "" || f.Advice == "" {
			t.Errorf("%+v", f)
		}
	}
	for _, what := range []string{"build", "instructions", "cores", "clock", "arithmetic", "memory", "GPU"} {
		if !seen[what] {
			t.Errorf("nothing is said of %s", what)
		}
	}
}

// TestDoctorSees gives facts of machines that lose speed, and of one that does not.
func TestDoctorSees(t *testing.T) {
	all := math.Inf(1)
	for _, c := range []struct {
		f    finding
		want string // "" where nothing is to be gained
	}{
		{ofCores(machine.Facts{CPUs: 8, Workers: 8, Quota: all}), ""},
		{ofCores(machine.Facts{CPUs: 8, Workers: 2, Quota: all}), "leaves 6 cores idle"},
		{ofCores(machine.Facts{CPUs: 8, Workers: 2, Quota: 2}), "more cores for the container"},
		{ofCores(machine.Facts{CPUs: 8, Workers: 8, Quota: 2.5, Throttled: 7}), "GOMAXPROCS=2"},
		{ofCores(machine.Facts{CPUs: 2, Workers: 2, Quota: all, Load: 9}), "other processes"},
		{ofClock(machine.Facts{MHz: 1000, MaxMHz: 3000, Governor: "powersave"}), "cpupower"},
		{ofClock(machine.Facts{MHz: 1000, MaxMHz: 3000, Governor: "performance"}), ""},
		{ofBuild(machine.Facts{NVIDIA: true}), "make gpu-build"},
		{ofBuild(machine.Facts{}), ""},
	} {
		if c.f.Slow != (c.want != "") || !strings.Contains(c.f.Advice, c.want) {
			t.Errorf("%+v, want advice with %q", c.f, c.want)
		}
	}
}

// TestDevicesCheck lets the CPU answer what has exact answers.
func TestDevicesCheck(t *testing.T) {
	if said := succeed(t, "devices", "--check"); !strings.Contains(said, "cpu   works: states within") {
		t.Errorf("devices --check says %q", said)
	}
}
