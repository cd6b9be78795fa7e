package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// fromPython is what the Python package (0.8.0) made of
//
//	{"b.weight": float64 [[1.5, -2], [3.25, inf]], "a": float32 [0.5], "step": int64 -7, "z": float64 [0, 4]}
const fromPython = "\xe8\x00\x00\x00\x00\x00\x00\x00" +
	`{"step":{"dtype":"I64","shape":[],"data_offsets":[0,8]},` +
	`"b.weight":{"dtype":"F64","shape":[2,2],"data_offsets":[8,40]},` +
	`"z":{"dtype":"F64","shape":[0,4],"data_offsets":[40,40]},` +
	`"a":{"dtype":"F32","shape":[1],"data_offsets":[40,44]}} ` +
	"\xf9\xff\xff\xff\xff\xff\xff\xff" +
	"\x00\x00\x00\x00\x00\x00\xf8?\x00\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\n@\x00\x00\x00\x00\x00\x00\xf0\x7f" +
	"\x00\x00\x00?"

// fromPythonWithMetadata is {"x": float64 [1]} with metadata {"k": "v<é\n"}.
const fromPythonWithMetadata = "X\x00\x00\x00\x00\x00\x00\x00" +
	`{"__metadata__":{"k":"v<é\n"},"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}    ` +
	"\x00\x00\x00\x00\x00\x00\xf0?"

// manyTypes is what it made of tensors of seven types: "h", float16 [[1.5, -2, 65504], [6e-8, -0, inf]], "b", bfloat16
// [1.5,
// -2, 3e38], and others that are not read here.
const manyTypes = "\xa8\x01\x00\x00\x00\x00\x00\x00" +
	`{"__metadata__":{"k":"v"},"z":{"dtype":"F64","shape":[0,4],"data_offsets":[0,0]},` +
	`"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"i32":{"dtype":"I32","shape":[1],"data_offsets":[4,8]},` +
	`"b":{"dtype":"BF16","shape":[3],"data_offsets":[8,14]},"h":{"dtype":"F16","shape":[2,3],"data_offsets":[14,26]},` +
	`"f8":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[26,27]},"bool":{"dtype":"BOOL","shape":[3],"data_offsets":[27,30]}}    ` +
	"\x00\x00\x00?\x07\x00\x00\x00\xc0?\x00\xc0b\x7f\x00>\x00\xc0\xff{\x01\x00\x00\x80\x00|8\x01\x00\x01"

var pythonFiles = map[string]*File{
	fromPython: {Tensors: map[string]Tensor{
		"b.weight": Float64([]float64{1.5, -2, 3.25, math.Inf(1)}, 2, 2),
		"a":        Float32([]float64{0.5}, 1),
		"step":     Int64([]int64{-7}),
		"z":        Float64([]float64{}, 0, 4),
	}},
	fromPythonWithMetadata: {
		Metadata: map[string]string{"k": "v<é\n"},
		Tensors:  map[string]Tensor{"x": Float64([]float64{1}, 1)},
	},
}

func read(data string) (*Reader, error) {
	return NewReader("some.file", strings.NewReader(data), int64(len(data)))
}

// check compares what the reader gives with f, bit by bit.
func check(t interface{ Fatalf(string, ...any) }, r *Reader, f *File) {
	for key, want := range f.Metadata {
		if got, ok := r.Metadata(key); !ok || got != want {
			t.Fatalf("metadata %q is %q, want %q", key, got, want)
		}
	}
	if names := slices.Sorted(r.Names()); !slices.Equal(names, slices.Sorted(maps.Keys(f.Tensors))) {
		t.Fatalf("tensors %q, want %d", names, len(f.Tensors))
	}
	for name, want := range f.Tensors {
		if shape, err := r.Shape(name); err != nil || !slices.Equal(shape, want.Shape) {
			t.Fatalf("%q has shape %v, want %v (%v)", name, shape, want.Shape, err)
		}
		if want.DType == I64 {
			if got, err := r.Ints(name, want.Shape...); err != nil || !slices.Equal(got, want.Ints) {
				t.Fatalf("%q is %v, want %v (%v)", name, got, want.Ints, err)
			}
			continue
		}
		got, err := r.Floats(name, want.Shape...)
		if err != nil || !slices.EqualFunc(got, want.Floats, func(a, b float64) bool {
			return math.Float64bits(a) == math.Float64bits(b)
		}) {
			t.Fatalf("%q is %v, want %v (%v)", name, got, want.Floats, err)
		}
	}
}

