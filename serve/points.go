package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"neuralode/train"
)

// reader makes points of requests.
type reader struct {
	model *train.Model
	most  int     // points of a request
	limit float64 // the largest number that the precision holds
}

// tooMany says that a request has more points than one may have.
type tooMany struct{ got, most int }

func (e tooMany) Error() string {
	return fmt.Sprintf("points has %d points, want at most %d in a request", e.got, e.most)
}

// read is the points of a body, [n, features].
func (d *reader) read(body io.Reader) ([]float64, error) {
	var request struct {
		Points []json.RawMessage `json:"points"`
	}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return nil, wrapped("the body is not {\"points\": [...]}", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, wrapped("the body goes on behind its object", err)
	}
	switch n := len(request.Points); {
	case n == 0:
		return nil, errors.New("points has no points")
	case n > d.most:
		return nil, tooMany{n, d.most}
	}
	x := make([]float64, 0, len(request.Points)*d.model.Features())
	for i, text := range request.Points {
		var err error
		if x, err = d.point(x, text); err != nil {
			return nil, fmt.Errorf("point %d: %w", i, err)
		}
	}
	return x, nil
}

// wrapped puts words before an error, unless there is none.
func wrapped(what string, err error) error {
	if err == nil {
		return errors.New(what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// point appends the numbers of a point.
func (d *reader) point(x []float64, text json.RawMessage) ([]float64, error) {
	if bytes.HasPrefix(text, []byte("{")) {
		return d.named(x, text)
	}
	var numbers []json.RawMessage
	if err := json.Unmarshal(text, &numbers); err != nil || numbers == nil {
		return nil, fmt.Errorf("want a list of numbers or an object, got %.40s", text)
	}
	if want := d.model.Features(); len(numbers) != want {
		return nil, fmt.Errorf("%d numbers, want %d", len(numbers), want)
	}
	for k, number := range numbers {
		v, err := d.number(number)
		if err != nil {
			return nil, fmt.Errorf("number %d: %w", k, err)
		}
		x = append(x, v)
	}
	return x, nil
}

// named appends the features of an object.
func (d *reader) named(x []float64, text json.RawMessage) ([]float64, error) {
	if d.model.Inputs == nil {
		return nil, errors.New("the training's features had no names: give a list of numbers")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	for _, name := range d.model.Inputs {
		number, there := members[name]
		if !there {
			return nil, fmt.Errorf("%.40q is missing", name)
		}
		v, err := d.number(number)
		if err != nil {
			return nil, fmt.Errorf("%.40q: %w", name, err)
		}
		x = append(x, v)
	}
	return x, nil
}

// number is a JSON number that the model's precision holds; null is none.
func (d *reader) number(text json.RawMessage) (float64, error) {
	if len(text) == 0 || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return 0, fmt.Errorf("%.40s is not a number", text)
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.Abs(v) > d.limit {
		return 0, fmt.Errorf("%.40s is too large", text)
	}
	return v, nil
}
