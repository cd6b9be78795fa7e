//go:build linux || darwin

package memory

import (
	"github.com/KimMachineGun/automemlimit/memlimit"
	"golang.org/x/sys/unix"
)

// process is the limit of the process's address space, less what it has of it.
func process() (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &limit); err != nil {
		return 0, err
	}
	if limit.Cur >= 1<<62 { // RLIM_INFINITY, which systems spell differently
		return 0, memlimit.ErrNoLimit
	}
	return limit.Cur - min(limit.Cur, addressSpace()), nil
}
