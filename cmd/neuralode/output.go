package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// output remembers the first failure to write, so that a full disk behind standard output does not pass for success,
// and quotes control characters.
type output struct {
	w   io.Writer
	err error
}

// Write always takes all of p, or returns an error.
func (o *output) Write(p []byte) (int, error) {
	_, err := o.w.Write(quoteControls(p))
	if o.err == nil {
		o.err = err
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// quoteControls writes control characters as Go does in strings, all but the end of a line and the tab: names in data,
// models and runs are others' words, which must not move the cursor of a terminal, colour it, or hide what it shows.
func quoteControls(p []byte) []byte {
	if firstControl(p) < 0 {
		return p
	}
	var quoted []byte
	for len(p) > 0 {
		at := firstControl(p)
		if at < 0 {
			break
		}
		_, size := utf8.DecodeRune(p[at:])
		quoted = append(append(quoted, p[:at]...), inQuotes(string(p[at:at+size]))...)
		p = p[at+size:]
	}
	return append(quoted, p...)
}

func firstControl(p []byte) int {
	for i := 0; i < len(p); {
		if b := p[i]; b >= ' ' && b < 0x7f || b == '\n' || b == '\t' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(p[i:])
		if r == utf8.RuneError && size == 1 {
			// no UTF-8, but terminals take it for Latin-1; or half of a write that was cut
			r = rune(p[i])
		}
		if isControl(r) {
			return i
		}
		i += size
	}
	return -1
}

// isControl reports what a terminal does not simply show: the controls of ASCII and Latin-1, and marks that break lines
// or turn the direction of the text around them.
func isControl(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x061c || r == 0x200e || r == 0x200f ||
		r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// inQuotes is the text as it stands within quotes.
func inQuotes(text string) string {
	return strings.Trim(strconv.QuoteToASCII(text), `"`)
}

// onLine is a name that stands in a line or a table: as it is, or quoted where it holds a control character.
func onLine(name string) string {
	if firstControl([]byte(name)) < 0 && !strings.ContainsAny(name, "\n\t") {
		return name
	}
	return fmt.Sprintf("%q", name)
}

// shellWord is the name of a file as one word of a command for a shell, and no flag.
func shellWord(name string) string {
	if strings.HasPrefix(name, "-") {
		name = "./" + name
	}
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_./+:=@%,-", r)
	}
	if name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
