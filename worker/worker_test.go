package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

func TestMain(m *testing.M) {
	if os.Getenv("NEURALODE_WORKER_TEST") != "" {
		main()
	}
	os.Exit(m.Run())
}

// natsServer is a server within the test, with a queue on disk.
func natsServer(t *testing.T) (url string) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(),
		NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not answer")
	}
	return s.ClientURL()
}

func call(args ...string) (status int, out, said string) {
	var o, e bytes.Buffer
	status = run(context.Background(), args, &o, &e)
	return status, o.String(), e.String()
}

func succeed(t *testing.T, args ...string) string {
	t.Helper()
	status, out, said := call(args...)
	if status != 0 {
		t.Fatalf("%v: status %d: %s", args, status, said)
	}
	return out
}

// program builds neuralode.
func program(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "neuralode")
	c := exec.Command("go", "build", "-o", path, "./cmd/neuralode")
	c.Dir = ".."
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// TestEnsemble solves an ensemble by three workers, one of which is killed after its shard was solved and before it said
// so: the joined file is that of one process.
func TestEnsemble(t *testing.T) {
	dir, url := t.TempDir(), natsServer(t)
	neuralode := program(t, dir)
	do := func(args ...string) {
		t.Helper()
		c := exec.Command(neuralode, args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	do("train", "--samples", "20", "--hidden", "8", "--iterations", "5", "--no-figures", "--device", "cpu", "--out",
		"run")
	points := "x1,x2\n"
	for i := range 500 {
		points += fmt.Sprintf("%d,%g\n", i%7, float64(i)/500)
	}
	if err := os.WriteFile(filepath.Join(dir, "p.csv"), []byte(points), 0o644); err != nil {
		t.Fatal(err)
	}
	do("solve", "run", "--points", "p.csv", "--out", "alone.npy", "--device", "cpu")
	if said := succeed(t, "fill", "--url", url, "24"); !strings.HasPrefix(said, "24 shards are left: 24 wait") {
		t.Error(said)
	}
	const script = `./neuralode solve run --points p.csv --out s.npy --device cpu --shard $0 &&
		if mkdir killed 2>/dev/null; then kill -9 $PPID; fi`
	var workers []*exec.Cmd
	for range 3 {
		w := exec.Command(os.Args[0], "work", "--url", url, "--patience", "1s", "--", "sh", "-c", script, "{}")
		w.Dir, w.Env, w.Stderr = dir, append(os.Environ(), "NEURALODE_WORKER_TEST=1"), &bytes.Buffer{}
		if err := w.Start(); err != nil {
			t.Fatal(err)
		}
		workers = append(workers, w)
	}
	killed := 0
	for _, w := range workers {
		if err := w.Wait(); err != nil {
			killed++
		}
	}
	if killed != 1 {
		t.Errorf("%d workers were killed, want one: %s", killed, workers[0].Stderr)
	}
	if said := succeed(t, "status", "--url", url); !strings.HasPrefix(said, "0 shards are left") {
		t.Error(said)
	}
	do("join", "s.npy")
	got, err1 := os.ReadFile(filepath.Join(dir, "s.npy"))
	want, err2 := os.ReadFile(filepath.Join(dir, "alone.npy"))
	if err1 != nil || err2 != nil || !bytes.Equal(got, want) {
		t.Errorf("the joined file is another: %v, %v", err1, err2)
	}
}

// TestFailures are tried again, and told of in the end.
func TestFailures(t *testing.T) {
	url, dir := natsServer(t), t.TempDir()
	succeed(t, "fill", "--url", url, "3")
	status, _, said := call("work", "--url", url, "--patience", "1s", "--attempts", "2", "--", "sh", "-c",
		"echo $0 >> "+dir+"/log; test $0 != 1/3", "{}")
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Fields(string(log)); status != 1 || len(lines) != 4 || strings.Count(string(log), "1/3") != 2 ||
		!strings.Contains(said, "1 shards failed 2 times each") {
		t.Errorf("status %d, tried %v, said %s", status, lines, said)
	}
	if status, _, said := call("fill", "--url", url, "3"); status != 1 || !strings.Contains(said, "1 shards are left") {
		t.Errorf("status %d, %s", status, said)
	}
	succeed(t, "clear", "--url", url)
	succeed(t, "fill", "--url", url, "3")
}

// TestWrongUse is status 2, a server that is not there 1.
func TestWrongUse(t *testing.T) {
	url := natsServer(t)
	for _, args := range [][]string{
		{}, {"fly"}, {"fill", "--url", url}, {"fill", "--url", url, "0"}, {"fill", "--url", url, "many"},
		{"work", "--url", url}, {"work", "--url", url, "--", "true"}, {"status", "--no"}, {"status", "--patience", "1ms"},
		{"status", "--attempts", "0"},
	} {
		if status, _, said := call(args...); status != 2 {
			t.Errorf("%v: status %d, %s", args, status, said)
		}
	}
	if status, _, said := call("status", "--url", "nats://127.0.0.1:1"); status != 1 || !strings.Contains(said, "127.0.0.1:1") {
		t.Errorf("status %d, %s", status, said)
	}
}
