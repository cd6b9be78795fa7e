package dataset

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// cell is one field of a file: a finite number, or a text with the reason why it is none.
type cell struct {
	value   float64
	problem string // "" for a number
	text    string // "" for a number
}

const notNumber = "is not a number"

// parseCell reads a field from which space was trimmed.
func parseCell(text string) cell {
	if text == "" {
		return cell{problem: "is empty"}
	}
	v, err := strconv.ParseFloat(text, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return cell{problem: "is too large", text: text}
	case err != nil:
		return cell{problem: notNumber, text: text}
	}
	c := numberCell(v)
	if c.problem != "" {
		c.text = text
	}
	return c
}

// numberCell is a number that may turn out not to be finite.
func numberCell(v float64) cell {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return cell{problem: "is not finite", text: number(v)}
	}
	return cell{value: v}
}

// name is the cell as the name of a class: text as it is, a number in its shortest form.
func (c cell) name() string {
	if c.problem != "" {
		return c.text
	}
	return number(c.value + 0) // -0 is 0
}

// isText says whether the cell is anything but a number, finite or not.
func (c cell) isText() bool { return c.problem == notNumber }

func (c cell) err() error {
	if c.problem == "" {
		return nil
	}
	return fmt.Errorf("%.40q %s", c.text, c.problem)
}

// number is the shortest text that gives v again.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
