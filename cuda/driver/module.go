package driver

// Module is compiled code on a device.
type Module struct {
	object
	handle handle
}

// LoadModule loads a cubin or PTX, as Compile returns them. The image is copied.
func (d *Device) LoadModule(image []byte) (*Module, error) {
	if len(image) == 0 {
		return nil, misuse("LoadModule", "the image is empty")
	}
	m := new(Module)
	err := d.do("cuModuleLoadData", func() (code int) {
		m.handle, code = api.loadModule(image)
		return code
	})
	if err != nil {
		return nil, err
	}
	m.init(d, moduleKind, 0)
	return m, nil
}

// Function finds a kernel by its name in the module: that in the source, for a kernel declared extern "C".
func (m *Module) Function(name string) (*Function, error) {
	f := &Function{module: m, name: name}
	err := m.do("cuModuleGetFunction", func() (code int) {
		f.handle, code = api.function(m.handle, name)
		return code
	})
	if err != nil {
		return nil, named(err, name)
	}
	return f, nil
}

// Global finds a variable of the module, declared __device__ or __constant__, and its size in bytes.
func (m *Module) Global(name string) (p Pointer, bytes int64, err error) {
	err = m.do("cuModuleGetGlobal", func() (code int) {
		p, bytes, code = api.global(m.handle, name)
		return code
	})
	if err != nil {
		return 0, 0, named(err, name)
	}
	return p, bytes, nil
}

// Close unloads the module. Its functions and variables are gone; their work must be over.
func (m *Module) Close() error {
	return m.close("cuModuleUnload", func() int { return api.unloadModule(m.handle) })
}

// named adds what was looked for to the call.
func named(err error, name string) error {
	e, ok := err.(*Error)
	if !ok || isFatal(e.Code) {
		return err
	}
	with := *e
	with.Call += "(" + name + ")"
	return &with
}
