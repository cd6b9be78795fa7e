package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Signals are known functions of time u(t), such as a force that was measured, in recordings of one or more of them
// at the same knots. Recording r has the knots Offsets[r] to Offsets[r+1]. It is plain data: safe to read from several
// goroutines.
type Signals struct {
	Names   []string
	Times   []float64 // of the knots, finite, rising within a recording
	Values  []float64 // [knots, len(Names)], finite, or NaN where one is not known
	Offsets []int     // [recordings+1], from 0
}

// Len is the number of recordings.
func (u *Signals) Len() int { return max(len(u.Offsets)-1, 0) }

// recordingOf is the number of series i's.
func (s *Series) recordingOf(i int) int {
	if s.Recording != nil {
		return s.Recording[i]
	}
	return i
}

// KnotsOf are the times of the knots of series i; none without signals.
func (s *Series) KnotsOf(i int) []float64 {
	if s.Signals == nil {
		return nil
	}
	r := s.recordingOf(i)
	return s.Signals.Times[s.Signals.Offsets[r]:s.Signals.Offsets[r+1]]
}

// SignalNames are the names of the signals; none without signals.
func (s *Series) SignalNames() []string {
	if s.Signals == nil {
		return nil
	}
	return s.Signals.Names
}

// SignalsOf are the recordings of the series alone, and the number of each series' own; nil without signals. Where they
// are all that there are in the order of the series they are shared with s.
func (s *Series) SignalsOf() (u *Signals, of []int) {
	for i := range s.Len() {
		of = append(of, i)
	}
	if s.Signals == nil || s.Recording == nil || s.Signals.Len() == s.Len() && slices.Equal(s.Recording, of) {
		return s.Signals, of
	}
	of = of[:0]
	u, place := &Signals{Names: s.Signals.Names, Offsets: []int{0}}, map[int]int{}
	for i := range s.Len() {
		r := s.recordingOf(i)
		if _, ok := place[r]; !ok {
			place[r] = u.Len()
			u.take(s.Signals, r)
		}
		of = append(of, place[r])
	}
	return u, of
}

// take appends a recording of another.
func (u *Signals) take(from *Signals, recording int) {
	w, first, end := len(u.Names), from.Offsets[recording], from.Offsets[recording+1]
	u.Times = append(u.Times, from.Times[first:end]...)
	u.Values = append(u.Values, from.Values[first*w:end*w]...)
	u.Offsets = append(u.Offsets, len(u.Times))
}

// checkSignals reports the first fault of the signals, and series without a recording.
func (s *Series) checkSignals() error {
	u := s.Signals
	if u == nil {
		if s.Recording != nil {
			return errors.New("dataset: series have recordings, but there are no signals")
		}
		return nil
	}
	if w := len(u.Names); w == 0 || len(u.Values) != w*len(u.Times) {
		return fmt.Errorf("dataset: signals have %d values, want %d knots of %d names", len(u.Values), len(u.Times), w)
	}
	if name := repeated(u.Names); name != nil {
		return fmt.Errorf("dataset: signal %q is there twice", *name)
	}
	for r, at := range u.Offsets {
		if r == 0 && at != 0 || r > 0 && at <= u.Offsets[r-1] || r == u.Len() && at != len(u.Times) {
			return fmt.Errorf("dataset: offset %d of the signals is %d, want offsets that rise from 0 to %d", r, at,
				len(u.Times))
		}
	}
	if s.Recording == nil && u.Len() != s.Len() || s.Recording != nil && len(s.Recording) != s.Len() {
		return fmt.Errorf("dataset: %d series have %d recordings of signals, want one for each, or its number", s.Len(),
			u.Len())
	}
	for i, r := range s.Recording {
		if r < 0 || r >= u.Len() {
			return fmt.Errorf("dataset: series %q has recording %d, want 0 to %d", s.IDs[i], r, u.Len()-1)
		}
	}
	return u.checkKnots()
}

// checkKnots reports the first knot that is none.
func (u *Signals) checkKnots() error {
	if err := finite("time of a signal", u.Times); err != nil {
		return err
	}
	for r := range u.Len() {
		for k := u.Offsets[r] + 1; k < u.Offsets[r+1]; k++ {
			if u.Times[k] <= u.Times[k-1] {
				return fmt.Errorf("dataset: recording %d: knot %v follows %v, want times that rise", r, u.Times[k],
					u.Times[k-1])
			}
		}
	}
	if k := slices.IndexFunc(u.Values, func(v float64) bool { return math.IsInf(v, 0) }); k >= 0 {
		return fmt.Errorf("dataset: signal %q is %v at %v, want finite numbers", u.Names[k%len(u.Names)], u.Values[k],
			u.Times[k/len(u.Names)])
	}
	return nil
}

