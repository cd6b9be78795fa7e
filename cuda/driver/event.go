package driver

import "time"

// Event is a point in a stream's work that can be waited for and timed.
type Event struct {
	object
	handle handle
}

// NewEvent returns an event that was never recorded: waiting for it does nothing.
func (d *Device) NewEvent() (*Event, error) {
	e := new(Event)
	err := d.do("cuEventCreate", func() (code int) {
		e.handle, code = api.newEvent()
		return code
	})
	if err != nil {
		return nil, err
	}
	e.init(d, eventKind, 0)
	return e, nil
}

// Record moves the event to after what is on the stream now.
func (s *Stream) Record(e *Event) error {
	if e.closed.Load() {
		return misuse("Stream.Record", "the event is closed")
	}
	return s.do("cuEventRecord", func() int { return api.record(e.handle, s.handle) })
}

// Synchronize waits for the event.
func (e *Event) Synchronize() error {
	return e.do("cuEventSynchronize", func() int { return api.synchronizeEvent(e.handle) })
}

// Since is the time on the GPU from start to e, to about half a microsecond. Both must have happened.
func (e *Event) Since(start *Event) (elapsed time.Duration, err error) {
	if start.closed.Load() {
		return 0, misuse("Event.Since", "the event is closed")
	}
	err = e.do("cuEventElapsedTime", func() int {
		milliseconds, code := api.elapsed(start.handle, e.handle)
		elapsed = time.Duration(milliseconds * float64(time.Millisecond))
		return code
	})
	return elapsed, err
}

// Close gives the event back.
func (e *Event) Close() error {
	return e.close("cuEventDestroy", func() int { return api.closeEvent(e.handle) })
}
