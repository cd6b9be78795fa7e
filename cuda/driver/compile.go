package driver

import (
	"path/filepath"
	"strings"
)

const architectureFlag = "--gpu-architecture="

// Options say how Compile works.
type Options struct {
	Name         string   // of the source in messages; "kernels.cu" if empty
	Architecture string   // "sm_90" for a cubin, "compute_90" for PTX; see Architecture
	Flags        []string // of NVRTC, as "--use_fast_math"; the order matters
	NoCache      bool     // neither read nor write the cache
}

// Compile returns the machine code (or PTX) of the CUDA C++ source, for LoadModule, and what the compiler said,
// warnings included. It needs NVRTC but no GPU. An error in the source is named NVRTC_ERROR_COMPILATION, and its remedy
// is the first error of the log.
//
// Results are kept on disk under the folder that NEURALODE_CACHE names, or neuralode in the user's cache folder, by a
// hash of source, options and the compiler's version. A damaged entry is compiled again; a folder that cannot be used,
// or is not to be trusted, only costs time: see [Cache]. Compile may be called from several goroutines and processes at
// once.
func Compile(source string, o Options) (image []byte, log string, err error) {
	if o.Architecture == "" {
		return nil, "", misuse("Compile", "the architecture is missing: see Architecture")
	}
	l, err := currentNVRTC("Compile")
	if err != nil {
		return nil, "", err
	}
	if o.Name == "" {
		o.Name = "kernels.cu"
	}
	flags := append([]string{architectureFlag + o.Architecture}, o.Flags...)
	entry := entryOf(source, o.Name, flags, l.Version)
	if !o.NoCache {
		if image, log, ok := entry.read(); ok {
			return image, log, nil
		}
	}
	image, log, call, code := l.compiler.compile(source, o.Name, flags)
	if code != 0 {
		return nil, log, compilerError(call, code, firstError(l, log))
	}
	if !o.NoCache {
		entry.write(image, log)
	}
	return image, log, nil
}

// firstError is the log's first line with an error, or what else may help.
func firstError(l *nvrtcLibrary, log string) string {
	for line := range strings.Lines(log) {
		if strings.Contains(line, "error") {
			return strings.TrimSpace(line)
		}
	}
	return "NVRTC " + l.Version.String() + " at " + filepath.Clean(l.Path) + " failed without an error in its log"
}
