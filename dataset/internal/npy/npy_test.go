package npy

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sbinet/npyio"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// dict is a header of version 1 or 2 as NumPy 2.4 pads it.
func dict(version byte, text string) string {
	prefix := magic + string([]byte{version, 0})
	width := 2
	if version > 1 {
		width = 4
	}
	text += strings.Repeat(" ", 63-(8+width+len(text))%64) + "\n"
	length := []byte{byte(len(text)), byte(len(text) >> 8), 0, 0}
	return prefix + string(length[:width]) + text
}

// fromNumPy is what NumPy wrote for some arrays.
var fromNumPy = []struct {
	data string
	want Array
}{
	{"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }                                                          \n" +
		"\x00\x00\x00\x00\x00\x00\xf8?\x00\x00\x00\x00\x00\x00\x00\xc0", Array{[]int{1, 2}, []float64{1.5, -2}}},
	{dict(1, "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }") + "\x01\x00\x04\x00\x02\x00\x05\x00\x03\x00\x06\x00",
		Array{[]int{2, 3}, []float64{1, 2, 3, 4, 5, 6}}},
	{dict(2, "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }") +
		"?\x80\x00\x00@\x00\x00\x00@@\x00\x00@\x80\x00\x00@\xa0\x00\x00@\xc0\x00\x00", Array{[]int{2, 3}, []float64{1, 2, 3, 4, 5, 6}}},
	{dict(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }") + "\x01\x00", Array{[]int{2}, []float64{1, 0}}},
	{dict(3, "{'descr': '<u8', 'fortran_order': False, 'shape': (), }") + "\x07\x00\x00\x00\x00\x00\x00\x00", Array{[]int{}, []float64{7}}},
	{dict(1, "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3, 2), }") + "\x00\x06\x02\x08\x04\n\x01\x07\x03\t\x05\x0b",
		Array{[]int{2, 3, 2}, []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 0), }"), Array{[]int{2, 0}, []float64{}}},
	// keys in another order and other quotes, as a header may have them
	{dict(1, `{"shape":(1,),"fortran_order":False,"descr":"|i1"}`) + "\xff", Array{[]int{1}, []float64{-1}}},
}

func TestReadsWhatNumPyWrites(t *testing.T) {
	for _, c := range fromNumPy {
		got, err := Read(strings.NewReader(c.data))
		if err != nil {
			t.Errorf("%q: %v", c.data, err)
			continue
		}
		if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%q: read %v, want %v", c.data, *got, c.want)
		}
	}
}

func TestWritesTheBytesNumPyWrites(t *testing.T) {
	var b bytes.Buffer
	if err := fromNumPy[0].want.Write(&b); err != nil {
		t.Fatal(err)
	}
	if b.String() != fromNumPy[0].data {
		t.Errorf("wrote %q, want %q", b.String(), fromNumPy[0].data)
	}
}

func TestDTypes(t *testing.T) {
	for descr, c := range map[string]struct {
		raw  string
		want float64
	}{
		"<f8": {"\x00\x00\x00\x00\x00\x00\xf8?", 1.5},
		">f8": {"?\xf8\x00\x00\x00\x00\x00\x00", 1.5},
		"<f4": {"\x00\x00\xc0?", 1.5},
		"<i8": {"\xfe\xff\xff\xff\xff\xff\xff\xff", -2},
		">i8": {"\x00\x00\x00\x00\x00\x00\x01\x00", 256},
		"<i4": {"\xfe\xff\xff\xff", -2},
		">i2": {"\xff\xfe", -2},
		"|i1": {"\xfe", -2},
		"<u8": {"\x00\x00\x00\x00\x00\x00\x00\x80", 1 << 63},
		"<u4": {"\xff\xff\xff\xff", 1<<32 - 1},
		"<u2": {"\xff\xff", 1<<16 - 1},
		"<f2": {"\x55\x35", 0.333251953125},
		">f2": {"\x00\x01", 5.960464477539063e-08},
		"|u1": {"\xff", 255},
	} {
		got, err := Read(strings.NewReader(dict(1, "{'descr': '"+descr+"', 'fortran_order': False, 'shape': (1,), }") +
			c.raw))
		if err != nil || got.Data[0] != c.want {
			t.Errorf("%s: read %v, want %v, error %v", descr, got, c.want, err)
		}
	}
}

