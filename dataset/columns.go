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
	labels   []int    // in the order of Options; none when there are no labels
	kept     []int    // to carry along
	blank    []int    // at the end of each line, without name or content
	notes    []string
}

// newColumns finds out what the columns are, of which the last may be blank.
func newColumns(count, blank int, names []string, o Options) (*columns, error) {
	c := &columns{count: count}
	for i := count - blank; i < count; i++ {
		c.blank = append(c.blank, i)
	}
	c.nameAll(names)
	wanted := c.wanted(o)
	if err := c.chooseLabels(o, wanted); err != nil {
		return nil, err
	}
	aside, err := c.keep(o)
	if err != nil {
		return nil, err
	}
	dropped, err := c.dropped(o, aside, wanted != nil)
	if err != nil {
		return nil, err
	}
	if len(o.Labels) == 0 && o.Task != Unlabelled {
		c.labels = c.lastBut(slices.Concat(dropped, wanted))
	}
	if c.features = wanted; wanted == nil {
		c.features = c.rest(dropped)
	} else {
		c.noteUnused(dropped)
	}
	switch {
	case len(c.features) == 0:
		return nil, fmt.Errorf("no column is left for features: %d in the file, %d for labels, %d dropped",
			count, len(c.labels), len(dropped))
	case len(c.labels) == 0 && o.Task != Unlabelled:
		return nil, fmt.Errorf("no column is left for labels: %s", c.list())
	}
	return c, nil
}

// nameAll takes the names of a header. As in pandas, a column without one is "Unnamed: " and its number from 0, and one
// whose name is taken has a point and the first free number from 1 behind it.
func (c *columns) nameAll(header []string) {
	taken := map[string]bool{}
	for i, name := range header {
		if name == "" {
			header[i] = fmt.Sprintf("Unnamed: %d", i)
		}
		taken[header[i]] = true
	}
	seen, next := map[string]bool{}, map[string]int{}
	for _, name := range header {
		free := name
		for seen[free] || free != name && taken[free] {
			next[name]++
			free = fmt.Sprintf("%s.%d", name, next[name])
		}
		if free != name {
			c.notes = append(c.notes, fmt.Sprintf("a second column %.40q is called %.40q", name, free))
		}
		seen[free] = true
		c.names = append(c.names, free)
	}
}

// wanted is the columns that have the names of the features wanted, in that order: nil unless all are there.
func (c *columns) wanted(o Options) []int {
	var found []int
	for _, name := range o.Features {
		i := slices.Index(c.names, name)
		if i < 0 {
			return nil
		}
		found = append(found, i)
	}
	return found
}

func (c *columns) chooseLabels(o Options, features []int) error {
	for _, name := range o.Labels {
		i, err := c.find(name)
		switch {
		case err != nil:
			return err
		case slices.Contains(c.labels, i):
			return fmt.Errorf("%s is named twice as a label", c.title(i))
		case slices.Contains(features, i):
			return fmt.Errorf("%s is wanted both as a feature and as a label", c.title(i))
		}
		c.labels = append(c.labels, i)
	}
	return nil
}

// keep finds the columns to carry along, and returns those that are named, which are no features.
func (c *columns) keep(o Options) (aside []int, err error) {
	for _, name := range o.Keep {
		if name == "*" && len(o.Keep) == 1 {
			for i := range c.count {
				if !slices.Contains(c.blank, i) {
					c.kept = append(c.kept, i)
				}
			}
			return nil, nil
		}
		i, err := c.find(name)
		if err != nil {
			return nil, err
		}
		c.kept = append(c.kept, i)
	}
	return c.kept, nil
}

// dropped is the columns to leave out beside those put aside. Where the features are found by their names, columns to
// drop need not be there.
func (c *columns) dropped(o Options, aside []int, found bool) ([]int, error) {
	out := slices.Clone(aside)
	for _, name := range o.Drop {
		i, err := c.find(name)
		if err != nil && found {
			continue
		}
		if err != nil {
			return nil, err
		}
		if slices.Contains(c.labels, i) {
			return nil, fmt.Errorf("%s is both a label and dropped", c.title(i))
		}
		out = append(out, i)
	}
	c.blank = slices.DeleteFunc(c.blank, func(i int) bool {
		return slices.Contains(c.labels, i) || slices.Contains(out, i)
	})
	for _, i := range c.blank {
		c.notes = append(c.notes, fmt.Sprintf("column %d has neither name nor content: left out", i+1))
	}
	out = append(out, c.blank...)
	if !found && c.hasIndex() && !slices.Contains(c.labels, 0) && !slices.Contains(out, 0) {
		out = append(out, 0)
		c.notes = append(c.notes, "column 1 has no name and is taken for the index of pandas: left out")
	}
	return out, nil
}

// hasIndex says whether the first column is an index that pandas wrote without a name, or has read again.
func (c *columns) hasIndex() bool { return len(c.names) > 1 && c.names[0] == "Unnamed: 0" }

// lastBut is the last column that is none of these, where there is one.
func (c *columns) lastBut(others []int) []int {
	for i := c.count - 1; i >= 0; i-- {
		if !slices.Contains(others, i) {
			return []int{i}
		}
	}
	return nil
}

// rest is the columns that are neither labels nor dropped.
func (c *columns) rest(dropped []int) []int {
	var rest []int
	for i := range c.count {
		if !slices.Contains(c.labels, i) && !slices.Contains(dropped, i) {
			rest = append(rest, i)
		}
	}
	return rest
}

// noteUnused tells of columns that are neither wanted features nor labels.
func (c *columns) noteUnused(dropped []int) {
	var unused []string
	for _, i := range c.rest(dropped) {
		if !slices.Contains(c.features, i) {
			unused = append(unused, c.names[i])
		}
	}
	if len(unused) > 0 {
		c.notes = append(c.notes, "columns left out beside the features wanted: "+someOf(unused))
	}
}

// find is the column with this name or else this number. Where a name is a number, a number is a name alone.
func (c *columns) find(name string) (int, error) {
	if i := slices.Index(c.names, name); i >= 0 {
		return i, nil
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 1 && i <= c.count && !slices.ContainsFunc(c.names, isWhole) {
		return i - 1, nil
	}
	return 0, fmt.Errorf("there is no column %q; %s", name, c.list())
}

func isWhole(name string) bool {
	_, err := strconv.Atoi(name)
	return err == nil
}

// list is the columns there are, for a message.
func (c *columns) list() string {
	if c.names == nil {
		return fmt.Sprintf("the columns are 1 to %d and have no names", c.count)
	}
	return "the columns are " + someOf(c.names)
}

// someOf is the first of these names, in quotes, and how many more there are.
func someOf(names []string) string {
	const most = 20
	s := quoted(names[:min(len(names), most)])
	if more := len(names) - most; more > 0 {
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

// keptNames is the names of the columns that are carried along, or column1, column2, ... by their numbers without a
// header.
func (c *columns) keptNames() []string {
	names := make([]string, len(c.kept))
	for k, i := range c.kept {
		if names[k] = fmt.Sprintf("column%d", i+1); c.names != nil {
			names[k] = c.names[i]
		}
	}
	return names
}

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
