package driver

import "unsafe"

// Pointer is an address in the GPU's memory. It stays valid until its Buffer or Module is closed.
type Pointer uint64

// Buffer is memory of the GPU. Its contents are undefined at first.
type Buffer struct {
	object
	pointer Pointer
	stream  *Stream // frees the buffer in its order; nil for memory of the device
}

// Alloc returns bytes > 0 of the GPU's memory, aligned to 256. Too little free memory is an error named OutOfMemory.
func (d *Device) Alloc(bytes int64) (*Buffer, error) {
	if bytes <= 0 {
		return nil, misuse("Alloc", "the size must be positive, got %d", bytes)
	}
	b := new(Buffer)
	err := d.do("cuMemAlloc", func() (code int) {
		b.pointer, code = api.alloc(bytes)
		return code
	})
	if err != nil {
		return nil, err
	}
	b.init(d, bufferKind, bytes)
	return b, nil
}

// Alloc returns bytes > 0 of the GPU's memory that may be used by what is put on the stream afterwards, and by other
// streams after an event or a wait. It does not stop the GPU as Device.Alloc may. It needs Info.MemoryPools and cannot be
// captured.
func (s *Stream) Alloc(bytes int64) (*Buffer, error) {
	if bytes <= 0 || s.capturing.Load() {
		return nil, misuse("Stream.Alloc", "the size must be positive, got %d, outside a capture", bytes)
	}
	b := &Buffer{stream: s}
	err := s.do("cuMemAllocAsync", func() (code int) {
		b.pointer, code = api.allocAsync(bytes, s.handle)
		return code
	})
	if err != nil {
		return nil, err
	}
	b.init(s.device, bufferKind, bytes)
	return b, nil
}

// Bytes is the size.
func (b *Buffer) Bytes() int64 { return b.bytes }

// Pointer is the address of the first byte.
func (b *Buffer) Pointer() Pointer { return b.pointer }

// At is the address of the byte at that offset, which is not checked.
func (b *Buffer) At(offset int64) Pointer { return b.pointer + Pointer(offset) }

// Close frees the memory: that of Device.Alloc after all the device's work, that of Stream.Alloc in the stream's order
// while the stream is open.
func (b *Buffer) Close() error {
	if b.stream != nil && !b.stream.closed.Load() {
		return b.close("cuMemFreeAsync", func() int { return api.freeAsync(b.pointer, b.stream.handle) })
	}
	return b.close("cuMemFree", func() int { return api.free(b.pointer) })
}

// span reports a range that is not inside the buffer, or a closed buffer.
func (b *Buffer) span(call string, offset, bytes int64) error {
	if b.closed.Load() {
		return misuse(call, "the buffer is closed")
	}
	return span(call, offset, bytes, b.bytes)
}

func span(call string, offset, bytes, size int64) error {
	if offset < 0 || bytes < 0 || offset > size-bytes {
		return misuse(call, "bytes %d to %d of a buffer of %d", offset, offset+bytes, size)
	}
	return nil
}

// Number is what can be copied as it is between the host and the GPU.
type Number interface {
	~int8 | ~uint8 | ~int32 | ~uint32 | ~int64 | ~uint64 | ~float32 | ~float64
}

// AsBytes is the memory of x, not a copy of it.
func AsBytes[T Number](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*int(unsafe.Sizeof(x[0])))
}
