package memory

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	if err := Check(1, "one byte"); err != nil {
		t.Error(err)
	}
	err := Check(1e15, "%d samples", 7)
	var short *Error
	if !errors.As(err, &short) || short.Need != 1e15 || short.Have != Available() && short.Have <= 0 {
		t.Fatalf("got %#v", err)
	}
	for _, want := range []string{"7 samples: needs about 1000000000000000 bytes (909 TiB)", "iB can be had"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	for _, bytes := range []float64{math.Inf(1), math.NaN()} {
		if Check(bytes, "overflow") == nil {
			t.Errorf("%v bytes can be had", bytes)
		}
	}
}

func TestHuman(t *testing.T) {
	for bytes, want := range map[float64]string{0: "0 bytes", 999: "999 bytes", 1024: "1 KiB", 1 << 30: "1 GiB",
		5.5 * (1 << 40): "5.5 TiB", 1e30: "8.67e+11 EiB"} {
		if got := human(bytes); got != want {
			t.Errorf("%v: %s, want %s", bytes, got, want)
		}
	}
}
