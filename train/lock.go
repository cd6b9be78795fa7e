package train

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gofrs/flock"
)

// lockFile is what the process that may write into a run folder holds. The kernel releases it when the process ends,
// however it ends; the file may stay.
const lockFile = ".lock"

// ErrInUse says that another process, or another Run of this one, is at work in a run's folder.
var ErrInUse = errors.New("is in use")

// signPause is how long to wait for the name of a holder that has only just taken the lock; after that many attempts it
// has none.
const signPause = 5 * time.Millisecond

// lockFolder takes the right to write into a folder that is there. It fails with ErrInUse, and says who holds it, with
// fs.ErrNotExist where the folder vanishes, and where the file system has no locks.
func lockFolder(dir string) (*flock.Flock, error) {
	path := filepath.Join(dir, lockFile)
	for range attempts {
		if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("train: %s is no regular file: remove it", path)
		}
		l := flock.New(path, flock.SetPermissions(0o644))
		locked, err := l.TryLock()
		switch {
		case err != nil:
			return nil, fmt.Errorf("train: cannot lock %s: %w", dir, err)
		case !locked:
			if by := holder(path); by != "" {
				return nil, fmt.Errorf("train: %s %w by %s", dir, ErrInUse, by)
			}
			time.Sleep(signPause)
			continue
		case current(l, path):
			sign(path)
			return l, nil
		}
		_ = l.Unlock()
	}
	return nil, fmt.Errorf("train: %s %w", dir, ErrInUse)
}

// current reports whether the locked file is still the one at path: a run that could not begin removes its own.
func current(l *flock.Flock, path string) bool {
	mine, err1 := l.Stat()
	there, err2 := os.Lstat(path)
	return err1 == nil && err2 == nil && os.SameFile(mine, there)
}

// signAt is where the lock file names its holder: Windows keeps the first byte from everybody, the holder too.
const signAt = 1

// sign says in the lock file who holds it. Without that the lock is as good, so errors do not matter.
func sign(path string) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	host, _ := os.Hostname()
	_ = f.Truncate(signAt)
	_, _ = f.WriteAt(fmt.Appendf(nil, "process %d on %s since %s\n", os.Getpid(), host,
		time.Now().Format(time.DateTime)), signAt)
}

// unsign takes the name out of a lock that is about to be released, so that it is not taken for that of the next
// holder.
func unsign(l *flock.Flock) {
	if l.Locked() {
		_ = os.Truncate(l.Path(), signAt)
	}
}

// maxSign bounds what is read of a lock file.
const maxSign = 200

// holder is who says to hold the lock, or "" when the file does not tell.
func holder(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	text := make([]byte, maxSign)
	n, _ := f.ReadAt(text, signAt)
	line, _, complete := strings.Cut(string(text[:n]), "\n")
	if !complete || !printable(line) {
		return ""
	}
	return line
}

// printable reports whether a line of a file may be shown on a terminal.
func printable(line string) bool {
	return utf8.ValidString(line) && !strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) })
}
