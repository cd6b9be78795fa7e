package graph

import (
	"fmt"
	"strings"
)

// TermError is why a builder of package expr has no node to return: where it stands, what its operands are, and why. It
// is what such a builder panics with.
type TermError struct {
	File    string // without its folder
	Line    int
	Builder string
	Shapes  []string // of the operands
	Err     error
}

func (e *TermError) Error() string {
	return fmt.Sprintf("%s:%d: %s of %s: %v", e.File, e.Line, e.Builder, strings.Join(e.Shapes, " and "), e.Err)
}

// Unwrap is Err.
func (e *TermError) Unwrap() error { return e.Err }
