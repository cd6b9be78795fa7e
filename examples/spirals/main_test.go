package main

import (
	"bytes"
	"os"
	"testing"
)

// TestFile: the file is what the program writes.
func TestFile(t *testing.T) {
	want, err := os.ReadFile("spirals.csv")
	if err != nil {
		t.Fatal(err)
	}
	var made bytes.Buffer
	if err := write(&made); err != nil || !bytes.Equal(made.Bytes(), want) {
		t.Errorf("spirals.csv is another one (%v)", err)
	}
}
