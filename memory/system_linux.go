package memory

import (
	"bufio"
	"fmt"
	"os"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// system is what the kernel thinks can be had without swapping (proc_meminfo(5)).
func system() (uint64, error) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return memlimit.FromSystem()
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib uint64
		if n, _ := fmt.Sscanf(lines.Text(), "MemAvailable: %d kB", &kib); n == 1 {
			return kib << 10, nil
		}
	}
	return memlimit.FromSystem()
}

// addressSpace is how many bytes of addresses the process has taken (proc_pid_statm(5)).
func addressSpace() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var pages uint64
	_, _ = fmt.Sscan(string(text), &pages) // 0 where it is none
	return pages * uint64(os.Getpagesize())
}
