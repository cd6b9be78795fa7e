package driver

import "fmt"

// Info describes a GPU and the libraries that go with it. Sizes are bytes.
type Info struct {
	Ordinal int    // as Open takes it
	Name    string // as "NVIDIA H100 80GB HBM3"
	Memory  int64

	Compute                    Version // compute capability, as 9.0
	Multiprocessors            int
	ThreadsPerMultiprocessor   int
	RegistersPerMultiprocessor int // of 32 bits
	SharedPerMultiprocessor    int
	SharedPerBlock             int // that every kernel may use
	SharedPerBlockOptIn        int // that a kernel may use after SetMaxShared
	L2                         int
	ClockMHz                   int
	MemoryPools                bool // Stream.Alloc works
	Watchdog                   bool // long kernels are ended, since the GPU has a display

	Driver Version // the newest CUDA the driver knows, as 12.9
	NVRTC  Library
	CUBLAS Library // looked for by Devices alone
}

// Version is a version of CUDA, of one of its libraries, or of what a GPU can do.
type Version struct{ Major, Minor int }

// String is "12.9".
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Library is an optional part of CUDA: where it is, or why there is none.
type Library struct {
	Version Version
	Path    string
	Err     error // nil when it can be used
}

// String is the version, or the reason why there is none.
func (l Library) String() string {
	if l.Err != nil {
		return l.Err.Error()
	}
	return l.Version.String()
}

// String is "NVIDIA H100 80GB HBM3 (79.6 GiB, sm_90)".
func (i Info) String() string {
	return fmt.Sprintf("%s (%.1f GiB, sm_%d%d)", i.Name, float64(i.Memory)/(1<<30), i.Compute.Major, i.Compute.Minor)
}

// describe asks the driver about a device.
func describe(ordinal int) (Info, error) {
	i := Info{Ordinal: ordinal}
	var code int
	if i.Name, code = api.name(ordinal); code != codeOK {
		return i, newError("cuDeviceGetName", code)
	}
	if i.Memory, code = api.totalMemory(ordinal); code != codeOK {
		return i, newError("cuDeviceTotalMem", code)
	}
	var pools, watchdog int
	for _, q := range []struct {
		attribute attribute
		value     *int
	}{
		{computeMajor, &i.Compute.Major},
		{computeMinor, &i.Compute.Minor},
		{multiprocessors, &i.Multiprocessors},
		{threadsPerMultiprocessor, &i.ThreadsPerMultiprocessor},
		{registersPerMultiprocessor, &i.RegistersPerMultiprocessor},
		{sharedPerMultiprocessor, &i.SharedPerMultiprocessor},
		{sharedPerBlock, &i.SharedPerBlock},
		{sharedPerBlockOptIn, &i.SharedPerBlockOptIn},
		{l2Bytes, &i.L2},
		{clockKilohertz, &i.ClockMHz},
		{memoryPoolsSupported, &pools},
		{kernelExecTimeoutIsEnforced, &watchdog},
	} {
		if *q.value, code = api.attribute(ordinal, q.attribute); code != codeOK {
			return i, newError("cuDeviceGetAttribute", code)
		}
	}
	i.ClockMHz /= 1000
	i.MemoryPools, i.Watchdog = pools != 0, watchdog != 0
	return i, nil
}
