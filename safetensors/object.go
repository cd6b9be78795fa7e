package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"strings"
)

// object is a JSON object with an index of its members: 16 bytes for each, whereas a map of strings takes some 150. A
// header may have millions.
type object struct {
	text    []byte // valid JSON
	seed    maphash.Seed
	members []member // in the order of hash
}

// member says where name and value begin in the text.
type member struct {
	hash        uint64 // of the name
	name, value uint32
}

// newObject indexes the object that is all of text. A name given twice is an error, which package json would let pass.
func newObject(text []byte) (object, error) {
	o := object{text: text, seed: maphash.MakeSeed()}
	n := 0
	for range members(text) {
		n++
	}
	o.members = make([]member, 0, n)
	for name, value := range members(text) {
		if _, err := unquote(text[name:endOfString(text, name)]); err != nil {
			return o, err
		}
		o.members = append(o.members, member{maphash.Bytes(o.seed, o.nameAt(name)), uint32(name), uint32(value)})
	}
	slices.SortFunc(o.members, func(a, b member) int {
		if a.hash != b.hash { // or the names would be taken out for nothing
			return cmp.Compare(a.hash, b.hash)
		}
		return bytes.Compare(o.name(a), o.name(b))
	})
	return o, o.distinct()
}

func (o object) distinct() error {
	first := -1 // in the text, so that the message does not depend on the seed
	for i := 1; i < len(o.members); i++ {
		a, b := o.members[i-1], o.members[i]
		if a.hash == b.hash && bytes.Equal(o.name(a), o.name(b)) && (first < 0 || int(a.name) < first) {
			first = int(a.name)
		}
	}
	if first >= 0 {
		return fmt.Errorf("%s is there twice", short(o.nameAt(first)))
	}
	return nil
}

// find is the text of the value of that name.
func (o object) find(name string) (value []byte, ok bool) {
	if len(o.members) == 0 {
		return nil, false
	}
	want := member{hash: maphash.String(o.seed, name)}
	i, ok := slices.BinarySearchFunc(o.members, want, func(m, want member) int {
		return cmp.Or(cmp.Compare(m.hash, want.hash), bytes.Compare(o.name(m), []byte(name)))
	})
	if !ok {
		return nil, false
	}
	return o.value(o.members[i]), true
}

func (o object) name(m member) []byte { return o.nameAt(int(m.name)) }

// nameAt is the name that begins at that place, which newObject has found to be sound.
func (o object) nameAt(at int) []byte {
	name, _ := unquote(o.text[at:endOfString(o.text, at)])
	return name
}

func (o object) value(m member) []byte { return o.text[m.value:endOfValue(o.text, int(m.value))] }

// members are the places where names and values of the object begin that is at the start of text, which is valid JSON.
func members(text []byte) iter.Seq2[int, int] {
	return func(yield func(name, value int) bool) {
		for name := range elements(text) {
			value := skip(text, endOfString(text, name), ':')
			if !yield(name, value) {
				return
			}
		}
	}
}

// elements are the places where the elements of the list begin that is at the start of text, which is valid JSON, or
// the names of an object.
func elements(text []byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := skip(text, 1, ' '); text[at] != ']' && text[at] != '}'; at = skip(text, at, ',') {
			if !yield(at) {
				return
			}
			at = endOfValue(text, at)
			if next := skip(text, at, ' '); text[next] == ':' {
				at = endOfValue(text, skip(text, next+1, ' '))
			}
		}
	}
}

// skip is the next place where there is neither space nor that mark.
func skip(text []byte, at int, mark byte) int {
	for {
		switch text[at] {
		case ' ', '\t', '\r', '\n', mark:
			at++
		default:
			return at
		}
	}
}

// endOfValue is the place after the value that begins at that place of valid JSON.
func endOfValue(text []byte, at int) int {
	depth := 0
	for ; at < len(text); at++ {
		switch text[at] {
		case '"':
			at = endOfString(text, at) - 1
		case '[', '{':
			depth++
			continue
		case ']', '}':
			if depth--; depth < 0 { // after a number
				return at
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return at
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return at + 1
		}
	}
	return at
}

func endOfString(text []byte, at int) int {
	for at++; text[at] != '"'; at++ {
		if text[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// unquote is the string that JSON writes as text. Half of a surrogate pair, for which package json puts U+FFFD, is an
// error: it stands for no character, and two names would become one.
func unquote(text []byte) ([]byte, error) {
	if bytes.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1], nil
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	if strings.Count(s, "\ufffd") != bytes.Count(text, []byte("\ufffd"))+escapedReplacements(text) {
		return nil, fmt.Errorf("%.60q has half of a surrogate pair", text)
	}
	return []byte(s), nil
}

// escapedReplacements counts \ufffd.
func escapedReplacements(text []byte) (n int) {
	for i := 0; i < len(text)-5; i++ {
		if text[i] != '\\' {
			continue
		}
		if i++; bytes.EqualFold(text[i:i+5], []byte("ufffd")) {
			n++
		}
	}
	return n
}
