package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"neuralode/train"
)

// said is what a program under way says.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// find waits for what a pattern finds.
func (s *said) find(t *testing.T, pattern string) string {
	t.Helper()
	for range 3000 {
		if found := regexp.MustCompile(pattern).FindStringSubmatch(s.String()); found != nil {
			return found[1]
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no %s in %q", pattern, s)
	return ""
}

// pageAddress finds that of a page.
const pageAddress = `live +(http://\S+)`

// background runs the program until stop, and returns its status over the channel.
func background(args ...string) (out *said, ended <-chan int, stop context.CancelFunc) {
	ctx, stop := context.WithCancel(context.Background())
	out, status := &said{}, make(chan int, 1)
	go func() { status <- run(ctx, args, strings.NewReader(""), out, out) }()
	return out, status, stop
}

// TestTrainLive trains with a page, presses its button, and reads the run afterwards with live.
func TestTrainLive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	out, ended, stop := background("train", "--live", "127.0.0.1:0", "--samples", "30", "--hidden", "8", "--batch", "16", "--device", "cpu",
		"--iterations", "10000000", "--no-figures", "--out", dir)
	defer stop()
	page, token, _ := strings.Cut(out.find(t, pageAddress), "#token=")
	out.find(t, `(iteration 1)/`)
	request, _ := http.NewRequest("POST", page+"stop", nil)
	request.Header.Set("X-Neuralode-Token", token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil || answer.StatusCode != http.StatusNoContent {
		t.Fatalf("%v, %v", answer, err)
	}
	if status := <-ended; status != 130 || !strings.Contains(out.String(), "go on with: neuralode train --resume") {
		t.Errorf("status %d, %s", status, out)
	}
	r, err := train.OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	if history, err := r.History(); err != nil || history[len(history)-1].Iteration == 0 {
		t.Errorf("the stop left no checkpoint: %v", err)
	}
	shown, ended, stop := background("live", dir)
	page, _, _ = strings.Cut(shown.find(t, pageAddress), "#")
	if answer, err := http.Get(page); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%v, %v", answer, err)
	}
	stop()
	if status := <-ended; status != 0 || strings.Count(shown.String(), "\n") != 1 {
		t.Errorf("status %d, %q, want one line", status, shown)
	}
}

// TestResumeLive goes on with a run behind whose checkpoint a crash has left junk, with a page as without.
func TestResumeLive(t *testing.T) {
	dir := trained(t, "--no-figures")
	appendTo(t, filepath.Join(dir, "metrics.csv"), "31,0.5,\"junk\n")
	if status, out, said := call(t, "plot", dir); status != 0 || !strings.Contains(out, "loss.png") {
		t.Errorf("plot: status %d, %q, %q", status, out, said)
	}
	status, _, said := call(t, "train", "--resume", dir, "--iterations", "32", "--live", anyPort, "--no-figures",
		"--device", "cpu")
	if status != 0 || !strings.Contains(said, "live       http") {
		t.Errorf("status %d, %q", status, said)
	}
}

// TestNoTrainingNoStay: on a terminal too, what keeps a training with a page from beginning ends the program at once.
func TestNoTrainingNoStay(t *testing.T) {
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	defer person.Close()
	t.Setenv("TERM", "xterm")
	dir, file := trained(t, "--no-figures"), write(t, "file", "")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"train", "--resume", dir, "--iterations", "32", "--live", "--device", "cpu",
			"--tensorboard", file}, strings.NewReader(""), io.Discard, person)
	}()
	select {
	case got := <-status:
		if got != 1 {
			t.Errorf("status %d, want 1", got)
		}
	case <-time.After(20 * time.Second):
		t.Error("the page stays")
		stop()
		<-status
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// TestLiveElsewhere asks for addresses that cannot be had: each is one line, before any work.
func TestLiveElsewhere(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := filepath.Join(t.TempDir(), "run")
	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{1, "is in use by another program", quick("--live", taken.Addr().String(), "--out", dir)},
		{1, "is in use by another program", quick("--live="+taken.Addr().String(), "--out", dir)},
		{2, "want a port from 0 to 65535", quick("--live=127.0.0.1:70000", "--out", dir)},
		{2, "train takes flags alone, got \"7:7:7\"", quick("--live", "7:7:7", "--out", dir)},
		{2, "want an address", []string{"live", dir, "--listen", "7:7:7"}},
		{1, "is in use by another program", []string{"live", dir, "--listen", taken.Addr().String()}},
		{1, "holds no run", []string{"live", dir}},
		{2, "live wants a run folder", []string{"live"}},
	} {
		status, out, errors := call(t, c.args...)
		if status != c.status || !strings.Contains(errors, c.says) || strings.Count(errors, "\n") != 1 || out != "" {
			t.Errorf("%v: status %d, %q, %q, want %d and %q", c.args, status, out, errors, c.status, c.says)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Fatalf("%v made a run", c.args)
		}
	}
}

// TestLiveSeries shows a run of series, also where its file is gone, which a note says.
func TestLiveSeries(t *testing.T) {
	text, err := os.ReadFile(animals)
	if err != nil {
		t.Fatal(err)
	}
	data := write(t, "animals.csv", string(text))
	dir := trained(t, "--data", data, "--iterations", "20", "--no-figures")
	for _, gone := range []bool{false, true} {
		if gone {
			if err := os.Remove(data); err != nil {
				t.Fatal(err)
			}
		}
		out, ended, stop := background("live", dir)
		page, token, _ := strings.Cut(out.find(t, pageAddress), "#token=")
		answer, err := http.Get(page + "picture?iteration=16&token=" + token)
		for i := 0; err == nil && answer.StatusCode == http.StatusNotFound && i < 300; i++ { // not read yet
			answer.Body.Close()
			time.Sleep(10 * time.Millisecond)
			answer, err = http.Get(page + "picture?iteration=16&token=" + token)
		}
		if err != nil {
			t.Fatal(err)
		}
		picture, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		stop()
		if status := <-ended; status != 0 || strings.Contains(string(picture), `"curves"`) == gone ||
			strings.Contains(out.String(), "the series are not shown: ") != gone {
			t.Errorf("gone %t: status %d, %q, picture %.100s", gone, status, out, picture)
		}
	}
}
