package driver

import (
	"fmt"
	"strings"
	"sync/atomic"
)

// Counts are the numbers of objects that are open.
type Counts struct {
	Devices, Buffers, HostBuffers, Modules, Streams, Events, Graphs, BLAS int
	Bytes, HostBytes                                                      int64 // in the buffers
}

// IsZero reports whether nothing is open.
func (c Counts) IsZero() bool { return c == Counts{} }

// String lists what is not zero, as "2 buffers (512 bytes), 1 stream".
func (c Counts) String() string {
	var parts []string
	for _, p := range []struct {
		n     int
		noun  string
		bytes int64
	}{
		{c.Devices, "device", 0}, {c.Buffers, "buffer", c.Bytes}, {c.HostBuffers, "host buffer", c.HostBytes},
		{c.Modules, "module", 0}, {c.Streams, "stream", 0}, {c.Events, "event", 0}, {c.Graphs, "graph", 0},
		{c.BLAS, "BLAS handle", 0},
	} {
		if p.n != 0 {
			parts = append(parts, describeCount(p.n, p.noun, p.bytes))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

func describeCount(n int, noun string, bytes int64) string {
	s := fmt.Sprintf("%d %s", n, noun)
	if n != 1 {
		s += "s"
	}
	if bytes != 0 {
		s += fmt.Sprintf(" (%d bytes)", bytes)
	}
	return s
}

// Live counts what is open in this process: tests demand Live().IsZero() at their end.
func Live() Counts {
	c := global.counts()
	c.Devices = int(openDevices.Load())
	return c
}

// ledger counts objects, from any goroutine.
type ledger struct {
	objects         [kinds]atomic.Int64
	bytes, hostByte atomic.Int64
}

type kind int

const (
	bufferKind kind = iota
	hostKind
	moduleKind
	streamKind
	eventKind
	graphKind
	blasKind
	kinds
)

var (
	global      ledger
	openDevices atomic.Int64
)

func (l *ledger) add(k kind, n, bytes int64) {
	l.objects[k].Add(n)
	switch k {
	case bufferKind:
		l.bytes.Add(n * bytes)
	case hostKind:
		l.hostByte.Add(n * bytes)
	}
}

func (l *ledger) counts() Counts {
	n := func(k kind) int { return int(l.objects[k].Load()) }
	return Counts{
		Buffers: n(bufferKind), HostBuffers: n(hostKind), Modules: n(moduleKind), Streams: n(streamKind),
		Events: n(eventKind), Graphs: n(graphKind), BLAS: n(blasKind),
		Bytes: l.bytes.Load(), HostBytes: l.hostByte.Load(),
	}
}
