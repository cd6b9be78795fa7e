package driver

import "sync/atomic"

// Stream is a queue of work for the GPU.
type Stream struct {
	object
	handle    handle
	capturing atomic.Bool
}

// NewStream returns an empty stream, which does not wait for any other.
func (d *Device) NewStream() (*Stream, error) {
	s := new(Stream)
	err := d.do("cuStreamCreate", func() (code int) {
		s.handle, code = api.newStream()
		return code
	})
	if err != nil {
		return nil, err
	}
	s.init(d, streamKind, 0)
	return s, nil
}

// Synchronize waits until the stream's work is done. It returns the failure of a kernel before it.
func (s *Stream) Synchronize() error {
	return s.do("cuStreamSynchronize", func() int { return api.synchronizeStream(s.handle) })
}

// Done reports whether the stream's work is done, without waiting.
func (s *Stream) Done() (done bool, err error) {
	err = s.do("cuStreamQuery", func() int {
		code := api.queryStream(s.handle)
		done = code == codeOK
		if code == codeNotReady {
			return codeOK
		}
		return code
	})
	return done, err
}

// Wait lets what is put on the stream from now on wait for the event, as it was last recorded.
func (s *Stream) Wait(e *Event) error {
	if e.closed.Load() {
		return misuse("Stream.Wait", "the event is closed")
	}
	return s.do("cuStreamWaitEvent", func() int { return api.wait(s.handle, e.handle) })
}

// Close gives the stream back. Its work still runs to the end.
func (s *Stream) Close() error {
	return s.close("cuStreamDestroy", func() int { return api.closeStream(s.handle) })
}
