// Package tensorboard writes event files, which TensorBoard shows: scalars over steps, pictures and texts.
package tensorboard

import (
	"bufio"
	"bytes"
	"fmt"
	"image/png"
	"math"
	"os"
	"time"

	"neuralode/wire"
)

// Writer appends events to one file. It is not for concurrent use. The first error stays: later calls do nothing, and
// Close returns it.
type Writer struct {
	file    *os.File
	buffer  *bufio.Writer
	flushed time.Time
	now     func() time.Time
	err     error
}

// flushEvery is how long events wait in memory at most while others come.
const flushEvery = time.Second

// Scalar is a named number. TensorBoard groups names by what stands before a slash.
type Scalar struct {
	Tag   string
	Value float64
}

// New makes a file in a folder, which it makes too, for steps from first on: TensorBoard leaves out what files before
// it in the folder say of these steps, as of a training that a crash took back to a checkpoint.
func New(dir string, first int) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	w := &Writer{now: time.Now}
	// TensorBoard reads files in the order of their names.
	pattern := fmt.Sprintf("events.out.tfevents.%010d.%09d.*.neuralode", w.now().Unix(), w.now().Nanosecond())
	file, err := os.CreateTemp(dir, pattern)
	if err == nil {
		err = file.Chmod(0o644) // a temporary file is its owner's alone
	}
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	w.file, w.buffer = file, bufio.NewWriter(file)
	var version wire.Message
	version.Text(3, "brain.Event:2")
	w.event(0, version)
	const start = 1
	var log, began wire.Message
	log.Int(1, start)
	began.Bytes(7, log)
	w.event(first, began)
	w.Flush()
	return w, w.err
}

// Scalars adds numbers at a step; those that are not finite are left out, since TensorBoard cannot draw them.
func (w *Writer) Scalars(step int, scalars ...Scalar) {
	var summary wire.Message
	for _, s := range scalars {
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			continue
		}
		var value wire.Message
		value.Text(1, s.Tag)
		value.Float(2, float32(s.Value))
		summary.Bytes(1, value)
	}
	if summary != nil {
		w.summary(step, summary)
	}
}

// Picture adds a PNG at a step.
func (w *Writer) Picture(step int, tag string, content []byte) {
	size, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		w.keep(err)
		return
	}
	const colours = 4 // red, green, blue and opacity
	var image, value, summary wire.Message
	image.Int(1, int64(size.Height))
	image.Int(2, int64(size.Width))
	image.Int(3, colours)
	image.Bytes(4, content)
	value.Text(1, tag)
	value.Bytes(4, image)
	summary.Bytes(1, value)
	w.summary(step, summary)
}

// Text adds a text, which may be Markdown, at a step.
func (w *Writer) Text(step int, tag, text string) {
	const kind = 7 // DT_STRING
	var tensor, plugin, metadata, value, summary wire.Message
	tensor.Int(1, kind)
	tensor.Bytes(2, nil) // the shape of a scalar
	tensor.Text(8, text)
	plugin.Text(1, "text")
	metadata.Bytes(1, plugin)
	value.Text(1, tag)
	value.Bytes(9, metadata)
	value.Bytes(8, tensor)
	summary.Bytes(1, value)
	w.summary(step, summary)
}

func (w *Writer) summary(step int, summary wire.Message) {
	var e wire.Message
	e.Bytes(5, summary)
	w.event(step, e)
	if w.now().Sub(w.flushed) >= flushEvery {
		w.Flush()
	}
}

// event writes an Event with the time that it is.
func (w *Writer) event(step int, what wire.Message) {
	if w.err != nil {
		return
	}
	var e wire.Message
	e.Double(1, float64(w.now().UnixMicro())/1e6)
	e.Int(2, int64(step))
	w.keep(writeRecord(w.buffer, append(e, what...)))
}

// Flush hands what is there to the operating system.
func (w *Writer) Flush() {
	if w.err == nil {
		w.keep(w.buffer.Flush())
	}
	w.flushed = w.now()
}

func (w *Writer) keep(err error) {
	if w.err == nil && err != nil {
		w.err = fmt.Errorf("tensorboard: %w", err)
	}
}

// Close ends the file and returns the first error of all that was written.
func (w *Writer) Close() error {
	w.Flush()
	w.keep(w.file.Close())
	return w.err
}
