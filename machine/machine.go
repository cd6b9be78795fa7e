// Package machine says what of this machine matters for speed: what the operating system tells, and what is measured.
package machine

import (
	"bufio"
	"io/fs"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Facts is what the operating system tells. What it does not is zero, or infinite for a limit.
type Facts struct {
	Processor string
	CPUs      int     // that this process may run on
	Workers   int     // goroutines that run at a time (GOMAXPROCS)
	Quota     float64 // cores that the control group grants, +Inf for all
	Throttled int     // periods in which it had used them up, since it began
	Load      float64 // processes that wanted to run, mean of the last minute
	MHz       float64 // of the first core, now
	MaxMHz    float64 // of the first core, at most
	Governor  string  // that chooses the clock
	NVIDIA    bool    // there is a driver for NVIDIA GPUs
}

// Read gathers the facts of the system that this process runs on.
func Read() Facts { return read(os.DirFS("/")) }

func read(root fs.FS) Facts {
	f := Facts{CPUs: runtime.NumCPU(), Workers: runtime.GOMAXPROCS(0), Quota: math.Inf(1)}
	f.readProcessor(root)
	f.readGroup(root)
	f.Load = firstNumber(root, "proc/loadavg")
	if kHz := firstNumber(root, "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"); kHz > 0 {
		f.MaxMHz = kHz / 1000
	}
	f.Governor = firstWord(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
	_, err := fs.Stat(root, "proc/driver/nvidia/version")
	f.NVIDIA = err == nil
	return f
}

// readProcessor takes the first core of proc_cpuinfo(5).
func (f *Facts) readProcessor(root fs.FS) {
	file, err := root.Open("proc/cpuinfo")
	if err != nil {
		return
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan() && lines.Text() != ""; {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch strings.TrimSpace(key) {
		case "model name":
			f.Processor = strings.TrimSpace(value)
		case "cpu MHz":
			f.MHz, _ = strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
}

// readGroup takes the quota of the control group, version 2 or 1 (the kernel's admin-guide, cgroup-v2 and sched-bwc).
func (f *Facts) readGroup(root fs.FS) {
	if parts := strings.Fields(text(root, "sys/fs/cgroup/cpu.max")); len(parts) == 2 {
		f.quota(parts[0], parts[1])
	} else {
		f.quota(firstWord(root, "sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
			firstWord(root, "sys/fs/cgroup/cpu/cpu.cfs_period_us"))
	}
	for _, name := range []string{"sys/fs/cgroup/cpu.stat", "sys/fs/cgroup/cpu/cpu.stat"} {
		for _, line := range strings.Split(text(root, name), "\n") {
			if n, found := strings.CutPrefix(line, "nr_throttled "); found {
				f.Throttled, _ = strconv.Atoi(strings.TrimSpace(n))
			}
		}
	}
}

// quota keeps microseconds of running in each period; "max" and −1 are no limit.
func (f *Facts) quota(running, period string) {
	q, err1 := strconv.ParseFloat(running, 64)
	p, err2 := strconv.ParseFloat(period, 64)
	if err1 == nil && err2 == nil && q > 0 && p > 0 {
		f.Quota = q / p
	}
}

func text(root fs.FS, name string) string {
	content, _ := fs.ReadFile(root, name)
	return string(content)
}

func firstWord(root fs.FS, name string) string {
	words := strings.Fields(text(root, name))
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

func firstNumber(root fs.FS, name string) float64 {
	x, _ := strconv.ParseFloat(firstWord(root, name), 64)
	return x
}
