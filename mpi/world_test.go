package mpi_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"neuralode/mpi"
	"neuralode/mpi/mpitest"
)

// roleKey is set in the environment of the processes that a test starts in ranks: what they do.
const roleKey = "NEURALODE_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleKey); role != "" {
		mpi.Exit(act(role))
	}
	os.Exit(m.Run())
}

// act is a rank: it sends a ring of messages that grow, receives one from rank 0, and leaves.
func act(role string) int {
	l, err := mpi.Launched(os.Getenv)
	if err == nil {
		err = inWorld(l, role)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func inWorld(l mpi.Launch, role string) error {
	w, err := mpi.Open(l)
	if err != nil {
		return err
	}
	if role == "abort" && w.Rank() == w.Size()-1 {
		w.Abort(3)
	}
	if role == "die" && w.Rank() == w.Size()-1 {
		os.Exit(1)
	}
	for n := 0; n <= 1<<20; n = 16*n + 1 {
		if err := ring(w, n); err != nil {
			return err
		}
	}
	if err := w.Barrier(); err != nil {
		return err
	}
	if w.Rank() == 0 {
		fmt.Printf("ring of %d by %s\n", w.Size(), w)
	}
	return w.Finalize()
}

// ring passes n bytes from rank to rank, each of which adds its number, and compares what rank 0 then tells all.
func ring(w *mpi.World, n int) error {
	data, room := make([]byte, n), make([]byte, n+100)
	if w.Rank() > 0 {
		if err := w.Receive(w.Rank()-1, room); err != nil {
			return err
		}
		copy(data, room)
	}
	for i := range data {
		data[i] += byte(w.Rank() + i)
	}
	if err := w.Send((w.Rank()+1)%w.Size(), data); err != nil && w.Size() > 1 {
		return err
	}
	if w.Rank() == 0 && w.Size() > 1 {
		if err := w.Receive(w.Size()-1, data); err != nil {
			return err
		}
	}
	if err := w.Broadcast(data); err != nil {
		return err
	}
	for i, got := range data {
		if want := byte(w.Size()*(w.Size()-1)/2 + w.Size()*i); got != want {
			return fmt.Errorf("rank %d: byte %d of %d is %d, want %d", w.Rank(), i, n, got, want)
		}
	}
	return nil
}

// started runs this test's program in ranks.
func started(t *testing.T, i mpitest.Installation, ranks int, role string) (string, error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := i.Command(ctx, ranks, program)
	c.Env = append(c.Env, roleKey+"="+role)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	err = c.Run()
	if ctx.Err() != nil {
		t.Fatalf("%d ranks hang: %s", ranks, &said)
	}
	return said.String(), err
}

// TestWorld sends and broadcasts between ranks of every MPI that is here, and leaves with status 0.
func TestWorld(t *testing.T) {
	for _, i := range mpitest.Installations(t) {
		t.Run(i.Name, func(t *testing.T) {
			for _, ranks := range []int{3} {
				said, err := started(t, i, ranks, "ring")
				if err != nil || !strings.Contains(said, fmt.Sprintf("ring of %d by ", ranks)) {
					t.Errorf("%d ranks: %v, said %s", ranks, err, said)
				}
			}
		})
	}
}

// TestFailingRankEndsAll has a rank abort or die: nobody waits for it.
func TestFailingRankEndsAll(t *testing.T) {
	for _, i := range mpitest.Installations(t) {
		for _, role := range []string{"abort", "die"} {
			if said, err := started(t, i, 3, role); err == nil {
				t.Errorf("%s, %s: status 0, said %s", i.Name, role, said)
			}
		}
	}
}
