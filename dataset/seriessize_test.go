package dataset

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// longSeries is the text of series of two features with a thousand rows each.
func longSeries(n int) string {
	var text strings.Builder
	text.WriteString("id,t,x,y\n")
	for i := range n {
		for k := range 1000 {
			t := 0.01 * float64(k)
			fmt.Fprintf(&text, "s%d,%.2f,%.6f,%.6f\n", i, t, math.Sin(t+float64(i)), math.Cos(t+float64(i)))
		}
	}
	return text.String()
}

// TestSeriesTakeTheMemoryOfTheirNumbers counts what a file of series leaves in memory, and what is asked for on the way:
// of 29 bytes a row, three numbers of 8 stay.
func TestSeriesTakeTheMemoryOfTheirNumbers(t *testing.T) {
	const rows = 200_000
	path := filepath.Join(t.TempDir(), "long.csv")
	text := longSeries(rows / 1000)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	size := float64(len(text))
	text = ""
	var before, after, settled runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s, err := ReadSeries(path, SeriesOptions{})
	runtime.ReadMemStats(&after)
	runtime.GC()
	runtime.ReadMemStats(&settled)
	if err != nil || s.Rows() != rows {
		t.Fatalf("%v", err)
	}
	kept, asked := float64(settled.HeapAlloc)-float64(before.HeapAlloc), float64(after.TotalAlloc-before.TotalAlloc)
	if numbers := 8.0 * 3 * rows; kept > 1.4*numbers+1<<20 {
		t.Errorf("%.0f bytes stay of %.0f of numbers", kept, numbers)
	}
	if asked > 8*size {
		t.Errorf("a file of %.0f bytes asks for %.0f on the way", size, asked)
	}
	runtime.KeepAlive(s)
}

// BenchmarkReadSeries reads a million rows.
func BenchmarkReadSeries(b *testing.B) {
	text := longSeries(1000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		s, err := ReadSeriesCSV("long.csv", strings.NewReader(text), SeriesOptions{})
		if err != nil || s.Rows() != 1_000_000 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1_000_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
