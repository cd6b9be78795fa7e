package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// sampleSize is how many bytes of a text are looked at to find out how it is written.
const sampleSize = 1 << 16

// uncompressed undoes gzip where the stream is of that kind.
func uncompressed(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, sampleSize)
	if mark, _ := b.Peek(2); string(mark) != "\x1f\x8b" {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(z, sampleSize), nil
}

// openText is the text of a stream in UTF-8, without compression and byte-order mark, its lines ending in line feeds.
func openText(r io.Reader) (*bufio.Reader, error) {
	b, err := uncompressed(r)
	if err != nil {
		return nil, err
	}
	head, _ := b.Peek(sampleSize)
	if err := refuseBinary(head); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("\uFEFF")) {
		_, _ = b.Discard(len("\uFEFF"))
	}
	if bytes.ContainsRune(head, '\r') && !bytes.ContainsRune(head, '\n') {
		b = bufio.NewReaderSize(returns{b}, sampleSize)
	}
	return b, nil
}

// refuseBinary reports what is no text in UTF-8 from its first bytes, and how to make one of it.
func refuseBinary(head []byte) error {
	for _, known := range []struct{ mark, what string }{
		{"\xff\xfe", "the text is in UTF-16: save it as UTF-8"},
		{"\xfe\xff", "the text is in UTF-16: save it as UTF-8"},
		{"PK\x03\x04", "this is a zip archive, such as .xlsx or .npz: save the table as CSV, or one array as .npy"},
		{"PAR1", "this is a Parquet file: save the table as CSV"},
		{"\x93NUMPY", "this is an array of NumPy: its name must end in .npy"},
	} {
		if bytes.HasPrefix(head, []byte(known.mark)) {
			return errors.New(known.what)
		}
	}
	if i := bytes.IndexByte(head, 0); i >= 0 {
		return fmt.Errorf("byte %d is zero: want text in UTF-8", i+1)
	}
	return nil
}

// returns reads a text whose lines end in carriage returns alone.
type returns struct{ r io.Reader }

func (c returns) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// sampled is the lines at the front of a text, with their ends. A line end in quotes ends no line, but a line that
// begins with # ends where it ends.
func sampled(b *bufio.Reader) []string {
	head, err := b.Peek(sampleSize)
	var lines []string
	start, quoted := 0, false
	for i, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n' && (!quoted || head[start] == '#'):
			lines = append(lines, string(head[start:i+1]))
			start, quoted = i+1, false
		}
	}
	if start < len(head) && (err != nil || len(lines) == 0) {
		lines = append(lines, string(head[start:]))
	}
	return lines
}

// skipComments leaves out the lines at the front that begin with # and are no rows: those with another number of fields
// than the first row. It returns how many lines it left out, blank ones before them included.
func skipComments(b *bufio.Reader, lines []string, s Separator) int {
	want := s.fields(rows(lines)[0])
	skipped := 0
	for i, line := range lines {
		if strings.HasPrefix(line, "#") && (s.fields(line) != want || want == 1) {
			skipped = i + 1
		} else if strings.TrimSpace(line) != "" {
			break
		}
	}
	for _, line := range lines[:skipped] {
		_, _ = b.Discard(len(line))
	}
	return skipped
}

// rows is the lines that are rows beyond doubt: not blank and, where there are others, not beginning with #. There is
// one at least, which may be empty.
func rows(lines []string) []string {
	var plain, marked []string
	for _, line := range lines {
		switch {
		case strings.HasPrefix(line, "#"):
			marked = append(marked, line)
		case strings.TrimSpace(line) != "":
			plain = append(plain, line)
		}
	}
	if len(plain)+len(marked) == 0 {
		return []string{""}
	}
	if len(plain) == 0 {
		return marked
	}
	return plain
}