// known are the first and the last knot of a recording at which a signal is known; false where that is at none.
func (u *Signals) known(recording, signal int) (first, last int, ok bool) {
	at := func(k int) bool { return !math.IsNaN(u.Values[k*len(u.Names)+signal]) }
	first, last = u.Offsets[recording], u.Offsets[recording+1]-1
	for first <= last && !at(first) {
		first++
	}
	for last > first && !at(last) {
		last--
	}
	return first, last, first <= last
}

// CheckSignals reports the first series of which a signal is not known at all or, unless they are held, for all of its
// rows.
func (s *Series) CheckSignals(hold bool) error {
	for i, id := range s.IDs {
		for j, name := range s.SignalNames() {
			first, last, ok := s.Signals.known(s.recordingOf(i), j)
			if !ok {
				return fmt.Errorf("dataset: series %q: the input %q is never known", id, name)
			}
			times := s.TimesOf(i)
			from, to := s.Signals.Times[first], s.Signals.Times[last]
			if !hold && (times[0] < from || times[len(times)-1] > to) {
				return fmt.Errorf("dataset: series %q goes from %s %v to %v, the input %q is known from %v to %v: "+
					"give it for all of that; hold-inputs keeps what it is at its ends", id, s.TimeName, times[0],
					times[len(times)-1], name, from, to)
			}
		}
	}
	return nil
}

// WithSignals is the series with knots of others of the same ids and signals added to theirs, in place of those at the
// same times: what is known of the future. Ids that s has not are an error, as are other names.
func (s *Series) WithSignals(of *Series) (*Series, error) {
	if !slices.Equal(of.SignalNames(), s.SignalNames()) {
		return nil, fmt.Errorf("dataset: the inputs %q, want %q", of.SignalNames(), s.SignalNames())
	}
	added := map[string]int{}
	for i, id := range of.IDs {
		if !slices.Contains(s.IDs, id) {
			return nil, fmt.Errorf("dataset: inputs of series %q, which is not among those to be continued", id)
		}
		added[id] = i
	}
	out := *s
	out.Signals, out.Recording = &Signals{Names: s.Signals.Names, Offsets: []int{0}}, nil
	for i, id := range s.IDs {
		if k, ok := added[id]; ok {
			out.Signals.merge(s.Signals, s.recordingOf(i), of.Signals, of.recordingOf(k))
		} else {
			out.Signals.take(s.Signals, s.recordingOf(i))
		}
	}
	return &out, nil
}

// merge appends a recording with the knots of both; where both have one, that of the second counts, but for what it
// does not know.
func (u *Signals) merge(a *Signals, of int, b *Signals, with int) {
	w := len(u.Names)
	i, iEnd, k, kEnd := a.Offsets[of], a.Offsets[of+1], b.Offsets[with], b.Offsets[with+1]
	for i < iEnd || k < kEnd {
		switch {
		case k == kEnd || i < iEnd && a.Times[i] < b.Times[k]:
			u.Times, u.Values = append(u.Times, a.Times[i]), append(u.Values, a.Values[i*w:(i+1)*w]...)
			i++
		default:
			u.Times, u.Values = append(u.Times, b.Times[k]), append(u.Values, b.Values[k*w:(k+1)*w]...)
			if i < iEnd && a.Times[i] == b.Times[k] {
				for j, v := range u.Values[len(u.Values)-w:] {
					if math.IsNaN(v) {
						u.Values[len(u.Values)-w+j] = a.Values[i*w+j]
					}
				}
				i++
			}
			k++
		}
	}
	u.Offsets = append(u.Offsets, len(u.Times))
}

// StandardiseSignals is the Scale that gives each signal mean 0 and deviation 1 over the knots at which it is known.
func (s *Series) StandardiseSignals() Scale {
	u, _ := s.SignalsOf()
	if u == nil {
		return Scale{}
	}
	w := len(u.Names)
	scale := Scale{Mean: make([]float64, w), Std: make([]float64, w)}
	for j := range w {
		known := slices.DeleteFunc(column(u.Values, w, j, nil), math.IsNaN)
		scale.Mean[j], scale.Std[j] = moments(known)
	}
	return scale
}
