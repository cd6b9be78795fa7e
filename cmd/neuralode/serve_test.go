//go:build unix

package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestServe starts the program, asks it, and stops it by SIGTERM while it is asked: it answers as predict does, refuses
// nothing that it began, and ends well.
func TestServe(t *testing.T) {
	run := trainedOn(t, kinds)
	p, _ := program(t, "serve", run, "--listen", "127.0.0.1:0", "--device", "cpu")
	p.Stderr = nil
	said, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(said)
	first, err := lines.ReadString('\n')
	_, address, found := strings.Cut(first, " on ")
	address, _, _ = strings.Cut(address, ",")
	if err != nil || !found || !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Fatalf("it says %q (%v)", first, err)
	}
	want := succeed(t, "predict", run, "--points", write(t, "new.csv", "x,y\n0.1,0.2\n2,2.1\n"), "--format", "jsonl",
		"--device", "cpu")
	want = `{"answers":[` + strings.Replace(strings.TrimSpace(want), "\n", ",", 1) + "]}\n"
	var group sync.WaitGroup
	began := make(chan bool, 20)
	for range 20 {
		group.Go(func() {
			for client := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}); ; {
				r, err := client.Post(address+"/predict", "",
					strings.NewReader(`{"points": [{"y": 0.2, "x": 0.1}, [2, 2.1]]}`))
				if err != nil {
					return // the server is gone
				}
				got, err := io.ReadAll(r.Body)
				r.Body.Close()
				if string(got) != want || r.StatusCode != 200 || err != nil {
					t.Errorf("status %d, %s, %v; want %s", r.StatusCode, got, err, want)
				}
				select {
				case began <- true:
				default:
				}
			}
		})
	}
	for range 20 {
		<-began
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	rest, _ := io.ReadAll(lines)
	if status := ended(t, p); status != 0 || !strings.Contains(string(rest), "stopped") {
		t.Errorf("status %d: %s", status, rest)
	}
}

// TestServeMisuse types wrong flags and takes a port that is in use: one line says so.
func TestServeMisuse(t *testing.T) {
	model := explosive(t)
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{2, "max-points must be positive, got 0", []string{"--max-points", "0"}},
		{2, "timeout must be positive", []string{"--timeout", "-1s"}},
		{2, "listen must be HOST:PORT", []string{"--listen", "8080"}},
		{1, "no such file", nil},
	} {
		what := model
		if c.status == 1 {
			what = "nowhere.safetensors"
		}
		status, _, said := call(t, append([]string{"serve", what, "--device", "cpu"}, c.args...)...)
		if status != c.status || !strings.Contains(said, c.want) || strings.Count(said, "\n") != 1 {
			t.Errorf("%v: status %d, want %d: %s", c.args, status, c.status, said)
		}
	}
}

// TestStoppedPredicting stops a prediction that waits for more points on standard input: no file is left.
func TestStoppedPredicting(t *testing.T) {
	p, said := program(t, "predict", explosive(t), "--points", "-", "--out", "answers.csv", "--device", "cpu")
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, "x\n"+strings.Repeat("-1\n", 100_000)); err != nil { // more than a pipe holds
		t.Fatal(err)
	}
	if err := p.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if status := ended(t, p); status != exitInterrupted {
		t.Errorf("status %d: %s", status, said)
	}
	if left, err := os.ReadDir(p.Dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v (%v)", left, err)
	}
}
