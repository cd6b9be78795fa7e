package driver

import "runtime"

// Graph is work recorded once that can be launched often, at the cost of one launch.
type Graph struct {
	object
	handle handle
}

// Capture records what record puts on the stream instead of running it. Addresses and other arguments are recorded as they
// are; the memory they point to is read at each launch. record must not wait for the device, allocate or free, and puts
// work on other streams only where events tie them to this one. If record fails, its error is returned.
func (s *Stream) Capture(record func() error) (*Graph, error) {
	if s.capturing.Swap(true) {
		return nil, misuse("Capture", "the stream is being captured")
	}
	defer s.capturing.Store(false)
	runtime.LockOSThread() // the capture belongs to the thread
	defer runtime.UnlockOSThread()
	err := s.do("cuStreamBeginCapture", func() int { return api.beginCapture(s.handle) })
	if err != nil {
		return nil, err
	}
	recorded, err := s.record(record)
	if err != nil {
		return nil, err
	}
	return s.instantiate(recorded)
}

// record ends the capture also when f fails or panics.
func (s *Stream) record(f func() error) (graph handle, err error) {
	defer func() {
		ended := s.device.enter("cuStreamEndCapture", func() (code int) {
			graph, code = api.endCapture(s.handle)
			return code
		})
		if err == nil {
			err = ended
		}
		if err != nil && graph != nil {
			_ = s.closeGraph(graph)
		}
	}()
	err = misuse("Capture", "record did not return")
	err = f()
	return nil, err
}

func (s *Stream) closeGraph(graph handle) error {
	return s.device.enter("cuGraphDestroy", func() int { return api.closeGraph(graph) })
}

// instantiate makes the recorded graph ready to launch, and frees it.
func (s *Stream) instantiate(recorded handle) (*Graph, error) {
	g := new(Graph)
	err := s.device.do("cuGraphInstantiate", func() (code int) {
		g.handle, code = api.instantiate(recorded)
		return code
	})
	closed := s.closeGraph(recorded)
	if err != nil {
		return nil, err
	}
	g.init(s.device, graphKind, 0)
	if closed != nil {
		_ = g.Close()
		return nil, closed
	}
	return g, nil
}

// LaunchGraph puts a run of the graph on the stream. Runs of one graph follow each other, whatever the stream.
func (s *Stream) LaunchGraph(g *Graph) error {
	if g.closed.Load() {
		return misuse("LaunchGraph", "the graph is closed")
	}
	return s.do("cuGraphLaunch", func() int { return api.launchGraph(g.handle, s.handle) })
}

// Close frees the graph. Its runs must be over.
func (g *Graph) Close() error {
	return g.close("cuGraphExecDestroy", func() int { return api.closeExecutable(g.handle) })
}
