package atomicfile

import (
	"errors"
	"fmt"
	"io"
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
			if err == nil || !strings.HasPrefix(err.Error(), "atomicfile: cannot write "+path+": ") {
				t.Fatalf("error %v", err)
			}
			if strings.Contains(err.Error(), ".tmp") {
				t.Errorf("the error names the temporary file: %v", err)
			}
			if strings.HasPrefix(name, "at") && !errors.Is(err, boom) {
				t.Errorf("error %v does not wrap the caller's", err)
			}
			holds(t, dir, "a", "old")
		})
	}
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
	err = tmp.fill(func(w io.Writer) error {
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
