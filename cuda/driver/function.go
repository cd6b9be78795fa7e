package driver

// Function is a kernel of a module. It is closed with the module.
type Function struct {
	module *Module
	handle handle
	name   string
}

// FunctionInfo is what a kernel needs. Sizes are bytes.
type FunctionInfo struct {
	Registers  int // of a thread
	Local      int // of a thread: spilled registers and arrays
	Shared     int // of a block, beside what Launch asks for
	Constant   int
	MaxThreads int // of a block
}

// Name is the name in the module.
func (f *Function) Name() string { return f.name }

// Info describes the kernel.
func (f *Function) Info() (FunctionInfo, error) {
	var i FunctionInfo
	err := f.module.do("cuFuncGetAttribute", func() (code int) {
		for _, q := range []struct {
			attribute functionAttribute
			value     *int
		}{
			{functionRegisters, &i.Registers}, {functionLocal, &i.Local}, {functionShared, &i.Shared},
			{functionConst, &i.Constant}, {functionMaxThreads, &i.MaxThreads},
		} {
			if *q.value, code = api.functionAttribute(f.handle, q.attribute); code != codeOK {
				return code
			}
		}
		return codeOK
	})
	return i, err
}

// SetMaxShared allows launches with that many bytes of dynamic shared memory. Only more than 48 KiB need it; the kernel's
// static shared memory and this are at most Info.SharedPerBlockOptIn together.
func (f *Function) SetMaxShared(bytes int) error {
	if bytes < 0 {
		return misuse("SetMaxShared", "the size must not be negative, got %d", bytes)
	}
	return f.module.do("cuFuncSetAttribute", func() int { return api.setMaxShared(f.handle, bytes) })
}

// Occupancy is how many blocks of that many threads and bytes of dynamic shared memory fit on a multiprocessor.
func (f *Function) Occupancy(threads, shared int) (blocks int, err error) {
	err = f.module.do("cuOccupancyMaxActiveBlocksPerMultiprocessor", func() (code int) {
		blocks, code = api.occupancy(f.handle, threads, shared)
		return code
	})
	return blocks, err
}
