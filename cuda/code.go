package cuda

import (
	"errors"

	"neuralode/cuda/driver"
	"neuralode/cuda/kernels"
)

// code is compiled kernels, loaded on the GPU.
type code struct {
	module    *driver.Module
	functions map[string]*driver.Function
}

// load compiles kernels and loads them. The compiler's result is kept on disk: see driver.Compile.
func (b *Backend) load(source string, names []string) (*code, error) {
	image, _, err := driver.Compile(source, driver.Options{Architecture: b.architecture, Flags: kernels.CompileOptions})
	if err != nil {
		return nil, err
	}
	module, err := b.device.LoadModule(image)
	if err != nil {
		return nil, err
	}
	c := &code{module: module, functions: map[string]*driver.Function{}}
	for _, name := range names {
		if c.functions[name], err = module.Function(name); err != nil {
			return nil, errors.Join(err, module.Close())
		}
	}
	return c, nil
}

func (c *code) close() error { return c.module.Close() }
