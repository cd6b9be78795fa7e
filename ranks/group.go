// Package ranks trains in several processes what one would train, with the same bits: each takes some leaves of a
// minibatch, their sums meet along the tree of the leaves, and all update alike. Rank 0 leads: it says what is done,
// and the others follow. How bytes come from one to another is a [Link]'s; package mpi has one.
package ranks

import (
	"encoding/binary"
	"fmt"
)

// Link carries bytes between processes, numbered from 0, in the order in which they are sent.
type Link interface {
	Rank() int
	Size() int
	Send(to int, data []byte) error
	// Receive fills the beginning of data with what another rank sent, which is no longer than that.
	Receive(from int, data []byte) error
	// Broadcast gives rank 0's data to all, who call it with as many bytes.
	Broadcast(data []byte) error
}

// Group is the processes that do a training together, as one of them sees them. It is not for concurrent use.
type Group struct {
	link    Link
	traffic Traffic
	buffer  []byte // of a frame
	ended   bool
}

// Traffic is what this rank has sent so far, and what rank 0 has told all.
type Traffic struct {
	Messages, Bytes            int // to one rank
	Broadcasts, BroadcastBytes int
}

// Join is the group of a link.
func Join(l Link) *Group { return &Group{link: l, buffer: make([]byte, frame)} }

// Rank is the number of this process.
func (g *Group) Rank() int { return g.link.Rank() }

// Size is how many processes there are.
func (g *Group) Size() int { return g.link.Size() }

// Traffic is what was sent so far.
func (g *Group) Traffic() Traffic { return g.traffic }

// frame is how many bytes of a message go at once: its length, and what fits behind it. The rest follows in a second
// one, so that a receiver need not know before how long a message is.
const (
	frame  = 64 << 10
	header = 8
)

// Send sends a message of any length to a rank.
func (g *Group) Send(to int, data []byte) error {
	n := min(len(data), frame-header)
	first := append(binary.LittleEndian.AppendUint64(g.buffer[:0], uint64(len(data))), data[:n]...)
	for _, part := range [][]byte{first, data[n:]} {
		if len(part) == 0 {
			continue
		}
		g.traffic.Messages, g.traffic.Bytes = g.traffic.Messages+1, g.traffic.Bytes+len(part)
		if err := g.link.Send(to, part); err != nil {
			return fmt.Errorf("ranks: to rank %d: %w", to, err)
		}
	}
	return nil
}

// Receive is the next message from a rank.
func (g *Group) Receive(from int) ([]byte, error) {
	if err := g.link.Receive(from, g.buffer); err != nil {
		return nil, fmt.Errorf("ranks: from rank %d: %w", from, err)
	}
	data := make([]byte, binary.LittleEndian.Uint64(g.buffer))
	if n := copy(data, g.buffer[header:]); n < len(data) {
		if err := g.link.Receive(from, data[n:]); err != nil {
			return nil, fmt.Errorf("ranks: from rank %d: %w", from, err)
		}
	}
	return data, nil
}

// tell gives rank 0's data to all; to it and the others it returns them.
func (g *Group) tell(data []byte) ([]byte, error) {
	length := make([]byte, header)
	binary.LittleEndian.PutUint64(length, uint64(len(data)))
	if err := g.broadcast(length); err != nil {
		return nil, err
	}
	if g.Rank() != 0 {
		data = make([]byte, binary.LittleEndian.Uint64(length))
	}
	return data, g.broadcast(data)
}

func (g *Group) broadcast(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if g.Rank() == 0 {
		g.traffic.Broadcasts, g.traffic.BroadcastBytes = g.traffic.Broadcasts+1, g.traffic.BroadcastBytes+len(data)
	}
	if err := g.link.Broadcast(data); err != nil {
		return fmt.Errorf("ranks: to all: %w", err)
	}
	return nil
}
