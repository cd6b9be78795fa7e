package driver

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEntryKeepsWhatWasWritten(t *testing.T) {
	t.Setenv("NEURALODE_CACHE", t.TempDir())
	for _, c := range []struct {
		image []byte
		log   string
	}{{[]byte("code\x00\xff"), "warning"}, {[]byte("code"), ""}, {nil, "log"}, {nil, ""}} {
		e := entryOf("source", "name", nil, Version{12, 9})
		e.write(c.image, c.log)
		image, log, ok := e.read()
		if !ok || !bytes.Equal(image, c.image) || log != c.log {
			t.Errorf("got %q, %q, %v, want %q, %q", image, log, ok, c.image, c.log)
		}
	}
}

func TestEntriesDiffer(t *testing.T) {
	t.Setenv("NEURALODE_CACHE", t.TempDir())
	v := Version{12, 9}
	seen := map[entry]string{}
	for name, e := range map[string]entry{
		"first": entryOf("a", "n", []string{"x"}, v), "source": entryOf("b", "n", []string{"x"}, v),
		"name": entryOf("a", "m", []string{"x"}, v), "version": entryOf("a", "n", []string{"x"}, Version{13, 0}),
		"no flags": entryOf("a", "n", nil, v), "two flags": entryOf("a", "n", []string{"x", ""}, v),
		"moved": entryOf("", "na", []string{"x"}, v), "split": entryOf("a", "", []string{"nx"}, v),
	} {
		if other, ok := seen[e]; ok {
			t.Errorf("%s and %s share an entry", name, other)
		}
		seen[e] = name
	}
}

// TestCacheOfOthers: what another user could have put into the cache is not run.
func TestCacheOfOthers(t *testing.T) {
	for name, spoil := range map[string]func(base, folder string) error{
		"folder of another user": func(_, folder string) error { return os.Chown(folder, 12345, -1) },
		"base of another user":   func(base, _ string) error { return os.Chown(base, 12345, -1) },
		"others may write":       func(_, folder string) error { return os.Chmod(folder, 0o777) },
		"sticky, others write":   func(_, folder string) error { return os.Chmod(folder, 0o777|os.ModeSticky) },
		"others write above":     func(base, _ string) error { return os.Chmod(base, 0o777) },
	} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			t.Setenv("NEURALODE_CACHE", base)
			e := entryOf("source", "name", nil, Version{12, 9})
			e.write([]byte("code"), "")
			if _, _, ok := e.read(); !ok {
				t.Fatal("the cache keeps nothing")
			}
			if err := spoil(base, filepath.Dir(e.path)); err != nil || ownerOf(must(os.Stat(base))) < 0 {
				t.Skip(err)
			}
			if _, err := Cache(); err == nil || !strings.Contains(err.Error(), base) {
				t.Errorf("error %v", err)
			}
			if _, _, ok := entryOf("source", "name", nil, Version{12, 9}).read(); ok {
				t.Error("the cache is read")
			}
		})
	}
	base := t.TempDir()
	t.Setenv("NEURALODE_CACHE", base)
	if err := os.Chmod(base, 0o777|os.ModeSticky); err != nil { // as /tmp
		t.Skip(err)
	}
	if _, err := Cache(); err != nil {
		t.Error(err)
	}
}

func must(info os.FileInfo, err error) os.FileInfo {
	if err != nil {
		panic(err)
	}
	return info
}

// FuzzEntry: no file makes read panic, or return what does not have its sum.
func FuzzEntry(f *testing.F) {
	folder := f.TempDir()
	f.Setenv("NEURALODE_CACHE", folder)
	e := entryOf("source", "name", nil, Version{12, 9})
	e.write([]byte("code"), "log")
	whole, err := os.ReadFile(e.path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte(cacheMagic))
	f.Fuzz(func(t *testing.T, file []byte) {
		e := entry{filepath.Join(t.TempDir(), "entry")}
		if err := os.WriteFile(e.path, file, 0o644); err != nil {
			t.Fatal(err)
		}
		image, log, ok := e.read()
		if !ok {
			return
		}
		e.write(image, log)
		if again, err := os.ReadFile(e.path); err != nil || !bytes.Equal(again, file) {
			t.Errorf("a file was accepted that write does not make: %v", err)
		}
	})
}
