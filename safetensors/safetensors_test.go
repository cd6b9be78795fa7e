package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// fromPython is what the Python package (0.8.0) made of
//
//	{"b.weight": float64 [[1.5, -2], [3.25, inf]], "a": float32 [0.5], "step": int64 -7, "rng": uint8 [0, 1, 2], "z": float64 [0, 4]}
const fromPython = " \x01\x00\x00\x00\x00\x00\x00" +
	`{"step":{"dtype":"I64","shape":[],"data_offsets":[0,8]},` +
	`"b.weight":{"dtype":"F64","shape":[2,2],"data_offsets":[8,40]},` +
	`"z":{"dtype":"F64","shape":[0,4],"data_offsets":[40,40]},` +
	`"a":{"dtype":"F32","shape":[1],"data_offsets":[40,44]},` +
	`"rng":{"dtype":"U8","shape":[3],"data_offsets":[44,47]}} ` +
	"\xf9\xff\xff\xff\xff\xff\xff\xff" +
	"\x00\x00\x00\x00\x00\x00\xf8?\x00\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\n@\x00\x00\x00\x00\x00\x00\xf0\x7f" +
	"\x00\x00\x00?\x00\x01\x02"

// fromPythonWithMetadata is {"x": float64 [1]} with metadata {"k": "v<é\n"}.
const fromPythonWithMetadata = "X\x00\x00\x00\x00\x00\x00\x00" +
	`{"__metadata__":{"k":"v<é\n"},"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}    ` +
	"\x00\x00\x00\x00\x00\x00\xf0?"

var pythonFiles = map[string]*File{
	fromPython: {Tensors: map[string]Tensor{
		"b.weight": Float64([]float64{1.5, -2, 3.25, math.Inf(1)}, 2, 2),
		"a":        Float32([]float64{0.5}, 1),
		"step":     Int64([]int64{-7}),
		"rng":      Uint8([]byte{0, 1, 2}, 3),
		"z":        Float64([]float64{}, 0, 4),
	}},
	fromPythonWithMetadata: {
		Metadata: map[string]string{"k": "v<é\n"},
		Tensors:  map[string]Tensor{"x": Float64([]float64{1}, 1)},
	},
	"\x08\x00\x00\x00\x00\x00\x00\x00{}      ": {},
}

func TestReadsWhatPythonWrites(t *testing.T) {
	for data, want := range pythonFiles {
		got, err := Read("f", strings.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if !same(got, want) {
			t.Errorf("read %+v, want %+v", got, want)
		}
	}
}

func TestWritesTheBytesPythonWrites(t *testing.T) {
	for want, f := range pythonFiles {
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("wrote\n%q, want\n%q", b.String(), want)
		}
	}
}

// same compares contents bit by bit.
func same(a, b *File) bool {
	if len(a.Metadata) != len(b.Metadata) || len(a.Tensors) != len(b.Tensors) {
		return false
	}
	for k, v := range a.Metadata {
		if w, ok := b.Metadata[k]; !ok || v != w {
			return false
		}
	}
	for name, x := range a.Tensors {
		y, ok := b.Tensors[name]
		if !ok || x.DType != y.DType || len(x.Shape) != len(y.Shape) || !reflect.DeepEqual(append([]int{}, x.Shape...), append([]int{}, y.Shape...)) {
			return false
		}
		if !bytes.Equal(x.Bytes, y.Bytes) || len(x.Ints) != len(y.Ints) || len(x.Floats) != len(y.Floats) {
			return false
		}
		for i := range x.Ints {
			if x.Ints[i] != y.Ints[i] {
				return false
			}
		}
		for i := range x.Floats {
			if math.Float64bits(x.Floats[i]) != math.Float64bits(y.Floats[i]) {
				return false
			}
		}
	}
	return true
}

func TestFloat32RoundsToNearest(t *testing.T) {
	f := &File{Tensors: map[string]Tensor{"x": Float32([]float64{0.1, math.Inf(-1)}, 2)}}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := Read("f", &b)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{float64(float32(0.1)), math.Inf(-1)}; !reflect.DeepEqual(got.Tensors["x"].Floats, want) {
		t.Errorf("read %v, want %v", got.Tensors["x"].Floats, want)
	}
}

func TestNaNKeepsItsBits(t *testing.T) {
	nan := math.Float64frombits(0x7ff8_0000_dead_beef)
	f := &File{Tensors: map[string]Tensor{"x": Float64([]float64{nan})}}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := Read("f", &b)
	if err != nil || !same(got, f) {
		t.Fatalf("read %v, error %v", got, err)
	}
}

// file puts a length, a header and n bytes of data together.
func file(header string, n int) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + strings.Repeat("\x00", n)
}

