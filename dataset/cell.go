package dataset

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// kind says what a field of a file is.
type kind uint8

const (
	number   kind = iota // finite
	logical              // true or false
	word                 // any other text
	missing              // nothing, or a text that stands for it
	infinite             // a number without end
	tooLarge             // a number beyond float64
)

// cell is one field of a file.
type cell struct {
	kind  kind
	value float64 // of a number; 1 or 0 when logical
	text  string  // as it stands in a text; "" in an array of numbers
}

// missingTexts are the texts that pandas reads as missing values: pandas._libs.parsers.STR_NA_VALUES of pandas 3.
var missingTexts = map[string]bool{
	"": true, "#N/A": true, "#N/A N/A": true, "#NA": true, "-1.#IND": true, "-1.#QNAN": true, "-NaN": true,
	"-nan": true, "1.#IND": true, "1.#QNAN": true, "<NA>": true, "N/A": true, "NA": true, "NULL": true, "NaN": true,
	"None": true, "n/a": true, "nan": true, "null": true,
}

// parseCell reads a field from which space was trimmed, as pandas does: numbers are decimal, without groups of digits.
func parseCell(text string, decimalComma bool) cell {
	c := cell{text: text}
	v, err := parseDecimal(text, decimalComma)
	switch {
	case err == nil:
		c.value = v
	case errors.Is(err, strconv.ErrRange):
		c.kind = tooLarge
	case missingTexts[text]:
		c.kind = missing
	case strings.EqualFold(text, "true"):
		c.kind, c.value = logical, 1
	case strings.EqualFold(text, "false"):
		c.kind = logical
	case isInfinity(text):
		c.kind = infinite
	default:
		c.kind = word
	}
	return c
}

// parseDecimal reads digits with a sign, a point and an exponent of ten; whatever else Go's syntax has is none.
func parseDecimal(text string, comma bool) (float64, error) {
	if comma {
		if strings.Contains(text, ".") {
			return 0, strconv.ErrSyntax
		}
		text = strings.ReplaceAll(text, ",", ".")
	}
	for i := range len(text) {
		switch b := text[i]; {
		case b >= '0' && b <= '9', b == '.', b == '-', b == '+', b == 'e', b == 'E':
		default:
			return 0, strconv.ErrSyntax
		}
	}
	return strconv.ParseFloat(text, 64)
}

func isInfinity(text string) bool {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+")
	return strings.EqualFold(text, "inf") || strings.EqualFold(text, "infinity")
}

// numberCell is a number of an array, which may turn out to be none.
func numberCell(v float64) cell {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return cell{kind: infinite, text: shortest(v)}
	}
	return cell{value: v + 0} // -0 is 0
}

// name is the cell as the name of a class: a text as it stands, a number of an array in its shortest form.
func (c cell) name() string {
	if c.text == "" {
		return shortest(c.value)
	}
	return c.text
}

// plain is a number in its shortest form, however many zeros its decimals end in. A text with a sign or with zeros in
// front, as codes have them, is not another spelling of a number.
func (c cell) plain() (string, bool) {
	digits := strings.TrimPrefix(c.text, "-")
	code := strings.HasPrefix(digits, "+") || len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' &&
		digits[1] <= '9'
	return shortest(c.value + 0), c.kind == number && !code // -0 is 0
}

// hasComma says whether the cell is a number but for commas, for the point or between groups of digits.
func (c cell) hasComma() bool {
	_, err := parseDecimal(strings.ReplaceAll(c.text, ",", ""), false)
	return c.kind == word && strings.Contains(c.text, ",") && err == nil
}

// isNumber says whether the cell is one, good or not.
func (c cell) isNumber() bool { return c.kind == number || c.kind == infinite || c.kind == tooLarge }

// problem is why the cell can be taken neither for a finite number nor for true or false.
func (c cell) problem() error {
	why := "is not a number"
	switch {
	case c.kind == number, c.kind == logical:
		return nil
	case c.kind == missing && c.text == "":
		why = "is empty"
	case c.kind == missing:
		why = "stands for a missing value"
	case c.kind == infinite:
		why = "is not finite"
	case c.kind == tooLarge:
		why = "is too large"
	}
	return fmt.Errorf("%.40q %s", c.text, why)
}

// shortest is the shortest text that gives v again.
func shortest(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
