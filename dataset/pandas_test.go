package dataset

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// fieldAnswer is what pandas makes of one field.
type fieldAnswer struct {
	Text, Kind string
	Value      float64
}

// tableAnswer is what pandas makes of a table whose last column is read as text.
type tableAnswer struct {
	Name, Text string
	Names      []string
	X          []float64
	Labels     []string
	Format
}

// pandasAnswers is testdata/pandas.json, which testdata/oracle.py writes.
func pandasAnswers(t *testing.T) (a struct {
	Fields      []fieldAnswer
	CommaFields []fieldAnswer `json:"comma_fields"`
	Tables      []tableAnswer
}) {
	content, err := os.ReadFile("testdata/pandas.json")
	if err == nil {
		err = json.Unmarshal(content, &a)
	}
	if err != nil || len(a.Fields) < 100 || len(a.CommaFields) < 10 || len(a.Tables) < 20 {
		t.Fatalf("%d fields, %d with commas, %d tables, error %v", len(a.Fields), len(a.CommaFields), len(a.Tables),
			err)
	}
	return a
}

func TestFieldsAsPandas(t *testing.T) {
	kinds := map[string]kind{"number": number, "boolean": logical, "text": word, "missing": missing,
		"infinite": infinite}
	check := func(f fieldAnswer, comma bool) {
		want, ok := kinds[f.Kind]
		if !ok {
			t.Fatalf("pandas has no kind %q", f.Kind)
		}
		c := parseCell(strings.TrimSpace(f.Text), comma)
		if c.kind == tooLarge {
			c.kind = infinite
		}
		if c.kind != want || (want == number || want == logical) && c.value != f.Value {
			t.Errorf("%q is of kind %d and value %v, pandas says %s, %v", f.Text, c.kind, c.value, f.Kind, f.Value)
		}
	}
	a := pandasAnswers(t)
	for _, f := range a.Fields {
		check(f, false)
	}
	for _, f := range a.CommaFields {
		check(f, true)
	}
}

func TestTablesAsPandas(t *testing.T) {
	for _, table := range pandasAnswers(t).Tables {
		t.Run(table.Name, func(t *testing.T) {
			found := table.Format
			found.Separator = 0
			for _, format := range []Format{table.Format, found} {
				d, err := text(table.Text, Options{Task: Classification, Format: format})
				if err != nil {
					t.Fatal(err)
				}
				names := slices.Concat(d.Features, d.Targets)
				if !d.Named {
					names = table.Names
				}
				var labels []string
				for i := range d.Len() {
					labels = append(labels, d.label(i))
				}
				if !slices.Equal(names, table.Names) || !slices.Equal(d.X, table.X) ||
					!slices.Equal(labels, table.Labels) {
					t.Errorf("read %q, %v, %q, pandas %q, %v, %q", names, d.X, labels, table.Names, table.X,
						table.Labels)
				}
			}
		})
	}
}
