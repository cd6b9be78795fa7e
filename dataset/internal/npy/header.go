package npy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// header is the dictionary {'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }.
type header struct {
	descr   string
	fortran bool
	shape   []int // none negative
}

// String is the shape as Python writes it.
func (h header) String() string {
	parts := make([]string, len(h.shape))
	for i, d := range h.shape {
		parts[i] = strconv.Itoa(d)
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// scanner reads the few kinds of Python literals that a header has.
type scanner struct{ rest string }

// take removes s from the front, after any space, and says whether it was there.
func (s *scanner) take(prefix string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(s.rest, " \t\n"), prefix)
	if ok {
		s.rest = rest
	}
	return ok
}

// text reads a quoted string without escapes.
func (s *scanner) text() (string, error) {
	for _, quote := range []string{"'", `"`} {
		if s.take(quote) {
			value, rest, ok := strings.Cut(s.rest, quote)
			if !ok || strings.Contains(value, `\`) {
				break
			}
			s.rest = rest
			return value, nil
		}
	}
	return "", s.wanted("a string")
}

func (s *scanner) boolean() (bool, error) {
	switch {
	case s.take("True"):
		return true, nil
	case s.take("False"):
		return false, nil
	}
	return false, s.wanted("True or False")
}

// tuple reads sizes such as (), (3,) and (3, 2).
func (s *scanner) tuple() ([]int, error) {
	if !s.take("(") {
		return nil, s.wanted("a tuple")
	}
	sizes := []int{}
	for !s.take(")") {
		if len(sizes) > 0 && !s.take(",") {
			return nil, s.wanted("a comma")
		}
		if len(sizes) > 0 && s.take(")") {
			break
		}
		n, err := s.size()
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// size reads an integer without a sign.
func (s *scanner) size() (int, error) {
	rest := strings.TrimLeft(s.rest, " \t\n")
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	n, err := strconv.Atoi(rest[:digits])
	if err != nil {
		return 0, s.wanted("a size")
	}
	s.rest = rest[digits:]
	return n, nil
}

func (s *scanner) wanted(what string) error {
	return fmt.Errorf("%.20q where %s should be", strings.TrimSpace(s.rest), what)
}

func parseHeader(text string) (header, error) {
	var h header
	s := &scanner{text}
	if !s.take("{") {
		return h, s.wanted("{")
	}
	seen := map[string]bool{}
	for !s.take("}") {
		key, err := h.member(s)
		if err != nil {
			return h, err
		}
		if seen[key] {
			return h, fmt.Errorf("'%s' is there twice", key)
		}
		seen[key] = true
		if !s.take(",") && !strings.HasPrefix(strings.TrimLeft(s.rest, " \t\n"), "}") {
			return h, s.wanted("a comma")
		}
	}
	if strings.Trim(s.rest, " \t\n") != "" {
		return h, s.wanted("the end")
	}
	if len(seen) != 3 {
		return h, errors.New("want 'descr', 'fortran_order' and 'shape'")
	}
	return h, nil
}

// member reads one "key: value".
func (h *header) member(s *scanner) (key string, err error) {
	if key, err = s.text(); err != nil {
		return "", err
	}
	if !s.take(":") {
		return "", s.wanted("a colon")
	}
	switch key {
	case "descr":
		if s.take("[") {
			return "", errors.New("records are not read, only numbers of one dtype")
		}
		h.descr, err = s.text()
	case "fortran_order":
		h.fortran, err = s.boolean()
	case "shape":
		h.shape, err = s.tuple()
	default:
		return "", fmt.Errorf("%.20q is not a key of the format", key)
	}
	return key, err
}
