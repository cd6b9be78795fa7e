package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestControlsAreQuoted(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"plain\ttext\n", "plain\ttext\n"},
		{"θ → ∂L/∂θ, 数据, é", "θ → ∂L/∂θ, 数据, é"},
		{"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"over\rwritten", `over\rwritten`},
		{"\x9b31m", `\x9b31m`},
		{"\u009b31m", `\u009b31m`},
		{"abc\u202edcb", `abc\u202edcb`},
		{"bell\a, null\x00, delete\x7f", `bell\a, null\x00, delete\x7f`},
	} {
		var b bytes.Buffer
		o := &output{w: &b}
		if n, err := o.Write([]byte(c.text)); n != len(c.text) || err != nil || b.String() != c.want {
			t.Errorf("%q is written as %q (%d, %v), want %q", c.text, b.String(), n, err, c.want)
		}
	}
	var b bytes.Buffer
	o := &output{w: &b}
	for _, half := range []string{"\xce", "\xb8"} { // θ
		_, _ = o.Write([]byte(half))
	}
	if b.String() != "θ" {
		t.Errorf("a rune in two writes is %q", b.String())
	}
}

// TestHostileNames trains on a table whose names and labels would recolour a terminal and forge its lines.
func TestHostileNames(t *testing.T) {
	const escape = "\x1b]0;owned\a\x1b[2J"
	row := func(label string) string { return "1,2,\"" + label + "\"\n" }
	text := "\"" + escape + "a\",b,kind\n" + strings.Repeat(row(escape+"\nok")+row("v"), 8)
	dir := filepath.Join(t.TempDir(), "run")
	status, out, errors := call(t, quick("--data", write(t, "points.csv", text), "--out", dir, "--no-figures")...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errors)
	}
	if !strings.Contains(out, `"\x1b]0;owned\a\x1b[2J\nok"`) {
		t.Errorf("the class is shown as %s", out)
	}
	said := out + errors
	for _, args := range [][]string{
		{"eval", dir},
		{"eval", dir, "--data", write(t, "other.csv", "u,w,kind\n1,2,v\n")},
		{"eval", dir, "--data", write(t, "wrong.csv", "u,w,kind\n1,2,"+escape+"\n")},
		{"solve", dir, "--points", write(t, "points.csv", escape+",b\n1,2\n")},
		{"train", "--data", write(t, "label.csv", text), "--label", escape},
		{"train", "--" + escape},
		{escape},
		{"plot", escape},
	} {
		_, out, errors := call(t, args...)
		said += out + errors
	}
	if at := strings.IndexAny(said, "\x1b\a\r"); at >= 0 {
		t.Errorf("a control character gets out: %q", said[max(0, at-60):min(len(said), at+20)])
	}
}

// TestAdviceCanBePasted reads the words of advice as a shell does.
func TestAdviceCanBePasted(t *testing.T) {
	for _, name := range []string{"runs/spiral-20260101-120000", "a b", "it's", "-dash", "$HOME", "ü", "a;b", "~", "",
		"*", "-a 'b'"} {
		out, err := exec.Command("sh", "-c", "printf %s "+shellWord(name)).Output()
		if want := strings.TrimPrefix(name, "./"); err != nil || strings.TrimPrefix(string(out), "./") != want {
			t.Errorf("%q is written %s, which is %q, error %v", name, shellWord(name), out, err)
		}
	}
	if plain := "runs/spiral-20260101-120000"; shellWord(plain) != plain {
		t.Errorf("%s is written %s", plain, shellWord(plain))
	}
	if word := shellWord("-dash"); strings.HasPrefix(word, "-") {
		t.Errorf("%s is taken for a flag", word)
	}
}