func TestReadsWhatPythonWrites(t *testing.T) {
	for data, want := range pythonFiles {
		r, err := read(data)
		if err != nil {
			t.Fatal(err)
		}
		check(t, r, want)
	}
}

// TestManyTypes reads numbers of 16 bits, beside tensors of types that are not read.
func TestManyTypes(t *testing.T) {
	r, err := read(manyTypes)
	if err != nil {
		t.Fatal(err)
	}
	if names := slices.Sorted(r.Names()); !slices.Equal(names, []string{"b", "bool", "f8", "h", "i32", "w", "z"}) {
		t.Errorf("names %q", names)
	}
	h, err := r.Floats("h", 2, 3)
	if want := []float64{1.5, -2, 65504, 0x1p-24, math.Copysign(0, -1), math.Inf(1)}; err != nil ||
		!slices.Equal(h, want) || !math.Signbit(h[4]) {
		t.Errorf("h is %v, want %v (%v)", h, want, err)
	}
	b, err := r.Floats("b", 3)
	if want := []float64{1.5, -2, 0x1.c4p+127}; err != nil || !slices.Equal(b, want) {
		t.Errorf("b is %v, want %v (%v)", b, want, err)
	}
	for name, want := range map[string]string{
		"i32": `tensor "i32" is "I32", want F64, F32, F16 or BF16`, "none": `tensor "none" is missing, want shape [1]`,
		"w": "", "h": `tensor "h" has shape [2 3], want [1]`, "__metadata__": `tensor "__metadata__" is missing`,
	} {
		if _, err := r.Floats(name, 1); want == "" && err != nil || want != "" &&
			(err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := r.Finite("h", 2, 3); err == nil || err.Error() != `tensor "h": number 5 is +Inf, want finite numbers` {
		t.Errorf("error %v", err)
	}
	if _, err := r.Ints("w", 1); err == nil || err.Error() != `tensor "w" is "F32", want I64` {
		t.Errorf("error %v", err)
	}
}

// TestEveryNumberOf16Bits compares with NumPy (and ml_dtypes 0.5): SHA-256 of all 65536 as little-endian float64, every
// NaN as 7ff8000000000000.
func TestEveryNumberOf16Bits(t *testing.T) {
	for dtype, want := range map[string]string{
		"F16":  "ecc18b9b372011f0402dc5e75578328f4b1582c725748617e1451a3ccc7981a5",
		"BF16": "6a00f29e7303e153fd9ec155cefb51fd665981aa463226c50006bc72f6739520",
	} {
		var numbers []byte
		for i := range 1 << 16 {
			numbers = binary.LittleEndian.AppendUint16(numbers, uint16(i))
		}
		r, err := read(file(`{"x":{"dtype":"`+dtype+`","shape":[65536],"data_offsets":[0,131072]}}`, 0) +
			string(numbers))
		if err != nil {
			t.Fatal(err)
		}
		x, err := r.Floats("x", 65536)
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.New()
		for _, v := range x {
			b := math.Float64bits(v)
			if math.IsNaN(v) {
				b = 0x7ff8 << 48
			}
			hash.Write(binary.LittleEndian.AppendUint64(nil, b))
		}
		if got := hex.EncodeToString(hash.Sum(nil)); got != want {
			t.Errorf("%s: hash %s", dtype, got)
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

func written(t interface{ Fatal(...any) }, f *File) string {
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFloat32RoundsToNearest(t *testing.T) {
	r, err := read(written(t, &File{Tensors: map[string]Tensor{"x": Float32([]float64{0.1, math.Inf(-1)}, 2)}}))
	if err != nil {
		t.Fatal(err)
	}
	check(t, r, &File{Tensors: map[string]Tensor{"x": Float64([]float64{float64(float32(0.1)), math.Inf(-1)}, 2)}})
}

func TestNaNKeepsItsBits(t *testing.T) {
	f := &File{Tensors: map[string]Tensor{"x": Float64([]float64{math.Float64frombits(0x7ff8_0000_dead_beef)})}}
	r, err := read(written(t, f))
	if err != nil {
		t.Fatal(err)
	}
	check(t, r, f)
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
	{"text after", file(`{}x`, 0), "not a JSON object: byte 3: invalid character 'x'"},
	{"half a pair", file(`{"__metadata__":{"k":"\ud800"}}`, 0), `__metadata__: "\"\\ud800\"" has half of a surrogate pair`},
	{"half a pair in a name", file(`{"\udc00":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), `"\"\\udc00\"" has half of a surrogate pair`},
	{"one name in two spellings", file(`{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0078":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), `"x" is there twice`},
	{"line breaks", file("{\"x\":{\"dtype\":\"U8\",\"shape\":[1,\n1],\"data_offsets\":[0,2]}}", 2), `2 bytes do not hold U8 of shape "[1,\n1]"`},
	{"nested too deep", file(`{"x":`+strings.Repeat("[", 1e5)+strings.Repeat("]", 1e5)+`}`, 0), `exceeded max depth`},
	{"long name", file(`{"`+strings.Repeat("x", 1e5)+`":1}`, 0), `tensor "` + strings.Repeat("x", 60) + `": not a JSON object`},
	{"twice", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `"x" is there twice`},
	{"key twice", file(`{"x":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), `"dtype" is there twice`},
	{"metadata number", file(`{"__metadata__":{"k":1}}`, 0), `__metadata__: the value of "k" is not a string`},
	{"metadata list", file(`{"__metadata__":["k"]}`, 0), `__metadata__: not a JSON object`},
	{"metadata twice", file(`{"__metadata__":{"k":"1","k":"2"}}`, 0), `__metadata__: "k" is there twice`},
	{"entry null", file(`{"x":null}`, 0), `tensor "x": not a JSON object`},
	{"no dtype", file(`{"x":{"DType":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), `tensor "x": dtype is missing`},
	{"dtype number", file(`{"x":{"dtype":7,"shape":[1],"data_offsets":[0,2]}}`, 2), `tensor "x": dtype is missing or not a string`},
	{"half a byte", file(`{"x":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}`, 1), `tensor "x": 1 bytes do not hold F4 of shape "[1]"`},
	{"no shape", file(`{"x":{"dtype":"U8","shape":null,"data_offsets":[0,1]}}`, 1), `tensor "x": shape is missing or not a list`},
	{"null size", file(`{"x":{"dtype":"U8","shape":[null],"data_offsets":[0,0]}}`, 0), `tensor "x": shape: "null" is not a size`},
	{"negative size", file(`{"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, 1), `tensor "x": shape: "-1" is not a size`},
	{"fractional size", file(`{"x":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}`, 1), `tensor "x": shape: "1.0" is not a size`},
	{"huge size", file(`{"x":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,1]}}`, 1), `tensor "x": shape: "99999999999999999999" is not a size`},
	{"huge shape", file(`{"x":{"dtype":"U8","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,1]}}`, 1), `tensor "x": shape "[2147483647,2147483647,2147483647]" is too large`},
	{"no offsets", file(`{"x":{"dtype":"U8","shape":[1]}}`, 1), `tensor "x": data_offsets is missing`},
	{"one offset", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0]}}`, 1), `tensor "x": data_offsets has 1 numbers, want 2`},
	{"backward", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}`, 1), `tensor "x": data_offsets [1,0] run backward`},
	{"outside", file(`{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}`, 15), `the file ends within the tensors: 15 bytes, want 16`},
	{"wrong bytes", file(`{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,15]}}`, 15), `tensor "x": 15 bytes do not hold F64 of shape "[2]"`},
	{"wraps around", file(`{"x":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}`, 0), `tensor "x": `},
	{"overlap", file(`{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), `tensor "y": data_offsets [1,3] overlap the tensor before, which ends at 2`},
	{"gap", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `tensor "x": data_offsets [1,2] leave a gap after 0`},
	{"bytes after", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 3), `there are bytes after the last tensor`},
}

func TestBrokenFiles(t *testing.T) {
	for _, c := range broken {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(c.data)
			if err == nil || !strings.HasPrefix(err.Error(), "safetensors: some.file: ") ||
				!strings.Contains(err.Error(), c.want) {
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
		if _, err := read(fromPython[:i]); err == nil {
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
			"wrong":        {DType: F32, Ints: []int64{1}, Shape: []int{1}},
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
		`tensor "wrong": F32 holds numbers of another type`,
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
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	check(t, r, f)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if whole, err := ReadFile(path); err != nil || written(t, whole) != fromPython {
		t.Errorf("all of it is %v (%v)", whole, err)
	}
	if _, err := r.Floats("a", 1); err == nil || !strings.HasPrefix(err.Error(), `tensor "a": byte 40 of the data: `) {
		t.Errorf("a closed file gives %v", err)
	}
	bad := &File{Tensors: map[string]Tensor{"x": Float64(nil, 1)}}
	if err := bad.WriteFile(path); err == nil || !strings.HasPrefix(err.Error(), "safetensors: tensor \"x\": ") {
		t.Errorf("error %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != fromPython {
		t.Error("a failed write changed the file")
	}
	if _, err := Open(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := Open(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a folder gives %v", err)
	}
}

// TestPipes reads from a pipe what a file has, and no more of an endless one than its header wants.
func TestPipes(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(fromPython), zeros{})
	if _, err := readStream("f", endless); err == nil || !strings.Contains(err.Error(), "bytes after the last tensor") {
		t.Errorf("an endless stream gives %v", err)
	}
	if _, err := readStream("f", zeros{}); err == nil {
		t.Error("zeros are a file")
	}
	r, err := readStream("f", iotest.OneByteReader(strings.NewReader(fromPython)))
	if err != nil {
		t.Fatal(err)
	}
	check(t, r, pythonFiles[fromPython])
	for i := range len(fromPython) {
		if _, err := readStream("f", strings.NewReader(fromPython[:i])); err == nil {
			t.Errorf("%d bytes of %d are read without an error", i, len(fromPython))
		}
	}
}

// zeros has no end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestUnneededIsNotRead leaves a hole of 1 TB in a file, under a tensor that nobody asks for.
func TestUnneededIsNotRead(t *testing.T) {
	header := file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},`+
		`"big":{"dtype":"F64","shape":[137438953472],"data_offsets":[4,1099511627780]}}`, 0)
	r, err := NewReader("f", sparse(header+"\x00\x00\x00?"), int64(len(header))+1099511627780)
	if err != nil {
		t.Fatal(err)
	}
	if w, err := r.Floats("w", 1); err != nil || w[0] != 0.5 {
		t.Errorf("w is %v (%v)", w, err)
	}
	if _, err := r.Floats("big", 1); err == nil ||
		!strings.Contains(err.Error(), "has shape [137438953472], want [1]") {
		t.Errorf("error %v", err)
	}
}

// sparse is the beginning of a file.
type sparse string

func (s sparse) ReadAt(b []byte, at int64) (int, error) {
	return strings.NewReader(string(s)).ReadAt(b, at)
}

// TestLongHeaders measures what is allocated for headers of 4 MB of small members: a few times their size at most.
func TestLongHeaders(t *testing.T) {
	const size = 4_000_000
	long := func(first, member, last string) string {
		var b strings.Builder
		b.WriteString(first)
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, member, i)
		}
		return file(b.String()+last, 0)
	}
	for name, data := range map[string]string{
		"tensors":  long(`{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, `,"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, `}`),
		"metadata": long(`{"__metadata__":{"x":""`, `,"%d":""`, `}}`),
		"a shape":  long(`{"x":{"dtype":"U8","data_offsets":[0,0],"shape":[0`, `,%d`, `]}}`),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := read(data); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		allocated := after.TotalAlloc - before.TotalAlloc
		if allocated > 4*size {
			t.Errorf("%s: %d bytes are allocated for a header of %d", name, allocated, len(data))
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error)         { return 0, errors.New("broken pipe") }
func (failing) Read([]byte) (int, error)          { return 0, errors.New("broken pipe") }
func (failing) ReadAt([]byte, int64) (int, error) { return 0, errors.New("broken pipe") }

func TestFailuresOfTheStream(t *testing.T) {
	if err := pythonFiles[fromPython].Write(failing{}); err == nil {
		t.Error("a failing writer is not noticed")
	}
	if _, err := readStream("f", failing{}); err == nil || err.Error() != "safetensors: f: broken pipe" {
		t.Errorf("error %v", err)
	}
	if _, err := NewReader("f", failing{}, 100); err == nil || err.Error() != "safetensors: f: broken pipe" {
		t.Errorf("error %v", err)
	}
}

func TestDTypeNames(t *testing.T) {
	for d, want := range map[DType]string{F64: "F64", F32: "F32", I64: "I64", 9: "unknown(9)"} {
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
	switch rapid.IntRange(0, 2).Draw(t, "type") {
	case 0:
		return Float64(rapid.SliceOfN(rapid.Float64(), n, n).Draw(t, "data"), shape...)
	case 1:
		data := make([]float64, n)
		for i := range data {
			data[i] = float64(rapid.Float32().Draw(t, "number"))
		}
		return Float32(data, shape...)
	}
	return Int64(rapid.SliceOfN(rapid.Int64(), n, n).Draw(t, "data"), shape...)
})

func TestRoundTrip(t *testing.T) {
	name := rapid.String().Filter(func(s string) bool { return s != metadataKey })
	rapid.Check(t, func(t *rapid.T) {
		f := &File{
			Metadata: rapid.MapOfN(rapid.String(), rapid.String(), 0, 4).Draw(t, "metadata"),
			Tensors:  rapid.MapOfN(name, anyTensor, 0, 5).Draw(t, "tensors"),
		}
		data := written(t, f)
		r, err := read(data)
		if err != nil {
			t.Fatal(err)
		}
		check(t, r, f)
		if data != written(t, f) {
			t.Fatal("the same content gave other bytes")
		}
		if header := binary.LittleEndian.Uint64([]byte(data)); header%8 != 0 {
			t.Fatalf("header of %d bytes", header)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(manyTypes))
	for data := range pythonFiles {
		f.Add([]byte(data))
	}
	for _, c := range broken {
		f.Add([]byte(c.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := read(string(data))
		if _, second := readStream("some.file", bytes.NewReader(data)); fmt.Sprint(err) != fmt.Sprint(second) {
			t.Fatalf("a file gives %v, a pipe %v", err, second)
		}
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than a line: %q", err)
			}
			return
		}
		size := 0
		for name := range r.Names() {
			shape, err := r.Shape(name)
			if err != nil {
				continue
			}
			x, _ := r.Floats(name, shape...)
			n, _ := r.Ints(name, shape...)
			size += 2*len(x) + 8*len(n)
		}
		if size > len(data) {
			t.Fatalf("%d bytes of tensors from %d bytes", size, len(data))
		}
	})
}
