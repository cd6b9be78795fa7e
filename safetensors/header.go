package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

const metadataKey = "__metadata__"

// parseHeader reads the JSON header: the metadata and the tensors in the order in which they are named.
func parseHeader(text []byte) (metadata map[string]string, entries []entry, err error) {
	if !utf8.Valid(text) {
		return nil, nil, errors.New("the header is not UTF-8")
	}
	if !bytes.HasPrefix(text, []byte("{")) {
		return nil, nil, errors.New("the header is not a JSON object: not a safetensors file?")
	}
	rest, err := eachMember(text, func(name string, value json.RawMessage) error {
		if name == metadataKey {
			metadata, err = parseMetadata(value)
			return err
		}
		e, err := parseEntry(name, value)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	if len(bytes.Trim(rest, " ")) > 0 {
		return nil, nil, errors.New("header: text after the JSON object")
	}
	return metadata, entries, nil
}

func parseMetadata(value json.RawMessage) (map[string]string, error) {
	metadata := map[string]string{}
	_, err := eachMember(value, func(key string, value json.RawMessage) error {
		if !bytes.HasPrefix(value, []byte(`"`)) {
			return fmt.Errorf("the value of %q is not a string", key)
		}
		var s string
		err := json.Unmarshal(value, &s)
		metadata[key] = s
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", metadataKey, err)
	}
	return metadata, nil
}

// parseEntry reads {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48]}; other keys are ignored.
func parseEntry(name string, value json.RawMessage) (entry, error) {
	e := entry{name: name}
	members := map[string]json.RawMessage{}
	_, err := eachMember(value, func(key string, value json.RawMessage) error {
		members[key] = value
		return nil
	})
	if err == nil {
		e.dtype, err = dtypeMember(members["dtype"])
	}
	if err == nil {
		e.shape, err = intsMember("shape", members["shape"])
	}
	var offsets []int
	if err == nil {
		offsets, err = intsMember("data_offsets", members["data_offsets"])
	}
	if err == nil && len(offsets) != 2 {
		err = fmt.Errorf("data_offsets has %d numbers, want 2", len(offsets))
	}
	if err != nil {
		return e, fmt.Errorf("tensor %q: %w", name, err)
	}
	e.begin, e.end = offsets[0], offsets[1]
	return e, nil
}

func dtypeMember(raw json.RawMessage) (DType, error) {
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return 0, fmt.Errorf("dtype is missing or not a string")
	}
	return parseDType(*s)
}

// intsMember reads a list of integers from 0 to the largest int.
func intsMember(key string, raw json.RawMessage) ([]int, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || list == nil {
		return nil, fmt.Errorf("%s is missing or not a list", key)
	}
	ints := make([]int, len(list))
	for i, text := range list {
		n, err := strconv.ParseUint(string(text), 10, strconv.IntSize-1)
		if err != nil {
			return nil, fmt.Errorf("%s: %s is not a size", key, text)
		}
		ints[i] = int(n)
	}
	return ints, nil
}

// eachMember calls do for each member of the JSON object that text begins with, in order, and returns the text after
// it. A name given twice is an error, which package json would let pass.
func eachMember(text []byte, do func(name string, value json.RawMessage) error) (rest []byte, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, syntax(dec, err)
		}
		if seen[name] {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, syntax(dec, err)
		}
		if err := do(name, value); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, syntax(dec, err)
	}
	return text[dec.InputOffset():], nil
}

func syntax(dec *json.Decoder, err error) error {
	return fmt.Errorf("not a JSON object: byte %d: %w", dec.InputOffset(), err)
}
