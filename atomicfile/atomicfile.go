// Package atomicfile writes files that are either there completely or not at all.
package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Write makes path hold exactly the bytes that write puts into its writer, and only once all of them are on disk: they
// go to a temporary file in the same folder, which is synced and renamed to path; then the folder is synced, where the
// system can do that. Until the rename, and after any failure before it, the file that was at path is untouched and no
// temporary file stays behind (a killed process may leave one, named .neuralode-*.tmp, for [Sweep]).
//
// A new file has mode 0644 less the umask, a replaced one too. A link is followed and stays a link. What is there but
// is no regular file, such as a folder or a device, is an error. The writer is unbuffered, as an *os.File is; it
// remembers its first error, so that write need not check every call, and is dead when write returns. An error of
// write is wrapped.
//
// Calls for different paths may run at the same time; of several for the same path, the last to rename wins whole.
func Write(path string, write func(io.Writer) error) error {
	if err := replace(path, write); err != nil {
		return fmt.Errorf("atomicfile: cannot write %s: %w", path, err)
	}
	return nil
}

func replace(path string, write func(io.Writer) error) error {
	path, err := resolve(path)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	t, err := newTemporary(dir)
	if err != nil {
		return err
	}
	defer t.discard() // also when write panics
	if err := t.fill(write); err != nil {
		return err
	}
	if err := t.rename(path); err != nil {
		return err
	}
	return bare(syncFolder(dir))
}

// resolve is path with links followed, or an error if what is there cannot be replaced by a file.
func resolve(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return missing(path)
	case err != nil:
		return "", bare(err)
	case info.IsDir():
		return "", errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return "", errors.New("it is not a regular file")
	}
	real, err := filepath.EvalSymlinks(path)
	return real, bare(err)
}

// missing is the path of the file that is not there: path, or where it leads as a link.
func missing(path string) (string, error) {
	target, err := os.Readlink(path)
	if err != nil {
		return path, nil // no link; what else may be wrong, creating the temporary file says
	}
	if !filepath.IsAbs(target) {
		dir, err := filepath.EvalSymlinks(filepath.Dir(path)) // ".." leads out of the real folder
		if err != nil {
			return "", bare(err)
		}
		target = filepath.Join(dir, target)
	}
	return resolve(target) // ends: the system reports links in a circle
}

// temporary is the file that will become the real one. It remembers its first failed Write.
type temporary struct {
	file *os.File
	err  error
	done bool // renamed
}

// The name of a temporary file is this around random letters.
const (
	prefix = ".neuralode-"
	suffix = ".tmp"
)

// Sweep removes the temporary files that a killed process left in a folder. A Write under way there fails.
func Sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("atomicfile: folder %s: %w", dir, bare(err))
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !strings.HasPrefix(e.Name(), prefix) || !strings.HasSuffix(e.Name(), suffix) || !e.Type().IsRegular() {
			continue
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("atomicfile: cannot remove %s: %w", path, bare(err))
		}
	}
	return nil
}

func newTemporary(dir string) (*temporary, error) {
	name := filepath.Join(dir, prefix+rand.Text()+suffix)
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("folder %s: %w", dir, bare(err))
	}
	return &temporary{file: f}, nil
}

func (t *temporary) Write(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.file.Write(p)
	t.err = bare(err)
	return n, t.err
}

// fill writes, syncs and closes.
func (t *temporary) fill(write func(io.Writer) error) error {
	if err := write(t); err != nil {
		return err
	}
	if t.err != nil {
		return t.err
	}
	if err := t.file.Sync(); err != nil {
		return bare(err)
	}
	return bare(t.file.Close())
}

func (t *temporary) rename(path string) error {
	if err := os.Rename(t.file.Name(), path); err != nil {
		return bare(err)
	}
	t.done = true
	return nil
}

// discard removes the file unless it was renamed. Its own errors would only hide the one that led here.
func (t *temporary) discard() {
	if t.done {
		return
	}
	_ = t.file.Close()
	_ = os.Remove(t.file.Name())
}

// bare drops the call and the temporary name from an error of package os.
func bare(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
