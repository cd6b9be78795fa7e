package ensemble

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"slices"
	"strconv"

	"neuralode/atomicfile"
	"neuralode/dataset"
	"neuralode/safetensors"
	"neuralode/solver"
)

// format is what a part calls itself.
const format = "neuralode ensemble part 1"

// Solve is what all parts of an ensemble have in common: what was solved and how it is written.
type Solve struct {
	Identity   string             // of model, spec, points and times: parts of another are no parts of this
	Arithmetic string             // see solver.Backend; parts may differ in it
	Samples    int                // of all shards
	Dim        int                // of a state
	Times      []float64          // of the states
	Round      []dataset.Rounding // of a CSV
}

// Part is what one shard gave.
type Part struct {
	Solve
	Shard
	States []float64      // [samples of the shard, times, dim]
	Stats  []solver.Stats // one for each of its samples
}

// Write makes the part's file, completely or not at all.
func (p *Part) Write(path string) error {
	from, to := p.Range(p.Samples)
	n := to - from
	if len(p.States) != n*len(p.Times)*p.Dim || len(p.Stats) != n {
		return fmt.Errorf("ensemble: %d states and %d stats in shard %v of %d samples", len(p.States), len(p.Stats),
			p.Shard, p.Samples)
	}
	of, err := json.Marshal(p.Solve)
	if err != nil {
		return fmt.Errorf("ensemble: %w", err)
	}
	cost := make([]int64, 0, 3*n)
	for _, s := range p.Stats {
		cost = append(cost, int64(s.NFE), int64(s.Accepted), int64(s.Rejected))
	}
	file := &safetensors.File{
		Metadata: map[string]string{"format": format, "solve": string(of), "shard": p.Shard.String(),
			"checksum": checksum(p.States, cost)},
		Tensors: map[string]safetensors.Tensor{
			"states": safetensors.Float64(p.States, n, len(p.Times), p.Dim),
			"cost":   safetensors.Int64(cost, n, 3), // evaluations, accepted and rejected steps
		},
	}
	return atomicfile.Write(path, file.Write)
}

// checksum finds bits that a disk has lost; that a file is whole its format tells.
func checksum(states []float64, cost []int64) string {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := uint32(0)
	add := func(v uint64) {
		var b [8]byte
		for i := range b {
			b[i] = byte(v >> (8 * i))
		}
		sum = crc32.Update(sum, table, b[:])
	}
	for _, x := range states {
		add(math.Float64bits(x))
	}
	for _, x := range cost {
		add(uint64(x))
	}
	return strconv.FormatUint(uint64(sum), 16)
}

// ErrDamaged says that a file is no part, or has lost something. The shard can be solved again.
var ErrDamaged = errors.New("is damaged")

// Read reads a part. The error is fs.ErrNotExist where there is none, and else ErrDamaged.
func Read(path string) (*Part, error) {
	file, err := safetensors.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("ensemble: %w", err)
	}
	var p *Part
	if err == nil {
		defer file.Close()
		p, err = partIn(file)
	}
	if err != nil {
		return nil, fmt.Errorf("ensemble: %s %w: %w", path, ErrDamaged, err)
	}
	return p, nil
}

func partIn(file *safetensors.Reader) (*Part, error) {
	if f, _ := file.Metadata("format"); f != format {
		return nil, fmt.Errorf("its format is %.60q, want %q", f, format)
	}
	p := &Part{}
	of, _ := file.Metadata("solve")
	if err := json.Unmarshal([]byte(of), &p.Solve); err != nil {
		return nil, err
	}
	shard, _ := file.Metadata("shard")
	var err error
	if p.Shard, err = Parse(shard, func(string) string { return "" }); err != nil {
		return nil, err
	}
	if p.Samples < 0 || p.Dim < 1 || len(p.Times) < 1 {
		return nil, fmt.Errorf("%d samples of %d dimensions at %d times", p.Samples, p.Dim, len(p.Times))
	}
	from, to := p.Range(p.Samples)
	if p.States, err = file.Floats("states", to-from, len(p.Times), p.Dim); err != nil {
		return nil, err
	}
	cost, err := file.Ints("cost", to-from, 3)
	if err != nil {
		return nil, err
	}
	if sum, _ := file.Metadata("checksum"); sum != checksum(p.States, cost) {
		return nil, errors.New("its numbers are not those that were written")
	}
	for c := range slices.Chunk(cost, 3) {
		p.Stats = append(p.Stats, solver.Stats{NFE: int(c[0]), Accepted: int(c[1]), Rejected: int(c[2])})
	}
	return p, nil
}

// Done reports whether a shard's part is there and whole. One of another ensemble is an error: it would be lost.
func Done(path string, s Shard, of Solve) (bool, error) {
	p, err := Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrDamaged):
		return false, nil
	case err != nil:
		return false, err
	case p.Shard != s || p.Identity != of.Identity || p.Samples != of.Samples:
		return false, fmt.Errorf("ensemble: %s is of another solve: its model, points, times or tolerances differ; "+
			"remove it, or give another out", path)
	}
	return true, nil
}
