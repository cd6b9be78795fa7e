package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"github.com/gofrs/flock"

	"neuralode/atomicfile"
)

// The files of a run folder, beside its lock and its figures.
const (
	configFile  = "config.json"
	modelFile   = "model.safetensors"
	stateFile   = "state.safetensors"
	metricsFile = "metrics.csv"
	samplesFile = "samples.safetensors"
	historyFile = "history.safetensors"
)

// HoldsRun reports whether the folder holds a run, or some of its files. A folder that was made for a run and got none
// of them before a kill holds none.
func HoldsRun(dir string) bool {
	for _, name := range []string{configFile, stateFile, modelFile, metricsFile, samplesFile, historyFile} {
		if exists(filepath.Join(dir, name)) {
			return true
		}
	}
	return false
}

// exists reports whether anything is there, a link that leads nowhere too.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// folder is a run's folder that this process alone may write to, until it is closed.
type folder struct {
	dir  string
	lock *flock.Flock
	made []string // by this process, to be undone when the run cannot begin; in the order of their making
}

// newFolder takes the folder for a new run, and makes it where it is not there; a fresh one must not be there, which is
// fs.ErrExist otherwise. It fails with ErrHoldsRun or ErrInUse where there is a run, and then leaves nothing behind.
func newFolder(dir string, fresh bool) (f *folder, err error) {
	for range attempts {
		f = &folder{dir: dir}
		if err = f.make(fresh); err == nil {
			err = f.take()
		}
		if err == nil {
			return f, nil
		}
		f.abandon()
		if !errors.Is(err, fs.ErrNotExist) { // else another run could not begin and took its folder away
			break
		}
	}
	return nil, err
}

// attempts bounds how often a folder or its lock may vanish under the hands of a process that wants it.
const attempts = 100

// firstFree takes the first folder of name, name-2, name-3 and so on that is not there: that folder is made by this
// process and by no other.
func firstFree(name string) (*folder, error) {
	dir := name
	for i := 2; ; i++ {
		f, err := newFolder(dir, true)
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, ErrInUse) && !errors.Is(err, ErrHoldsRun) {
			return f, err
		}
		dir = fmt.Sprintf("%s-%d", name, i)
	}
}

func (f *folder) make(fresh bool) error {
	if !fresh {
		return f.makeFolders(f.dir)
	}
	if err := f.makeFolders(filepath.Dir(f.dir)); err != nil {
		return err
	}
	return f.makeFolder(f.dir)
}

// makeFolders is os.MkdirAll that remembers what it made.
func (f *folder) makeFolders(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("train: %w", &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR})
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := f.makeFolders(parent); err != nil {
			return err
		}
	}
	err = f.makeFolder(dir)
	if info, wrong := os.Stat(dir); wrong == nil && info.IsDir() { // perhaps by another process
		return nil
	}
	return err
}

func (f *folder) makeFolder(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	f.made = append(f.made, dir)
	return nil
}

// take locks a folder that shall hold no run.
func (f *folder) take() (err error) {
	path := filepath.Join(f.dir, lockFile)
	was := exists(path)
	if f.lock, err = lockFolder(f.dir); err != nil {
		return err
	}
	if !was {
		f.made = append(f.made, path)
	}
	if HoldsRun(f.dir) {
		return fmt.Errorf("train: %s %w", f.dir, ErrHoldsRun)
	}
	return atomicfile.Sweep(f.dir)
}

// openFolder takes the folder of a run that is there.
func openFolder(dir string) (*folder, error) {
	if _, err := os.Stat(filepath.Join(dir, configFile)); err != nil {
		// a lock would only litter a folder of other things
		return nil, noRun(dir, err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	return &folder{dir: dir, lock: lock}, nil
}

func noRun(dir string, err error) error { return fmt.Errorf("train: %s holds no run: %w", dir, err) }

// create writes a file that is not there yet.
func (f *folder) create(name string, write func(io.Writer) error) error {
	path := filepath.Join(f.dir, name)
	err := atomicfile.Create(path, write)
	if err == nil {
		f.made = append(f.made, path)
	}
	return err
}

// abandon removes what was made for a run that cannot begin, and nothing else. What cannot be removed stays: the error
// that led here matters more.
func (f *folder) abandon() {
	if runtime.GOOS == "windows" { // it removes no open file
		f.close()
	}
	for _, path := range slices.Backward(f.made) {
		_ = os.Remove(path) // a folder only when it is empty
	}
	f.made = nil
	f.close() // not before its file is gone: the next process must not lock a file that is about to go
}

// close lets other processes write. It may be called again.
func (f *folder) close() {
	if f.lock != nil {
		_ = f.lock.Unlock()
	}
}
