package driver

import (
	"runtime"
	"unsafe"
)

// Upload copies from to the buffer, at an offset in bytes, after the stream's earlier work. It returns when from has been
// read and the copy is done. It cannot be captured.
func (s *Stream) Upload(to *Buffer, offset int64, from []byte) error {
	if err := to.span("Upload", offset, int64(len(from))); err != nil || len(from) == 0 {
		return err
	}
	if s.capturing.Load() {
		return misuse("Upload", "it cannot be captured: use UploadAsync")
	}
	defer runtime.KeepAlive(from) // the copy may still read it when the call that begins it has returned
	return s.do("cuMemcpyHtoDAsync", func() int {
		code := api.upload(to.At(offset), unsafe.Pointer(&from[0]), int64(len(from)), s.handle)
		if code != codeOK {
			return code
		}
		return api.synchronizeStream(s.handle)
	})
}

// Download copies from the buffer, at an offset in bytes, to to, after the stream's earlier work. It returns when the copy
// is done. It cannot be captured.
func (s *Stream) Download(to []byte, from *Buffer, offset int64) error {
	if err := from.span("Download", offset, int64(len(to))); err != nil || len(to) == 0 {
		return err
	}
	if s.capturing.Load() {
		return misuse("Download", "it cannot be captured: use DownloadAsync")
	}
	return s.do("cuMemcpyDtoHAsync", func() int {
		code := api.download(unsafe.Pointer(&to[0]), from.At(offset), int64(len(to)), s.handle)
		if code != codeOK {
			return code
		}
		return api.synchronizeStream(s.handle)
	})
}

// UploadAsync puts a copy of bytes from host memory to the buffer on the stream; offsets are bytes. The host memory must
// not change until it is done. Captured, it reads the memory at every launch of the graph.
func (s *Stream) UploadAsync(to *Buffer, offset int64, from *HostBuffer, start, bytes int64) error {
	if err := to.span("UploadAsync", offset, bytes); err != nil {
		return err
	}
	if err := from.span("UploadAsync", start, bytes); err != nil || bytes == 0 {
		return err
	}
	return s.do("cuMemcpyHtoDAsync", func() int {
		return api.upload(to.At(offset), unsafe.Add(from.memory, start), bytes, s.handle)
	})
}

// DownloadAsync puts a copy of bytes from the buffer to host memory on the stream; offsets are bytes. The host memory has
// them when the stream's work is done.
func (s *Stream) DownloadAsync(to *HostBuffer, start int64, from *Buffer, offset, bytes int64) error {
	if err := to.span("DownloadAsync", start, bytes); err != nil {
		return err
	}
	if err := from.span("DownloadAsync", offset, bytes); err != nil || bytes == 0 {
		return err
	}
	return s.do("cuMemcpyDtoHAsync", func() int {
		return api.download(unsafe.Add(to.memory, start), from.At(offset), bytes, s.handle)
	})
}

// Copy puts a copy of bytes within the GPU's memory on the stream; offsets are bytes. The two ranges must not overlap.
func (s *Stream) Copy(to *Buffer, offset int64, from *Buffer, start, bytes int64) error {
	if err := to.span("Copy", offset, bytes); err != nil {
		return err
	}
	if err := from.span("Copy", start, bytes); err != nil || bytes == 0 {
		return err
	}
	return s.do("cuMemcpyDtoDAsync", func() int {
		return api.copy(to.At(offset), from.At(start), bytes, s.handle)
	})
}

// Fill puts a write of value into each of bytes of the buffer on the stream; the offset is in bytes.
func (s *Stream) Fill(to *Buffer, offset, bytes int64, value byte) error {
	if err := to.span("Fill", offset, bytes); err != nil || bytes == 0 {
		return err
	}
	return s.do("cuMemsetD8Async", func() int { return api.fill(to.At(offset), value, bytes, s.handle) })
}