// TestHalf hashes every number of float16 as float64; the hash is that of numpy.arange(65536, dtype="u2").view("f2") as
// "<f8", but for the NaN.
func TestHalf(t *testing.T) {
	h := sha256.New()
	notNumbers := 0
	for bits := range 1 << 16 {
		if v := half(uint16(bits)); !math.IsNaN(v) {
			_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
			continue
		}
		notNumbers++
	}
	if got := hex.EncodeToString(h.Sum(nil)); notNumbers != 2046 ||
		got != "79fc8fde206ab7db2664c1760bbe8c8b0fc5adf41ce6112ff5bde9f19a6d9b46" {
		t.Errorf("%d NaN, hash %s", notNumbers, got)
	}
}

var broken = []struct{ data, want string }{
	{"", "not a .npy file"},
	{"PK\x03\x04 a zip file", "not a .npy file"},
	{magic + "\x01\x00", "the file ends within the first 10 bytes"},
	{magic + "\x02\x00\x01\x00", "the file ends within the first 12 bytes"},
	{magic + "\x09\x00\x00\x00", "version 9 of the format is not known"},
	{magic + "\x02\x00\xff\xff\xff\xff", "the file ends within the header: 0 bytes, want 4294967295"},
	{dict(1, ""), `header: "" where { should be`},
	{dict(1, "{'descr': '<f8'"), `where a comma should be`},
	{dict(1, "{'descr': '<f8',"), `where a string should be`},
	{dict(1, "{'descr' '<f8'}"), `where a colon should be`},
	{dict(1, "{'descr': '<f8"), `where a string should be`},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, }"), "want 'descr', 'fortran_order' and 'shape'"},
	{dict(1, "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, }"), "'descr' is there twice"},
	{dict(1, "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,), }"), "where True or False should be"},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, 'shape': 1, }"), "where a tuple should be"},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"), "where a size should be"},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1 1), }"), "where a comma should be"},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }"), "where a size should be"},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2000000000, 2000000000, 2000000000), }"), "is too large"},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (100000000, ), }"), "0 bytes of data, want 800000000 for shape (100000000,) of <f8"},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }") + strings.Repeat("x", 15), "15 bytes of data, want 16 for shape (2, 1)"},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }") + strings.Repeat("x", 17), "17 bytes of data, want 16"},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (), 'more': 1}"), `"more" is not a key of the format`},
	{dict(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (), } {"), "where the end should be"},
	{dict(1, "{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (), }"), "records are not read"},
	{dict(1, "{'descr': '<c16', 'fortran_order': False, 'shape': (), }"), `dtype "<c16" is not read: want float16`},
	{dict(1, "{'descr': '<f16', 'fortran_order': False, 'shape': (), }"), `dtype "<f16" is not read`},
	{dict(1, "{'descr': '<U3', 'fortran_order': False, 'shape': (), }"), `save tables with text in them as CSV`},
	{dict(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }") + "\x00\x00\x00\x00\x00\x00\x20\x00\x01\x00\x00\x00\x00\x00\x20\x00", "number 2 of the data is a whole number that float64 does not hold"},
	{dict(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }") + "\xff\xff\xff\xff\xff\xff\xff\x7f", "number 1 of the data is a whole number"},
	{dict(1, "{'descr': '>u8', 'fortran_order': False, 'shape': (1,), }") + "\xff\xff\xff\xff\xff\xff\xff\xff", "number 1 of the data is a whole number"},
	{dict(1, "{'descr': '|f8', 'fortran_order': False, 'shape': (), }"), `dtype "|f8" is not read`},
	{dict(1, "{'descr': '|O', 'fortran_order': False, 'shape': (), }"), `dtype "|O" is not read`},
}

func TestBrokenFiles(t *testing.T) {
	for _, c := range broken {
		_, err := Read(strings.NewReader(c.data))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want %q", c.data, err, c.want)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
func (failing) Read([]byte) (int, error)  { return 0, errors.New("broken pipe") }

func TestFailuresOfTheStream(t *testing.T) {
	if err := (&Array{[]int{1}, []float64{1}}).Write(failing{}); err == nil {
		t.Error("a failing writer is not noticed")
	}
	if _, err := Read(failing{}); err == nil {
		t.Error("a failing reader is not noticed")
	}
}

func TestArraysThatHaveNoFile(t *testing.T) {
	for _, a := range []Array{{[]int{2}, []float64{1}}, {make([]int, 30000), nil}} {
		var b bytes.Buffer
		if err := a.Write(&b); err == nil || b.Len() > 0 {
			t.Errorf("%d dimensions, %d numbers: error %v, %d bytes written", len(a.Shape), len(a.Data), err, b.Len())
		}
	}
}

var anyArray = rapid.Custom(func(t *rapid.T) *Array {
	shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(t, "shape")
	n := 1
	for _, d := range shape {
		n *= d
	}
	return &Array{shape, rapid.SliceOfN(rapid.Float64(), n, n).Draw(t, "data")}
})

func sameBits(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyArray.Draw(t, "array")
		var b bytes.Buffer
		if err := a.Write(&b); err != nil {
			t.Fatal(err)
		}
		if at := b.Len() - 8*len(a.Data); at%64 != 0 {
			t.Fatalf("data begin at byte %d", at)
		}
		got, err := Read(&b)
		if err != nil || !slices.Equal(got.Shape, a.Shape) || !slices.EqualFunc(got.Data, a.Data, sameBits) {
			t.Fatalf("read %v, wrote %v, error %v", got, a, err)
		}
	})
}

// transposing the file twice, once by us, is no change
func TestFortranOrderIsThatOfGonum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(1, 6).Draw(t, "rows"), rapid.IntRange(1, 6).Draw(t, "cols")
		want := mat.NewDense(rows, cols, rapid.SliceOfN(rapid.Float64(), rows*cols, rows*cols).Draw(t, "data"))
		data := transpose(mat.DenseCopyOf(want.T()).RawMatrix().Data, []int{rows, cols})
		if !slices.EqualFunc(data, want.RawMatrix().Data, sameBits) {
			t.Fatalf("got %v, want %v", data, want.RawMatrix().Data)
		}
	})
}

