// Package ensemble solves many samples in shards: each a fixed range of the samples and a file of its own, whoever
// computes it, when and where. Joined they are what one process would have written, to the bit.
package ensemble

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// MaxShards is how many shards there are at most.
const MaxShards = 1_000_000

// Shard is one part of Of, numbered from 0.
type Shard struct{ Number, Of int }

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Number, s.Of) }

// Check reports numbers that cannot be.
func (s Shard) Check() error {
	if s.Of < 1 || s.Of > MaxShards || s.Number < 0 || s.Number >= s.Of {
		return fmt.Errorf("ensemble: shards are numbered from 0 to one below how many there are, at most %d, got %v",
			MaxShards, s)
	}
	return nil
}

// Range is the samples of the shard among n: from one up to another. Shards differ by one sample at most.
func (s Shard) Range(n int) (from, to int) {
	return int(int64(s.Number) * int64(n) / int64(s.Of)), int(int64(s.Number+1) * int64(n) / int64(s.Of))
}

// Path is the file of a shard of what will be in the file out: states.part-03-of-64.safetensors for states.npy.
func (s Shard) Path(out string) string {
	digits := len(strconv.Itoa(s.Of - 1))
	return fmt.Sprintf("%s.part-%0*d-of-%d.safetensors", strings.TrimSuffix(out, filepath.Ext(out)), digits, s.Number,
		s.Of)
}

// indices are the variables in which a scheduler tells a task its number, and where they are there its first number and
// how many there are.
var indices = []struct{ index, first, count string }{
	{"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT"},
	{"JOB_COMPLETION_INDEX", "", ""}, // Kubernetes' Indexed Jobs, from 0
}

// Parse reads a shard: 3/64, which is the fourth of 64, or auto/64, whose number is that of this task in a job array of
// Slurm or in an Indexed Job of Kubernetes, or auto, where Slurm says how many tasks there are, too. getenv reads the
// environment.
func Parse(text string, getenv func(string) string) (Shard, error) {
	number, of, both := strings.Cut(text, "/")
	wrong := fmt.Errorf("ensemble: a shard is given as 3/64, auto/64 or auto, got %.40q", text)
	var s Shard
	var err error
	if both {
		if s.Of, err = strconv.Atoi(of); err != nil {
			return s, wrong
		}
	}
	switch {
	case number == "auto" || number == "":
		s, err = ofTask(s, both, getenv)
	case !both:
		err = wrong
	default:
		if s.Number, err = strconv.Atoi(number); err != nil {
			err = wrong
		}
	}
	if err == nil {
		err = s.Check()
	}
	return s, err
}

// ofTask is the shard of this task, of as many as are given or as the scheduler says.
func ofTask(s Shard, given bool, getenv func(string) string) (Shard, error) {
	for _, v := range indices {
		text := getenv(v.index)
		if text == "" {
			continue
		}
		index, err := strconv.Atoi(text)
		if err != nil {
			return s, fmt.Errorf("ensemble: %s must be a number, got %.20q", v.index, text)
		}
		first, _ := strconv.Atoi(getenv(v.first)) // without it tasks count from 0
		count, err := strconv.Atoi(getenv(v.count))
		switch {
		case !given && err != nil:
			return s, fmt.Errorf("ensemble: %s is there, but how many tasks there are is not: give the shard as "+
				"auto/64", v.index)
		case !given:
			s.Of = count
		case err == nil && count != s.Of:
			return s, fmt.Errorf("ensemble: %s says that there are %d tasks, %d shards are given", v.count, count, s.Of)
		}
		s.Number = index - first
		return s, nil
	}
	return s, fmt.Errorf("ensemble: a shard's number from the scheduler needs %s or %s in the environment",
		indices[0].index, indices[1].index)
}
