package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// commandsOf are the commands of an example's page, at the places of a test, with the folder of its run.
func commandsOf(t *testing.T, example, runs string) (commands [][]string, run, page string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../examples", example, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	run = filepath.Join(t.TempDir(), "run")
	at := strings.NewReplacer("examples/"+example, "../../examples/"+example, runs, run)
	for _, c := range regexp.MustCompile(`(?m)^    neuralode (.*)$`).FindAllStringSubmatch(string(text), -1) {
		commands = append(commands, append(strings.Fields(at.Replace(c[1])), "--device", "cpu"))
	}
	return commands, run, string(text)
}

// TestSpirals does what the example's page says: a latent ODE is far better than the mean on spirals that were held
// out.
func TestSpirals(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	commands, run, _ := commandsOf(t, "spirals", "runs/spirals")
	if len(commands) != 2 {
		t.Fatalf("the page has the commands %q", commands)
	}
	said := ""
	for _, c := range commands {
		said = succeed(t, c...)
	}
	if !strings.HasPrefix(said, "id,t,x,y\n0,") || strings.Count(said, "\n") < 120*40 {
		t.Errorf("the forecast begins %.60q and has %d lines", said, strings.Count(said, "\n"))
	}
	if _, err := os.Stat(filepath.Join(run, "plane.png")); err != nil {
		t.Error(err)
	}
	var model, training, mean float64
	_, scores, _ := strings.Cut(succeed(t, "eval", run, "--device", "cpu"), "\nRMSE")
	if _, err := fmt.Sscanf(strings.Join(strings.Fields(scores), " "), "%g training %g baseline %g", &model, &training,
		&mean); err != nil || !(model < 0.6) || !(training < 0.45) || !(mean > 4) {
		t.Errorf("RMSE is %v of what was held out, %v of the others, %v of the mean; %v", model, training, mean, err)
	}
}

// TestLynxHare does what the example's page says, in a folder of the test: it trains with the defaults, is better than
// the mean in the years held out, and leaves the pictures that the page names.
func TestLynxHare(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	commands, run, page := commandsOf(t, "lynxhare", "runs/pelts")
	if len(commands) != 2 {
		t.Fatalf("the page has the commands %q", commands)
	}
	said := ""
	for _, c := range commands {
		said = succeed(t, c...)
	}
	if !strings.HasPrefix(said, "year,hare,lynx\n1900,30,4\n") || strings.Count(said, "\n") != 1+31 {
		t.Errorf("the forecast is %q", said)
	}
	for _, name := range append(regexp.MustCompile("`([a-z0-9-]+\\.png)`").FindAllString(page, -1), "`series-2.png`") {
		if _, err := os.Stat(filepath.Join(run, strings.Trim(name, "`"))); err != nil {
			t.Error(err)
		}
	}
	var model, training, mean float64
	_, scores, _ := strings.Cut(succeed(t, "eval", run, "--device", "cpu"), "\nR²")
	if _, err := fmt.Sscanf(strings.Join(strings.Fields(scores), " "), "%g training %g baseline %g", &model, &training,
		&mean); err != nil || model < 0.2 || training < 0.9 || mean > 0 {
		t.Errorf("R² is %v in the years held out, %v in those before, %v of the mean; %v", model, training, mean, err)
	}
}
