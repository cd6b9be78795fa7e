package kernels

import (
	"reflect"
	"strings"
	"testing"
)

// TestCall checks that the struct in Go has the layout of the one printed from it, and that each word says what it is.
func TestCall(t *testing.T) {
	var c Call
	words := 0
	for f := range callFields() {
		pointsTo := f.Tag.Get("c")
		if f.Offset != uintptr(8*words) || f.Tag.Get("doc") == "" ||
			strings.HasSuffix(pointsTo, "*") != (f.Type.Kind() == reflect.Uint64) {
			t.Errorf("%s at %d: type %q, %v, of which the text is %q", f.Name, f.Offset, pointsTo, f.Type,
				f.Tag.Get("doc"))
		}
		words++
	}
	if CallBytes != 8*words || len(c.Words()) != words {
		t.Errorf("a call of %d words has %d bytes, and %d of its words are seen", words, CallBytes, len(c.Words()))
	}
	c.Chunk, c.RecordK = 7, 9
	if w := c.Words(); w[1] != 7 || w[words-1] != 9 || c.Name(&c.RecordK) != "recordK" || c.Name(&c.Z0) != "z0" {
		t.Errorf("the words are %v; %s and %s", w, c.Name(&c.RecordK), c.Name(&c.Z0))
	}
}