// Another implementation reads what is written and writes what is read.
func TestAgreesWithNpyio(t *testing.T) {
	want := mat.NewDense(3, 2, []float64{1, 2, 3, 4, 5, math.Pi})
	var ours, theirs bytes.Buffer
	if err := (&Array{[]int{3, 2}, want.RawMatrix().Data}).Write(&ours); err != nil {
		t.Fatal(err)
	}
	var m mat.Dense
	if err := npyio.Read(&ours, &m); err != nil || !mat.Equal(&m, want) {
		t.Errorf("npyio reads %v, error %v", m, err)
	}
	if err := npyio.Write(&theirs, *want); err != nil {
		t.Fatal(err)
	}
	if a, err := Read(&theirs); err != nil || !slices.Equal(a.Shape, []int{3, 2}) ||
		!slices.Equal(a.Data, want.RawMatrix().Data) {
		t.Errorf("read %v, error %v", a, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, c := range fromNumPy {
		f.Add([]byte(c.data))
	}
	for _, c := range broken {
		f.Add([]byte(c.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Read(bytes.NewReader(data))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than a line: %q", err)
			}
			return
		}
		if len(a.Data) > len(data) {
			t.Fatalf("%d numbers from %d bytes", len(a.Data), len(data))
		}
		var b bytes.Buffer
		if err := a.Write(&b); err != nil {
			return // a shape that is too long
		}
		again, err := Read(&b)
		if err != nil || !slices.Equal(again.Shape, a.Shape) || !slices.EqualFunc(again.Data, a.Data, sameBits) {
			t.Fatalf("not the same after writing: %v", err)
		}
	})
}
