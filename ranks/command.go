package ranks

// Kind is what rank 0 says to the others between iterations.
type Kind byte

const (
	Greet Kind = iota + 1 // what is trained, to be compared; the others answer with [Group.Answer]
	Open                  // a session
	Run                   // iterations, which [Follow] does
	End                   // nothing follows
)

// Tell says to the others what is to be done. Rank 0 alone calls it.
func (g *Group) Tell(k Kind, content []byte) error {
	_, err := g.tell(append([]byte{byte(k)}, content...))
	return err
}

// Hear is what rank 0 says next.
func (g *Group) Hear() (Kind, []byte, error) {
	data, err := g.tell(nil)
	if err != nil {
		return End, nil, err
	}
	return Kind(data[0]), data[1:], nil
}

// End says that nothing follows, once. Rank 0 alone calls it, however its work ended.
func (g *Group) End() error {
	if g == nil || g.ended {
		return nil
	}
	g.ended = true
	return g.Tell(End, nil)
}

// Answer tells rank 0 what speaks against what it said: "" is nothing.
func (g *Group) Answer(objection string) error { return g.Send(0, []byte(objection)) }

// Answers are those of the ranks from 1 on, for rank 0.
func (g *Group) Answers() (objections []string, err error) {
	for rank := 1; rank < g.Size(); rank++ {
		said, err := g.Receive(rank)
		if err != nil {
			return nil, err
		}
		objections = append(objections, string(said))
	}
	return objections, nil
}
