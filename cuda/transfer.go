package cuda

import (
	"neuralode/cuda/driver"
	"neuralode/cuda/kernels"
)

// put copies numbers to the field, which gets room for them; nothing gives the address 0.
func put[T driver.Number](x *memory, field *kernels.Address, src []T) error {
	bytes := driver.AsBytes(src)
	if len(bytes) == 0 {
		*field = 0
		return nil
	}
	if err := x.room(field, len(bytes)); err != nil {
		return err
	}
	return x.stream.Upload(x.buffers[field], 0, bytes)
}

// take copies the field's first len(dst) numbers.
func take[T driver.Number](x *memory, field *kernels.Address, dst []T) error {
	if len(dst) == 0 {
		return nil
	}
	return x.stream.Download(driver.AsBytes(dst), x.buffers[field], 0)
}

// putReals copies numbers to the field in the state's type, and makes room for them; nothing gives the address 0.
func (x *memory) putReals(field *kernels.Address, src []float64) error {
	if len(src) == 0 {
		*field = 0
		return nil
	}
	if err := x.room(field, len(src)*x.realBytes); err != nil {
		return err
	}
	return x.inPieces(len(src), func(from, to int) error {
		if x.realBytes == 8 {
			copy(driver.View[float64](x.stage), src[from:to])
		} else {
			narrow(driver.View[float32](x.stage), src[from:to])
		}
		err := x.stream.UploadAsync(x.buffers[field], int64(from*x.realBytes), x.stage, 0, int64((to-from)*x.realBytes))
		if err != nil {
			return err
		}
		return x.stream.Synchronize()
	})
}

// takeReals is the field's first n numbers of the state's type.
func (x *memory) takeReals(field *kernels.Address, n int) ([]float64, error) {
	dst := make([]float64, n)
	err := x.inPieces(n, func(from, to int) error {
		err := x.stream.DownloadAsync(x.stage, 0, x.buffers[field], int64(from*x.realBytes),
			int64((to-from)*x.realBytes))
		if err == nil {
			err = x.stream.Synchronize()
		}
		if err != nil {
			return err
		}
		if x.realBytes == 8 {
			copy(dst[from:to], driver.View[float64](x.stage))
		} else {
			widen(dst[from:to], driver.View[float32](x.stage))
		}
		return nil
	})
	return dst, err
}

// inPieces cuts n reals into pieces that the staging memory holds.
func (x *memory) inPieces(n int, f func(from, to int) error) error {
	most := stageBytes / x.realBytes
	for from := 0; from < n; from += most {
		if err := f(from, min(n, from+most)); err != nil {
			return err
		}
	}
	return nil
}

func narrow(dst []float32, src []float64) {
	for i, v := range src {
		dst[i] = float32(v)
	}
}

func widen(dst []float64, src []float32) {
	for i := range dst {
		dst[i] = float64(src[i])
	}
}
