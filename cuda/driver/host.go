package driver

import "unsafe"

// HostBuffer is memory of the host that the GPU copies from and to while the program goes on (pinned memory).
type HostBuffer struct {
	object
	memory unsafe.Pointer
}

// AllocHost returns bytes > 0 of pinned memory, aligned to 256. It is scarce and slow to make: make it once.
func (d *Device) AllocHost(bytes int64) (*HostBuffer, error) {
	if bytes <= 0 {
		return nil, misuse("AllocHost", "the size must be positive, got %d", bytes)
	}
	b := new(HostBuffer)
	err := d.do("cuMemHostAlloc", func() (code int) {
		b.memory, code = api.allocHost(bytes)
		return code
	})
	if err != nil {
		return nil, err
	}
	b.init(d, hostKind, bytes)
	return b, nil
}

// Bytes is the memory itself; it must not be used after Close, nor while a copy from or to it is under way. It is nil
// after Close.
func (b *HostBuffer) Bytes() []byte {
	if b.closed.Load() {
		return nil
	}
	return unsafe.Slice((*byte)(b.memory), b.bytes)
}

// View is the memory of b as numbers, as many as fit. It must not be used after Close of b.
func View[T Number](b *HostBuffer) []T {
	var zero T
	bytes := b.Bytes()
	n := len(bytes) / int(unsafe.Sizeof(zero))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(b.memory), n)
}

// Close frees the memory. Copies from or to it must be over.
func (b *HostBuffer) Close() error {
	return b.close("cuMemFreeHost", func() int { return api.freeHost(b.memory) })
}

func (b *HostBuffer) span(call string, offset, bytes int64) error {
	if b.closed.Load() {
		return misuse(call, "the host buffer is closed")
	}
	return span(call, offset, bytes, b.bytes)
}
