package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// columns says what the columns of a file are. Columns count from 0 here and from 1 in messages.
type columns struct {
	count    int
	names    []string // nil without a header
	features []int    // in the order wanted, or else ascending
	labels   []int    // in the order of Options; those left out, when there are no labels
}

func newColumns(count int, names []string, o Options) (*columns, error) {
	c := &columns{count: count, names: names}
	if err := c.checkNames(); err != nil {
		return nil, err
	}
	for _, name := range o.Labels {
		i, err := c.find(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(c.labels, i) {
			return nil, fmt.Errorf("%s is named twice as a label", c.title(i))
		}
		c.labels = append(c.labels, i)
	}
	if len(o.Labels) == 0 && o.Task != Unlabelled {
		c.labels = []int{count - 1}
	}
	for i := range count {
		if !slices.Contains(c.labels, i) {
			c.features = append(c.features, i)
		}
	}
	if len(c.features) == 0 {
		return nil, fmt.Errorf("no column is left for features: the file has %d, and %d of them for labels", count, len(c.labels))
	}
	c.order(o.Features)
	return c, nil
}

// order puts the features into the order of these names, where they have exactly these.
func (c *columns) order(wanted []string) {
	if len(wanted) != len(c.features) {
		return
	}
	ordered := make([]int, len(wanted))
	for k, name := range wanted {
		ordered[k] = slices.Index(c.names, name)
		if !slices.Contains(c.features, ordered[k]) {
			return
		}
	}
	c.features = ordered
}

// checkNames demands a name for each column, a different one each.
func (c *columns) checkNames() error {
	at := map[string]int{}
	for i, name := range c.names {
		if name == "" {
			return fmt.Errorf("column %d has no name in the header", i+1)
		}
		if first, ok := at[name]; ok {
			return fmt.Errorf("columns %d and %d are both named %q", first+1, i+1, name)
		}
		at[name] = i
	}
	return nil
}

// find is the column with this name or else this number.
func (c *columns) find(name string) (int, error) {
	if i := slices.Index(c.names, name); i >= 0 {
		return i, nil
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 1 && i <= c.count {
		return i - 1, nil
	}
	return 0, fmt.Errorf("there is no column %q; %s", name, c.list())
}

// list is the columns there are, for a message.
func (c *columns) list() string {
	if c.names == nil {
		return fmt.Sprintf("the columns are 1 to %d and have no names", c.count)
	}
	const most = 20
	s := "the columns are " + quoted(c.names[:min(len(c.names), most)])
	if more := len(c.names) - most; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// title is a column in a message.
func (c *columns) title(i int) string {
	if c.names == nil {
		return fmt.Sprintf("column %d", i+1)
	}
	return fmt.Sprintf("column %d (%.40q)", i+1, c.names[i])
}

// featureNames is the names of the feature columns, or x1, x2, ... without a header.
func (c *columns) featureNames() []string { return c.name(c.features, "x") }

// targetNames is the names of the label columns, or label, or label1, label2, ... without a header.
func (c *columns) targetNames() []string {
	if c.names == nil && len(c.labels) == 1 {
		return []string{"label"}
	}
	return c.name(c.labels, "label")
}

func (c *columns) name(which []int, prefix string) []string {
	names := make([]string, len(which))
	for k, i := range which {
		if c.names == nil {
			names[k] = prefix + strconv.Itoa(k+1)
			continue
		}
		names[k] = c.names[i]
	}
	return names
}

// quoted is names in quotes with commas between them.
func quoted(names []string) string {
	q := make([]string, len(names))
	for i, name := range names {
		q[i] = fmt.Sprintf("%.40q", name)
	}
	return strings.Join(q, ", ")
}
