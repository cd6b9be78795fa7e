//go:build !unix

package atomicfile

import (
	"io/fs"
	"os"
)

// syncFolder does nothing: the system has no call for it.
func syncFolder(string) error { return nil }

// keepOwner does nothing: a file here belongs to the folder's rules.
func keepOwner(*os.File, fs.FileInfo) {}

// hold is nothing: the system does not let go of an open file.
type hold struct{}

func holdFile(string) (*hold, error) { return nil, nil }

func (h *hold) release() {}

// removeAbandoned removes a file unless somebody has it open.
func removeAbandoned(path string) error {
	_ = os.Remove(path)
	return nil
}
