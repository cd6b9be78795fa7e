//go:build !linux && !darwin

package memory

import "github.com/KimMachineGun/automemlimit/memlimit"

func process() (uint64, error) { return 0, memlimit.ErrNoLimit }