var broken = []struct{ name, data, want string }{
	{"empty", "", "the file ends within the header length, after 0 bytes"},
	{"short length", "\x01\x00", "the file ends within the header length, after 2 bytes"},
	{"long header", "\xff\xff\xff\xff\xff\xff\xff\xff{}", "header length 18446744073709551615 is over the limit"},
	{"truncated header", file(`{}      `, 0)[:12], "the file ends within the header: 4 bytes, want 8"},
	{"no object", file(`[]`, 0), "the header is not a JSON object"},
	{"space first", file(` {}`, 0), "the header is not a JSON object"},
	{"no utf-8", file("{\"\xff\":0}", 0), "the header is not UTF-8"},
	{"cut object", file(`{"x":{`, 0), `not a JSON object: byte`},
	{"not closed", file(`{`, 0), `not a JSON object`},
	{"text after", file(`{}x`, 0), "text after the JSON object"},
	{"tab after", file("{}\t", 0), "text after the JSON object"},
	{"twice", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `"x" is there twice`},
	{"key twice", file(`{"x":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), `"dtype" is there twice`},
	{"metadata number", file(`{"__metadata__":{"k":1}}`, 0), `__metadata__: the value of "k" is not a string`},
	{"metadata null", file(`{"__metadata__":null}`, 0), `__metadata__: not a JSON object`},
	{"metadata twice", file(`{"__metadata__":{"k":"1","k":"2"}}`, 0), `__metadata__: "k" is there twice`},
	{"entry null", file(`{"x":null}`, 0), `tensor "x": not a JSON object`},
	{"no dtype", file(`{"x":{"DType":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), `tensor "x": dtype is missing`},
	{"dtype", file(`{"x":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}`, 2), `tensor "x": dtype "BF16" is none of F64, F32, I64 and U8`},
	{"no shape", file(`{"x":{"dtype":"U8","shape":null,"data_offsets":[0,1]}}`, 1), `tensor "x": shape is missing or not a list`},
	{"null size", file(`{"x":{"dtype":"U8","shape":[null],"data_offsets":[0,0]}}`, 0), `tensor "x": shape: null is not a size`},
	{"negative size", file(`{"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, 1), `tensor "x": shape: -1 is not a size`},
	{"fractional size", file(`{"x":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}`, 1), `tensor "x": shape: 1.0 is not a size`},
	{"huge size", file(`{"x":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,1]}}`, 1), `tensor "x": shape: 99999999999999999999 is not a size`},
	{"huge shape", file(`{"x":{"dtype":"U8","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,1]}}`, 1), `tensor "x": shape [2147483647 2147483647 2147483647] is too large`},
	{"no offsets", file(`{"x":{"dtype":"U8","shape":[1]}}`, 1), `tensor "x": data_offsets is missing`},
	{"one offset", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0]}}`, 1), `tensor "x": data_offsets has 1 numbers, want 2`},
	{"backward", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}`, 1), `tensor "x": data_offsets [1,0] run backward`},
	{"outside", file(`{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}`, 15), `tensor "x": data_offsets [0,16] leave the file's 15 bytes of data`},
	{"wrong bytes", file(`{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,15]}}`, 15), `tensor "x": 15 bytes do not hold F64 of shape [2]`},
	{"wraps around", file(`{"x":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}`, 0), `tensor "x": `},
	{"overlap", file(`{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), `tensor "y": data_offsets [1,3] overlap the tensor before, which ends at 2`},
	{"gap", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `tensor "x": data_offsets [1,2] leave a gap after 0`},
	{"bytes after", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 3), `2 bytes after the last tensor`},
}

func TestBrokenFiles(t *testing.T) {
	for _, c := range broken {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read("some.file", strings.NewReader(c.data))
			if err == nil || !strings.HasPrefix(err.Error(), "safetensors: some.file: ") || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
		})
	}
}

func TestEveryTruncationIsAnError(t *testing.T) {
	for i := range len(fromPython) {
		if _, err := Read("f", strings.NewReader(fromPython[:i])); err == nil {
			t.Errorf("%d bytes of %d are read without an error", i, len(fromPython))
		}
	}
}

func TestUnwritableFiles(t *testing.T) {
	f := &File{
		Metadata: map[string]string{"k": "\xff"},
		Tensors: map[string]Tensor{
			"short":        Float64([]float64{1}, 2),
			"negative":     Float64([]float64{1}, -1, -1),
			"mixed":        {DType: F64, Floats: []float64{1}, Ints: []int64{1}, Shape: []int{2}},
			"wrong":        {DType: U8, Ints: []int64{1}, Shape: []int{1}},
			"large":        Float32([]float64{1, 1e300}, 2),
			"dtype":        {DType: 77},
			"\xff":         Int64([]int64{1}),
			"__metadata__": Int64([]int64{1}),
		},
	}
	want := []string{
		`metadata "k" is not UTF-8`,
		`tensor "short": 1 numbers, want 2 for shape [2]`,
		`tensor "negative": shape [-1 -1] has a negative size`,
		`tensor "mixed": F64 holds numbers of another type`,
		`tensor "wrong": U8 holds numbers of another type`,
		`tensor "large": number 1, 1e+300, is too large for F32`,
		`tensor "dtype": dtype unknown(77) is none of`,
		`tensor "\xff": the name is not UTF-8`,
		`tensor "__metadata__": the name is reserved`,
	}
	var b bytes.Buffer
	err := f.Write(&b)
	if err == nil || b.Len() > 0 {
		t.Fatalf("error %v, %d bytes written", err, b.Len())
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Errorf("%d problems, want %d:\n%v", len(lines), len(want), err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), "safetensors: "+w) {
			t.Errorf("no %q in\n%v", w, err)
		}
	}
}

func TestFilesOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	f := pythonFiles[fromPython]
	if err := f.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFile(path); err != nil || !same(got, f) {
		t.Fatalf("read %v, error %v", got, err)
	}
	bad := &File{Tensors: map[string]Tensor{"x": Float64(nil, 1)}}
	if err := bad.WriteFile(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != fromPython {
		t.Error("a failed write changed the file")
	}
	if _, err := ReadFile(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
func (failing) Read([]byte) (int, error)  { return 0, errors.New("broken pipe") }

func TestFailuresOfTheStream(t *testing.T) {
	if err := pythonFiles[fromPython].Write(failing{}); err == nil {
		t.Error("a failing writer is not noticed")
	}
	if _, err := Read("f", failing{}); err == nil || err.Error() != "safetensors: f: broken pipe" {
		t.Errorf("error %v", err)
	}
}

func TestDTypeNames(t *testing.T) {
	for d, want := range map[DType]string{F64: "F64", F32: "F32", I64: "I64", U8: "U8", 9: "unknown(9)"} {
		if got := d.String(); got != want {
			t.Errorf("DType %d is %q, want %q", d, got, want)
		}
	}
}

var anyTensor = rapid.Custom(func(t *rapid.T) Tensor {
	shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, "shape")
	n := 1
	for _, d := range shape {
		n *= d
	}
	switch rapid.IntRange(0, 3).Draw(t, "type") {
	case 0:
		return Float64(rapid.SliceOfN(rapid.Float64(), n, n).Draw(t, "data"), shape...)
	case 1:
		data := make([]float64, n)
		for i := range data {
			data[i] = float64(rapid.Float32().Draw(t, "number"))
		}
		return Float32(data, shape...)
	case 2:
		return Int64(rapid.SliceOfN(rapid.Int64(), n, n).Draw(t, "data"), shape...)
	}
	return Uint8(rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "data"), shape...)
})

func TestRoundTrip(t *testing.T) {
	name := rapid.String().Filter(func(s string) bool { return s != metadataKey })
	rapid.Check(t, func(t *rapid.T) {
		f := &File{
			Metadata: rapid.MapOfN(rapid.String(), rapid.String(), 0, 4).Draw(t, "metadata"),
			Tensors:  rapid.MapOfN(name, anyTensor, 0, 5).Draw(t, "tensors"),
		}
		var first, second bytes.Buffer
		if err := f.Write(&first); err != nil {
			t.Fatal(err)
		}
		got, err := Read("f", bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if !same(got, f) {
			t.Fatalf("read %+v, wrote %+v", got, f)
		}
		if err := got.Write(&second); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatal("the same content gave other bytes")
		}
		if header := binary.LittleEndian.Uint64(first.Bytes()); header%8 != 0 {
			t.Fatalf("header of %d bytes", header)
		}
	})
}

func FuzzRead(f *testing.F) {
	for data := range pythonFiles {
		f.Add([]byte(data))
	}
	for _, c := range broken {
		f.Add([]byte(c.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Read("f", bytes.NewReader(data))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than a line: %q", err)
			}
			return
		}
		size := 0
		for _, x := range got.Tensors {
			size += x.Len() * dtypes[x.DType].size
		}
		if size > len(data) {
			t.Fatalf("%d bytes of tensors from %d bytes", size, len(data))
		}
		var b bytes.Buffer
		if err := got.Write(&b); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if again, err := Read("f", &b); err != nil || !same(got, again) {
			t.Fatalf("not the same after writing: %v", err)
		}
	})
}
