package driver

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"neuralode/atomicfile"
)

// entry is a compilation's place in the cache.
type entry struct {
	path string // empty where there is no cache
}

// cacheMagic starts every file of the cache; it changes with the files' form.
const cacheMagic = "neuralode kernel 1\n"

// entryOf is the place for what the compiler of that version makes of the source.
func entryOf(source, name string, flags []string, compiler Version) entry {
	folder, err := Cache()
	if err != nil {
		return entry{}
	}
	h := sha256.New()
	for _, part := range append([]string{cacheMagic, compiler.String(), name, source}, flags...) {
		// the length keeps parts apart; a hash takes every write
		_ = binary.Write(h, binary.LittleEndian, int64(len(part)))
		_, _ = io.WriteString(h, part)
	}
	return entry{filepath.Join(folder, hex.EncodeToString(h.Sum(nil))+".kernel")}
}

// Cache is the folder in which Compile keeps its results. The error says why it keeps none: the system names no folder,
// or the folder, or the one it is in, belongs to another user, or others may write to it. What they put there would
// run.
func Cache() (folder string, err error) {
	base := os.Getenv("NEURALODE_CACHE")
	if base == "" {
		if base, err = os.UserCacheDir(); err != nil {
			return "", err
		}
		base = filepath.Join(base, "neuralode")
	}
	folder = filepath.Join(base, "kernels")
	return folder, errors.Join(trusted(base, false), trusted(folder, true))
}

// trusted reports a folder that is there and that others than this user can change: if it is ours it must be this
// user's and nobody else may write to it; else it may be the system's too, and open to all where each can only remove
// their own, as /tmp is.
func trusted(folder string, ours bool) error {
	info, err := os.Stat(folder)
	if err != nil || ownerOf(info) < 0 { // it will be made, or cannot be used; or owners are not known
		return nil
	}
	if owner := ownerOf(info); owner != os.Geteuid() && (ours || owner != 0) {
		return fmt.Errorf("%s belongs to user %d: name another folder with NEURALODE_CACHE", folder, owner)
	}
	if info.Mode().Perm()&0o022 != 0 && (ours || info.Mode()&os.ModeSticky == 0) {
		return fmt.Errorf("others may write to %s: chmod go-w, or name another folder with NEURALODE_CACHE", folder)
	}
	return nil
}

// A file is cacheMagic, the SHA-256 of what follows, the length of the log in eight bytes, the log, and the image.

// read returns what write has kept, and whether it is there and whole.
func (e entry) read() (image []byte, log string, ok bool) {
	if e.path == "" {
		return nil, "", false
	}
	file, err := os.ReadFile(e.path)
	if err != nil {
		return nil, "", false
	}
	rest, ok := bytes.CutPrefix(file, []byte(cacheMagic))
	if !ok || len(rest) < sha256.Size+8 {
		return nil, "", false
	}
	sum, body := rest[:sha256.Size], rest[sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return nil, "", false
	}
	n, body := binary.LittleEndian.Uint64(body), body[8:]
	if n > uint64(len(body)) {
		return nil, "", false
	}
	return body[n:], string(body[:n]), true
}

// write keeps a compilation. It fails silently: then the next one compiles again.
func (e entry) write(image []byte, log string) {
	if e.path == "" || os.MkdirAll(filepath.Dir(e.path), 0o755) != nil {
		return
	}
	body := binary.LittleEndian.AppendUint64(nil, uint64(len(log)))
	body = append(append(body, log...), image...)
	sum := sha256.Sum256(body)
	_ = atomicfile.Write(e.path, func(w io.Writer) error {
		for _, part := range [][]byte{[]byte(cacheMagic), sum[:], body} {
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
		return nil
	})
}
