//go:build !linux

package memory

import "github.com/KimMachineGun/automemlimit/memlimit"

// system is all the memory that the machine has.
func system() (uint64, error) { return memlimit.FromSystem() }
