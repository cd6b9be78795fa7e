package machine

import (
	"math"
	"testing"
	"testing/fstest"
)

func system(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

// TestRead reads a container under version 2 of control groups, one under version 1, and a system that tells nothing.
func TestRead(t *testing.T) {
	f := read(system(map[string]string{
		"proc/cpuinfo": "processor\t: 0\nmodel name\t: A 9000\ncpu MHz\t\t: 2596.124\n\nprocessor\t: 1\nmodel name\t: another\n",
		"proc/loadavg": "3.50 2.00 1.00 2/100 77\n",
		"sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "3900000\n",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
		"sys/fs/cgroup/cpu.max":                                "250000 100000\n",
		"sys/fs/cgroup/cpu.stat":                               "usage_usec 5\nnr_periods 9\nnr_throttled 4\n",
		"proc/driver/nvidia/version":                           "NVRM\n",
	}))
	if f.Processor != "A 9000" || f.MHz != 2596.124 || f.MaxMHz != 3900 || f.Governor != "powersave" || f.Load != 3.5 ||
		f.Quota != 2.5 || f.Throttled != 4 || !f.NVIDIA || f.CPUs < 1 || f.Workers < 1 {
		t.Errorf("%+v", f)
	}
	first := map[string]string{"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
		"sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}
	f = read(system(first))
	if f.Quota != 0.5 {
		t.Errorf("%+v", f)
	}
	for _, none := range []map[string]string{nil, {"sys/fs/cgroup/cpu.max": "max 100000\n"},
		{"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}} {
		if f = read(system(none)); !math.IsInf(f.Quota, 1) || f.NVIDIA || f.Processor != "" {
			t.Errorf("%+v", f)
		}
	}
}

// TestBandwidth only asks for a speed that a memory can have.
func TestBandwidth(t *testing.T) {
	if testing.Short() {
		t.Skip()
	}
	if b := Bandwidth(1); !(b > 0.05 && b < 1e4) {
		t.Errorf("%v GB/s", b)
	}
}
