package driver

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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
	folder := cacheFolder()
	if folder == "" {
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

// cacheFolder is where compilations are kept, or "" if the system has no such place.
func cacheFolder() string {
	if folder := os.Getenv("NEURALODE_CACHE"); folder != "" {
		return filepath.Join(folder, "kernels")
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(folder, "neuralode", "kernels")
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
