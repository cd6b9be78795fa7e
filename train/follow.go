package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Follower reads a run's metrics.csv while another process writes it, each row once. It locks nothing and writes nothing.
type Follower struct {
	path string
	file os.FileInfo // of the one that was read; a run that goes on puts another in its place
	read mark        // in it
}

// Follow is a Follower of the run in a folder.
func Follow(dir string) *Follower { return &Follower{path: filepath.Join(dir, metricsFile)} }

// Next is the whole rows that have come since the call before, none where the run has no metrics yet. anew says that the
// file is another than before, or shorter: then the rows are all there are. What is no row ends it with an error that
// names file and line; the next call tries again.
func (f *Follower) Next() (rows []Row, anew bool, err error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("train: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, false, fmt.Errorf("train: %w", err)
	}
	if anew = f.file == nil || !os.SameFile(f.file, info) || info.Size() < f.read.offset; anew {
		f.file, f.read = info, mark{}
	}
	text, err := io.ReadAll(io.NewSectionReader(file, f.read.offset, info.Size()-f.read.offset))
	if err != nil {
		return nil, anew, fmt.Errorf("train: %w", err)
	}
	rows, err = f.parse(wholeLines(text))
	return rows, anew, err
}

// parse reads whole lines and moves on behind the last that is good.
func (f *Follower) parse(text []byte) (rows []Row, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	r, err := newRowReader(f.path, text, f.read)
	if err != nil {
		return nil, err
	}
	defer func() { f.read = r.at }()
	for {
		row, _, err := r.next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
}
