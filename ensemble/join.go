package ensemble

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"neuralode/dataset"
)

// Joined tells of what was joined.
type Joined struct {
	Shards     int
	Samples    int
	NFE        int      // field evaluations of all samples
	Steps      int      // tried, of all
	Arithmetic []string // by which parts were computed; bits of one process are promised where it is one
}

var partName = regexp.MustCompile(`\.part-(\d+)-of-(\d+)\.safetensors$`)

// Count is how many shards the parts beside a file say that there are. It is an error where there are none, or parts of
// different numbers of shards.
func Count(out string) (int, error) {
	beside, err := filepath.Glob(escape(strings.TrimSuffix(out, filepath.Ext(out))) + ".part-*-of-*.safetensors")
	if err != nil {
		return 0, fmt.Errorf("ensemble: %w", err)
	}
	var counts []int
	for _, path := range beside {
		if m := partName.FindStringSubmatch(path); m != nil {
			if n, err := strconv.Atoi(m[2]); err == nil && !slices.Contains(counts, n) {
				counts = append(counts, n)
			}
		}
	}
	switch slices.Sort(counts); len(counts) {
	case 0:
		return 0, fmt.Errorf("ensemble: there are no parts of %s", out)
	case 1:
		return counts[0], Shard{0, counts[0]}.Check()
	}
	return 0, fmt.Errorf("ensemble: there are parts of %s in %v shards: remove those of other numbers", out, counts)
}

// escape lets a name stand for itself in a pattern.
func escape(name string) string {
	return regexp.MustCompile(`[*?\[\\]`).ReplaceAllString(name, `\$0`)
}

// missing are the shards of so many whose parts are not there or damaged.
func missing(out string, of int) (lacking []string) {
	for k := range of {
		if _, err := Read(Shard{k, of}.Path(out)); err != nil {
			lacking = append(lacking, strconv.Itoa(k))
		}
	}
	return lacking
}

// Join writes to w what all parts beside out hold, in the format that out's ending names: .npy, or else CSV. It reads
// one part at a time, and first looks whether all are there.
func Join(out string, w io.Writer) (*Joined, error) {
	of, err := Count(out)
	if err != nil {
		return nil, err
	}
	j := &Joined{Shards: of}
	var writer *dataset.TrajectoryWriter
	var first *Part
	for k := range of {
		p, err := Read(Shard{k, of}.Path(out))
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrDamaged):
			lacking := missing(out, of)
			return nil, fmt.Errorf("ensemble: of %d shards %s are missing or damaged: solve them with --shard %s/%d "+
				"and so on", of, shorten(lacking), lacking[0], of)
		case err != nil:
			return nil, err
		case first == nil:
			first = p
			if writer, err = newWriter(out, w, p.Solve); err != nil {
				return nil, err
			}
		case p.Identity != first.Identity || p.Samples != first.Samples:
			return nil, fmt.Errorf("ensemble: shard %v is of another solve than shard %v: model, points, times or "+
				"tolerances differ", p.Shard, first.Shard)
		}
		if err := writer.Write(p.States); err != nil {
			return nil, err
		}
		j.add(p)
	}
	return j, writer.Close()
}

func newWriter(out string, w io.Writer, s Solve) (*dataset.TrajectoryWriter, error) {
	if strings.HasSuffix(out, ".npy") {
		return dataset.NewTrajectoryNPY(w, s.Samples, s.Times, s.Dim)
	}
	return dataset.NewTrajectoryCSV(w, s.Times, s.Dim, s.Round...)
}

func (j *Joined) add(p *Part) {
	j.Samples += len(p.Stats)
	for _, s := range p.Stats {
		j.NFE += s.NFE
		j.Steps += s.Accepted + s.Rejected
	}
	if !slices.Contains(j.Arithmetic, p.Arithmetic) {
		j.Arithmetic = append(j.Arithmetic, p.Arithmetic)
	}
}

// shorten lists the first of many.
func shorten(all []string) string {
	const most = 8
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}
