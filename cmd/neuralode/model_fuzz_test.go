package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
)

// FuzzModel evaluates, solves and draws with whatever is in a model file. Each command ends without a panic, says
// nothing that a terminal could take for more than text, and gives numbers for models alone whose metadata agree.
func FuzzModel(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "run")
	if status := run(context.Background(), []string{"train", "--out", dir, "--samples", "4", "--hidden", "2", "--batch",
		"4",
		"--iterations", "1", "--device", "cpu", "--no-figures"}, strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}); status != 0 {
		f.Fatalf("no run: status %d", status)
	}
	header, body := split(f, filepath.Join(dir, "model.safetensors"))
	for _, seed := range seeds(f, header, body) {
		f.Add(seed.header, seed.body, false)
	}
	strange := strings.NewReplacer(`[\"0\",`, `[\"\\u001b[2J\",`, `"inputs":"null"`,
		`"inputs":"[\"\\u202ex\",\"\\u0007\"]"`)
	f.Add(strange.Replace(header), body, true) // drawing takes a second
	f.Add(header, append([]byte("\xff\xff\x7f\x7f"), body[4:]...), true)
	f.Fuzz(func(t *testing.T, header string, body []byte, draw bool) {
		path := filepath.Join(dir, "model.safetensors")
		content := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
		if err := os.WriteFile(path, append(content, body...), 0o644); err != nil {
			t.Fatal(err)
		}
		points := write(t, "points.csv", "a,b,kind\n0.1,0.2,0\n0.3,-0.5,1\n-0.4,0.6,1\n")
		one := write(t, "one.csv", "a,b,kind\n0.1,0.2,1\n0.3,-0.5,1\n")
		for _, data := range []string{points, one} {
			if try(t, "eval", path, "--data", data, "--device", "cpu") {
				checkMetadata(t, header)
			}
		}
		try(t, "solve", path, "--points", points, "--leave-out", "kind", "--device", "cpu")
		try(t, "verify", path, "--device", "cpu")
		if draw {
			try(t, "plot", dir, "--device", "cpu")
		}
	})
}

// longest is how long a command may take before it is interrupted: a figure over a span of 1e300 takes half a minute.
const longest = 3 * time.Second

// try reports whether the command succeeds, and fails the test where it does not end as a command may.
func try(t *testing.T, args ...string) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	timer := time.AfterFunc(longest, cancel)
	defer timer.Stop()
	var o, e bytes.Buffer
	status := run(ctx, args, strings.NewReader(""), &o, &e)
	out, errors := o.String(), e.String()
	if status != exitOK && status != exitFailure && status != exitUsage &&
		(status != exitInterrupted || ctx.Err() == nil) {
		t.Errorf("%s: status %d", args[0], status)
	}
	if i := strings.IndexFunc(out+errors, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("%s: %q", args[0], (out + errors)[max(0, i-40):i+1])
	}
	if status != exitOK && len(errors) > 3000 {
		t.Errorf("%s: %d bytes of errors", args[0], len(errors))
	}
	return status == exitOK
}

// checkMetadata fails where the metadata of a header that was accepted contradict each other, as package json reads
// them.
func checkMetadata(t *testing.T, header string) {
	t.Helper()
	var h struct {
		Metadata map[string]string `json:"__metadata__"`
	}
	if err := json.Unmarshal([]byte(header), &h); err != nil {
		t.Fatal(err)
	}
	classes := []string{"0", "1"}
	if text, ok := h.Metadata["classes"]; ok {
		classes = nil
		if err := json.Unmarshal([]byte(text), &classes); err != nil {
			t.Error(err)
		}
	}
	outputs := 1
	if text, ok := h.Metadata["outputs"]; ok {
		outputs, _ = strconv.Atoi(text)
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(classes)))
	switch h.Metadata["loss"] {
	case "softmax":
		if outputs != len(distinct) || len(distinct) < 2 {
			t.Errorf("%d outputs for the classes %q", outputs, classes)
		}
	default:
		if outputs != 1 || len(distinct) == 1 || len(distinct) != len(classes) {
			t.Errorf("%d outputs for the classes %q", outputs, classes)
		}
	}
	if h.Metadata["t0"] == h.Metadata["t1"] {
		t.Errorf("the span is from %s to %[1]s", h.Metadata["t0"])
	}
}

// split is the header of a file and its data.
func split(f *testing.F, path string) (header string, body []byte) {
	content, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	n := 8 + binary.LittleEndian.Uint64(content)
	return string(content[8:n]), content[n:]
}

