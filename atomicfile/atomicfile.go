// Package atomicfile writes files that are either there completely or not at all.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write makes path hold exactly the bytes that write puts into its writer, and only once all of them are on disk: they
// go to a temporary file in the same folder, which is synced and renamed to path; then the folder is synced, where the
// system can do that. Until the rename, and after any failure before it, the file that was at path is untouched and no
// temporary file stays behind (a killed process may leave one, named .neuralode-*.tmp, for [Sweep]).
//
// A new file has mode 0644 less the umask; a replaced one keeps its mode, and its owner where this process may set it. A
// link is followed and stays a link. What is there but is no regular file, such as a folder or a device, is an error. The
// writer is unbuffered, as an *os.File is; it remembers its first error, so that write need not check every call, and is
// dead when write returns.
//
// An error of the system is an *fs.PathError with that path; one of write itself is returned as it is: what it says is
// of the content, and seldom of that path.
//
// Calls for different paths may run at the same time; of several for the same path, the last to rename wins whole.
func Write(path string, write func(io.Writer) error) error {
	return explain(path, func() error {
		path, old, err := resolve(path)
		if err != nil {
			return err
		}
		return put(path, old, write, os.Rename)
	})
}

// Replace is [Write] for a folder whose files are all its own: a link at path is replaced by the file, and what the link
// leads to stays as it is.
func Replace(path string, write func(io.Writer) error) error {
	return explain(path, func() error {
		old, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) || err == nil && old.Mode().Type() == fs.ModeSymlink:
			old = nil
		case err != nil:
			return bare(err)
		default:
			if err := replaceable(old); err != nil {
				return err
			}
		}
		return put(path, old, write, os.Rename)
	})
}

// Create is [Write] for a file that must not be there yet: anything at path, a link too, is an error that
// errors.Is(err, fs.ErrExist), and stays as it is. After an error path is as it was.
func Create(path string, write func(io.Writer) error) error {
	return explain(path, func() error {
		if _, err := os.Lstat(path); err == nil {
			return fs.ErrExist
		}
		linked := false
		err := put(path, nil, write, func(from, to string) error {
			err := link(from, to)
			linked = err == nil
			return err
		})
		if err != nil && linked {
			_ = os.Remove(path)
		}
		return err
	})
}

// explain names the path in an error of the file.
func explain(path string, do func() error) error {
	err := do()
	var own callerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	}
	return fmt.Errorf("atomicfile: cannot %w", &fs.PathError{Op: "write", Path: path, Err: err})
}

// callerError is an error of the function that makes the content, not of the file.
type callerError struct{ error }

// put writes a temporary file beside path and brings it there. Its mode is that of the old file, if there is one.
func put(path string, old fs.FileInfo, write func(io.Writer) error, bring func(from, to string) error) error {
	dir := filepath.Dir(path)
	t, err := newTemporary(dir, old)
	if err != nil {
		return err
	}
	defer t.discard() // also when write panics
	if err := t.fill(old, write); err != nil {
		return err
	}
	if err := bring(t.file.Name(), path); err != nil {
		return bare(err)
	}
	return bare(syncFolder(dir))
}

// link is a rename that never replaces anything. File systems without links have no such call: the caller has looked.
func link(from, to string) error {
	err := os.Link(from, to)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return os.Rename(from, to)
	}
	return err
}

// resolve is path with links followed and what is there, nil for nothing; or an error if that cannot be replaced by a
// file.
func resolve(path string) (string, fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return missing(path)
	case err != nil:
		return "", nil, bare(err)
	}
	if err := replaceable(info); err != nil {
		return "", nil, err
	}
	real, err := filepath.EvalSymlinks(path)
	return real, info, bare(err)
}

// replaceable reports what a file cannot take the place of.
func replaceable(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file")
	}
	return nil
}

// missing is the path of the file that is not there: path, or where it leads as a link.
func missing(path string) (string, fs.FileInfo, error) {
	target, err := os.Readlink(path)
	if err != nil {
		return path, nil, nil // no link; what else may be wrong, creating the temporary file says
	}
	if !filepath.IsAbs(target) {
		dir, err := filepath.EvalSymlinks(filepath.Dir(path)) // ".." leads out of the real folder
		if err != nil {
			return "", nil, bare(err)
		}
		target = filepath.Join(dir, target)
	}
	return resolve(target) // ends: the system reports links in a circle
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
