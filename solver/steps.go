package solver

// Steps are the states of a solution's samples at their start and after each accepted step: of sample i those from
// Offsets[i] up to Offsets[i+1], one more than its steps; none where the solve was cancelled before. Where a step ends in a
// jump or an event they are those before it.
type Steps struct {
	Offsets []int     // [samples + 1]
	T       []float64 // times
	Z       []float64 // [times, dim]
}

// Of are the times and states of sample i, in the memory of all.
func (s *Steps) Of(i int) (t, z []float64) {
	from, to := s.Offsets[i], s.Offsets[i+1]
	dim := len(s.Z) / max(1, len(s.T))
	return s.T[from:to], s.Z[from*dim : to*dim]
}

// Track is what a sample's steps are gathered in, for backends.
type Track struct{ T, Z []float64 }

// Begin forgets what there was.
func (k *Track) Begin() { k.T, k.Z = k.T[:0], k.Z[:0] }

// JoinTracks are the steps of samples.
func JoinTracks(tracks []Track) *Steps {
	s := &Steps{Offsets: []int{0}}
	for _, k := range tracks {
		s.T, s.Z = append(s.T, k.T...), append(s.Z, k.Z...)
		s.Offsets = append(s.Offsets, len(s.T))
	}
	return s
}
