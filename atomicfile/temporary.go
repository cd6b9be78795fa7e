package atomicfile

import (
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// temporary is the file that will become the real one. It remembers its first failed Write.
type temporary struct {
	file *os.File
	hold *hold // tells Sweep that somebody is at work
	err  error
}

// The name of a temporary file is this around random letters.
const (
	prefix = ".neuralode-"
	suffix = ".tmp"
)

// Sweep removes the temporary files that killed processes left in a folder. Those of a [Write] under way, in this process
// or another, stay.
func Sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("atomicfile: cannot %w", &fs.PathError{Op: "read folder", Path: dir, Err: bare(err)})
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !strings.HasPrefix(e.Name(), prefix) || !strings.HasSuffix(e.Name(), suffix) || !e.Type().IsRegular() {
			continue
		}
		if err := removeAbandoned(path); err != nil {
			return fmt.Errorf("atomicfile: cannot %w", &fs.PathError{Op: "remove", Path: path, Err: bare(err)})
		}
	}
	return nil
}

// attempts bounds how often a sweep may come between the making of a temporary file and its hold.
const attempts = 100

// newTemporary makes a file in dir that will take the place of the old one, if there is one: it may be secret, so until it
// has that one's mode nobody else may read it.
func newTemporary(dir string, old fs.FileInfo) (*temporary, error) {
	mode := fs.FileMode(0o644)
	if old != nil {
		mode = 0o600
	}
	for range attempts {
		name := filepath.Join(dir, prefix+rand.Text()+suffix)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return nil, fmt.Errorf("folder %s: %w", dir, bare(err))
		}
		t := &temporary{file: f}
		if t.hold, err = holdFile(name); err == nil {
			return t, nil
		}
		t.discard()
	}
	return nil, fmt.Errorf("folder %s: temporary files vanish", dir)
}

func (t *temporary) Write(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.file.Write(p)
	t.err = bare(err)
	return n, t.err
}

// fill writes, gives the mode of the old file, if there is one, syncs and closes.
func (t *temporary) fill(old fs.FileInfo, write func(io.Writer) error) error {
	err := write(t)
	switch {
	case t.err != nil:
		return t.err
	case err != nil:
		return callerError{err}
	}
	if err := t.setMode(old); err != nil {
		return bare(err)
	}
	if err := t.file.Sync(); err != nil {
		return bare(err)
	}
	return bare(t.file.Close())
}

func (t *temporary) setMode(old fs.FileInfo) error {
	if old == nil {
		return nil
	}
	keepOwner(t.file, old)
	info, err := t.file.Stat()
	if err != nil || info.Mode() == old.Mode() { // some file systems have one mode for all
		return err
	}
	return t.file.Chmod(old.Mode().Perm())
}

// discard closes and removes the temporary file; after a rename there is none. Its errors would only hide the one that
// led here.
func (t *temporary) discard() {
	_ = t.file.Close()
	_ = os.Remove(t.file.Name())
	t.hold.release()
}
