package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// holds fails unless dir has exactly these files with these contents (name, content, name, content...).
func holds(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Name(), string(data))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("the folder holds %q, want %q", got, want)
	}
}

func TestWriteCreatesAndReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, s := range []string{"first, longer", "second", ""} {
		if err := Write(path, text(s)); err != nil {
			t.Fatal(err)
		}
		holds(t, dir, "a", s)
	}
}

func TestModeIsThatOfAnOrdinaryFile(t *testing.T) {
	dir := t.TempDir()
	ordinary, path := filepath.Join(dir, "ordinary"), filepath.Join(dir, "a")
	if err := os.WriteFile(ordinary, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, text("x")); err != nil {
		t.Fatal(err)
	}
	want, _ := os.Stat(ordinary)
	got, _ := os.Stat(path)
	if got.Mode() != want.Mode() {
		t.Fatalf("mode %v, want %v", got.Mode(), want.Mode())
	}
}

// TestModeSurvives replaces files: each keeps its mode, whatever the umask, and is never more open than that.
func TestModeSurvives(t *testing.T) {
	dir := t.TempDir()
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o666, 0o444} {
		for name, put := range map[string]func(string, func(io.Writer) error) error{"write": Write, "replace": Replace} {
			path := filepath.Join(dir, fmt.Sprint(name, mode))
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			before, _ := os.Stat(path)
			err := put(path, func(w io.Writer) error {
				if info, err := w.(*temporary).file.Stat(); err != nil || info.Mode()&^before.Mode()&0o077 != 0 {
					t.Errorf("%v is %v while it is written (%v)", mode, info.Mode(), err)
				}
				return text("new")(w)
			})
			if err != nil {
				t.Fatal(err)
			}
			if info, _ := os.Stat(path); info.Mode() != before.Mode() {
				t.Errorf("%s: mode %v, want %v", name, info.Mode(), before.Mode())
			}
		}
	}
}

// TestReplaceTakesALinksPlace writes over links: what they lead to stays.
func TestReplaceTakesALinksPlace(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	real := filepath.Join(other, "real")
	if err := os.WriteFile(real, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{real, filepath.Join(other, "nothing")} {
		path := filepath.Join(dir, "a")
		_ = os.Remove(path)
		if err := os.Symlink(target, path); err != nil {
			t.Skip("needs symbolic links:", err)
		}
		if err := Replace(path, text("new")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			t.Errorf("a link to %s: %v (%v)", target, info.Mode(), err)
		}
		holds(t, dir, "a", "new")
		holds(t, other, "real", "old")
	}
	if err := Replace(dir, text("new")); !isOfFile(err, dir) {
		t.Errorf("a folder: %v", err)
	}
}

// TestCreate makes files where nothing is, and none where something is or comes meanwhile.
func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path, late, link := filepath.Join(dir, "a"), filepath.Join(dir, "late"), filepath.Join(dir, "link")
	if err := Create(path, text("first")); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, text("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second one: %v", err)
	}
	err := Create(late, func(w io.Writer) error {
		return errors.Join(os.WriteFile(late, []byte("theirs"), 0o644), text("mine")(w))
	})
	if !errors.Is(err, fs.ErrExist) || !isOfFile(err, late) {
		t.Errorf("one that came late: %v", err)
	}
	holds(t, dir, "a", "first", "late", "theirs")
	if err := os.Symlink(filepath.Join(dir, "nothing"), link); err != nil {
		t.Skip("needs symbolic links:", err)
	}
	if err := Create(link, text("x")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a link to nothing: %v", err)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, "a", "first", "late", "theirs")
}

// TestSweep removes what a kill left and nothing else; a file that is being written stays, however often a sweep comes.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{prefix + "LEFT" + suffix, "notes.tmp", prefix + "notes"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	err := Write(filepath.Join(dir, "a"), func(w io.Writer) error { return errors.Join(Sweep(dir), text("x")(w)) })
	if err != nil {
		t.Fatalf("a sweep while a file was written: %v", err)
	}
	holds(t, dir, prefix+"notes", "", "a", "x", "notes.tmp", "")
	if err := Sweep(filepath.Join(dir, "a")); !isOfFile(err, filepath.Join(dir, "a")) {
		t.Errorf("no folder: %v", err)
	}
}

