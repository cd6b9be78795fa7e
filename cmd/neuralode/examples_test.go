package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLynxHare does what the example's page says, in a folder of the test: it trains with the defaults, is better than the
// mean in the years held out, and leaves the pictures that the page names.
func TestLynxHare(t *testing.T) {
	page, err := os.ReadFile("../../examples/lynxhare/README.md")
	if err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(t.TempDir(), "pelts")
	at := strings.NewReplacer("examples/lynxhare", "../../examples/lynxhare", "runs/pelts", run)
	commands := regexp.MustCompile(`(?m)^    neuralode (.*)$`).FindAllStringSubmatch(string(page), -1)
	if len(commands) != 2 {
		t.Fatalf("the page has the commands %q", commands)
	}
	said := ""
	for _, c := range commands {
		said = succeed(t, append(strings.Fields(at.Replace(c[1])), "--device", "cpu")...)
	}
	if !strings.HasPrefix(said, "year,hare,lynx\n1900,30,4\n") || strings.Count(said, "\n") != 1+31 {
		t.Errorf("the forecast is %q", said)
	}
	for _, name := range append(regexp.MustCompile("`([a-z0-9-]+\\.png)`").FindAllString(string(page), -1), "`series-2.png`") {
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