type modelSeed struct {
	header string
	body   []byte
}

// seeds are the header and body of a model, and many that are spoilt.
func seeds(f *testing.F, header string, body []byte) []modelSeed {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal([]byte(header), &parts); err != nil {
		f.Fatal(err)
	}
	var metadata map[string]string
	if err := json.Unmarshal(parts["__metadata__"], &metadata); err != nil {
		f.Fatal(err)
	}
	list := []modelSeed{{header, body}, {"", nil}, {"{}", nil}, {header, nil}, {header, body[:len(body)-1]},
		{header[:len(header)/2], body}}
	for _, change := range spoiltMetadata {
		changed := map[string]string{}
		for k, v := range metadata {
			changed[k] = v
		}
		for k, v := range change {
			changed[k] = v
		}
		parts["__metadata__"], _ = json.Marshal(changed)
		text, _ := json.Marshal(parts)
		list = append(list, modelSeed{string(text), body})
	}
	for _, change := range [][2]string{
		{`"F32"`, `"F16"`}, {`"F32"`, `"I32"`}, {`"F32"`, `"Q\u001b[2J"`}, {`"shape":[2]`, `"shape":[2,1]`}, {`"shape":[2]`, `"shape":[-2]`},
		{`"shape":[2]`, `"shape":[4294967296,4294967296]`}, {`"data_offsets":[0,`, `"data_offsets":[4,`}, {`layers.0.bias`, `layers.0.\u001b[2J`},
		{`layers.0.bias`, `layers.1.bias`}, {`layers.1.`, `layers.9.`}, {`{"__metadata__"`, `{"extra":{"dtype":"BF16","shape":[0],"data_offsets":[0,0]},"__metadata__"`},
		{`"t1"`, `"t1":"2","t1"`}, {`"loss"`, `"lo\u0073s"`}, {`"time":"false"`, `"time":false`},
	} {
		list = append(list, modelSeed{strings.ReplaceAll(header, change[0], change[1]), body})
	}
	for _, number := range []string{"\x00\x00\xc0\x7f", "\x00\x00\x80\x7f", "\xff\xff\x7f\x7f"} {
		// NaN, infinity, the largest
		list = append(list, modelSeed{header, append([]byte(number), body[4:]...)})
	}
	return list
}

var spoiltMetadata = []map[string]string{
	{"outputs": "0"}, {"outputs": "2"}, {"outputs": "-1"}, {"outputs": "1e9"}, {"outputs": "18446744073709551617"},
	{"loss": "softmax"}, {"loss": "softmax", "outputs": "2"}, {"loss": "softmax", "outputs": "2", "readout": "linear"}, {"loss": "mse"},
	{"loss": "mse", "classes": "null"}, {"loss": "mse", "classes": "null", "outputs": "2"}, {"loss": "\x1b[31m"},
	{"classes": `["0"]`}, {"classes": `["0","0"]`}, {"classes": `["0","1","2"]`}, {"classes": `["\u001b[2J","1"]`}, {"classes": `["0",null]`},
	{"classes": `["\u202e0","1"]`}, {"classes": "{}"}, {"classes": strings.Repeat("[", 20000)},
	{"readout": "linear"}, {"readout": "\a"}, {"component": "1"}, {"component": "2"}, {"component": "-1"},
	{"augment": "1"}, {"augment": "2"}, {"augment": "-1"}, {"augment": "9223372036854775807"},
	{"inputs": `["a","b"]`}, {"inputs": `["\u001b]0;x\u0007","b"]`}, {"inputs": `["a"]`}, {"inputs": `["a","a"]`},
	{"t0": "0", "t1": "0"}, {"t0": "0", "t1": "-0"}, {"t1": "-1"}, {"t1": "1e300"}, {"t0": "-1e308", "t1": "1e308"}, {"t1": "nan"}, {"t1": "5e-324"}, {"t0": "1e300", "t1": "2e300"},
	{"sizes": "[2,2]"}, {"sizes": "[2,2,2,2]"}, {"sizes": "[1,2,1]"}, {"sizes": "[0,0]"}, {"sizes": "[-2,2,-2]"}, {"sizes": "[2,1073741824,2]"}, {"sizes": "null"},
	{"activation": "relu"}, {"activation": "\x1b[2J"}, {"time": "true"}, {"time": "maybe"}, {"unknown": "\x00"},
}
