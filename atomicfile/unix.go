//go:build unix

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/gofrs/flock"
)

// syncFolder makes a rename in dir survive a power cut. File systems that cannot sync a folder are left alone.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// keepOwner gives f the owner and group of the old file, as far as this process may: the superuser may, others need not.
func keepOwner(f *os.File, old fs.FileInfo) {
	if s, ok := old.Sys().(*syscall.Stat_t); ok {
		if f.Chown(int(s.Uid), int(s.Gid)) != nil {
			_ = f.Chown(-1, int(s.Gid))
		}
	}
}

// hold is a lock on a temporary file for as long as its writer lives: the kernel releases it. nil is none.
type hold struct{ lock *flock.Flock }

// holdFile locks a new temporary file; it fails when a sweep was faster. Where the file system has no locks there is no
// hold, and no sweep either.
func holdFile(path string) (*hold, error) {
	h := &hold{flock.New(path, flock.SetFlag(os.O_RDONLY))}
	locked, err := h.lock.TryLock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, nil
	case !locked:
		return nil, errSwept
	}
	if _, err := os.Lstat(path); err != nil { // swept between opening and locking
		h.release()
		return nil, err
	}
	return h, nil
}

var errSwept = errors.New("a sweep holds the file")

func (h *hold) release() {
	if h != nil {
		_ = h.lock.Unlock()
	}
}

// removeAbandoned removes a file that nobody holds. A file that cannot be locked stays: somebody may be at work.
func removeAbandoned(path string) error {
	h := &hold{flock.New(path, flock.SetFlag(os.O_RDONLY))}
	if locked, err := h.lock.TryLock(); err != nil || !locked {
		return nil
	}
	defer h.release()
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
