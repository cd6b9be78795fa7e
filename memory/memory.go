// Package memory says whether work fits into memory before it begins: a process that runs out of memory ends without a
// word of what was too large, and the operating system may end it, or another, without any.
package memory

import (
	"fmt"
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Error says that work needs more memory than there is.
type Error struct {
	What       string  // the work, with its sizes
	Need, Have float64 // bytes
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: needs about %.0f bytes (%s) of memory, %s can be had", e.What, e.Need, human(e.Need),
		human(e.Have))
}

// Check is an *Error where the process cannot have that many more bytes, +Inf and NaN included. what names the work and
// its sizes.
func Check(bytes float64, what string, args ...any) error {
	if have := Available(); !(bytes <= have) {
		return &Error{What: fmt.Sprintf(what, args...), Need: bytes, Have: have}
	}
	return nil
}

// Available is about how many more bytes this process can have: the least of what the system has left, of the limit of
// the process's control group, and of its own limit (ulimit -v); +Inf where nothing is known.
func Available() float64 {
	have := math.Inf(1)
	for _, source := range []memlimit.Provider{system, memlimit.FromCgroup, process} {
		if n, err := source(); err == nil {
			have = min(have, float64(n))
		}
	}
	return have
}

// human is a number of bytes with three digits.
func human(bytes float64) string {
	for _, unit := range []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"} {
		if bytes < 1000 {
			return fmt.Sprintf("%.3g %s", bytes, unit)
		}
		bytes /= 1024
	}
	return fmt.Sprintf("%.3g EiB", bytes)
}