// TestSweepsWhileWriting writes files as fast as it can while another sweeps.
func TestSweepsWhileWriting(t *testing.T) {
	dir := t.TempDir()
	stop := make(chan struct{})
	var sweeps sync.WaitGroup
	sweeps.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := Sweep(dir); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for i := range 300 {
		if err := Write(filepath.Join(dir, "a"), text(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	sweeps.Wait()
	holds(t, dir, "a", "299")
}

func TestAFailureLeavesTheOldFile(t *testing.T) {
	boom := errors.New("boom")
	for name, write := range map[string]func(io.Writer) error{
		"at once":     func(io.Writer) error { return boom },
		"half way":    func(w io.Writer) error { return errors.Join(text("half")(w), boom) },
		"file closed": func(w io.Writer) error { w.(*temporary).file.Close(); _, err := w.Write([]byte("x")); return err },
		"not checked": func(w io.Writer) error { w.(*temporary).file.Close(); _, _ = w.Write([]byte("x")); return nil },
		"sync":        func(w io.Writer) error { return w.(*temporary).file.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a")
			if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			err := Write(path, write)
			if own := name == "at once" || name == "half way"; own {
				if err == nil || err.Error() != boom.Error() || isOfFile(err, path) {
					t.Errorf("error %v, want the caller's as it is", err)
				}
			} else if !isOfFile(err, path) || !strings.HasPrefix(err.Error(), "atomicfile: cannot write "+path+": ") {
				t.Errorf("error %v, want one of the file", err)
			}
			if err != nil && strings.Contains(err.Error(), ".tmp") {
				t.Errorf("the error names the temporary file: %v", err)
			}
			holds(t, dir, "a", "old")
		})
	}
}

// isOfFile reports whether err is one of package os about that path, so that callers can tell a full disk from a wrong
// content.
func isOfFile(err error, path string) bool {
	var file *fs.PathError
	return errors.As(err, &file) && file.Path == path
}

func TestAPanicLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = Write(path, func(io.Writer) error { panic("x") })
	}()
	holds(t, dir, "a", "old")
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("needs /dev/full:", err)
	}
	defer full.Close()
	tmp := &temporary{file: full}
	err = tmp.fill(nil, func(w io.Writer) error {
		_, _ = w.Write([]byte("x"))
		return nil
	})
	if err == nil || err.Error() != "no space left on device" {
		t.Fatalf("error %v", err)
	}
}

func TestPlacesThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "no", "a"): "folder " + filepath.Join(dir, "no") + ": no such file",
		dir:                           "it is a folder",
		os.DevNull:                    "it is not a regular file",
	} {
		called := false
		err := Write(path, func(io.Writer) error { called = true; return nil })
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
		if !isOfFile(err, path) {
			t.Errorf("%s: error %v is no *fs.PathError of it", path, err)
		}
		if called {
			t.Errorf("%s: written before it was checked", path)
		}
	}
	holds(t, dir)
}

func TestFolderWithoutPermission(t *testing.T) {
	if os.Geteuid() <= 0 {
		t.Skip("needs a user whom permissions bind")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if err := Write(path, text("new")); !errors.Is(err, os.ErrPermission) {
		t.Fatalf("error %v", err)
	}
	holds(t, dir, "a", "old")
}

func TestALinkStaysALink(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.WriteFile(filepath.Join(other, "real"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(other, "real"), link); err != nil {
		t.Skip("needs symbolic links:", err)
	}
	if err := Write(link, text("new")); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Lstat(link); info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
	holds(t, other, "real", "new")
}

// TestALinkToNothingStaysALink writes the file that a chain of links points to, one of them through a linked folder.
func TestALinkToNothingStaysALink(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join("folder", "second"), link); err != nil {
		t.Skip("needs symbolic links:", err)
	}
	inner := filepath.Join(other, "inner")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(inner, filepath.Join(dir, "folder")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..", "real"), filepath.Join(inner, "second")); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"first", "again"} {
		if err := Write(link, text(s)); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{link, filepath.Join(inner, "second")} {
			if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
				t.Errorf("the link %s was replaced", path)
			}
		}
		if data, err := os.ReadFile(filepath.Join(other, "real")); err != nil || string(data) != s {
			t.Errorf("the file holds %q, want %q; %v", data, s, err)
		}
	}
}

func TestWritersOfOneFileDoNotMix(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			if err := Write(path, text(strings.Repeat(string(rune('a'+c)), 10000))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	data, err := os.ReadFile(path)
	if err != nil || len(data) != 10000 || strings.Trim(string(data), string(data[:1])) != "" {
		t.Fatalf("%d bytes, error %v", len(data), err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files stayed", len(entries))
	}
}
