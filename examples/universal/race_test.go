//go:build race

package main

import "testing"

// TestFit takes a few of the iterations, which the race detector makes slow.
func TestFit(t *testing.T) {
	if _, err := fit(20); err != nil {
		t.Fatal(err)
	}
}
