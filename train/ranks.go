package train

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"neuralode/ranks"
	"neuralode/solver"
)

// Ranks are the processes that train a run together, as this one sees them; the zero value is one process alone. Rank
// 0 has the run: it alone reads and writes its folder and says what is done. The others [Ranks.Follow]. What a run
// writes does not tell in how many ranks it was trained, and it goes on in any number of them.
type Ranks struct{ Group *ranks.Group }

// many reports whether there are others than this process.
func (k Ranks) many() bool { return k.Group != nil && k.Group.Size() > 1 }

// greeting is what rank 0 says of a training before it begins, to be compared.
type greeting struct {
	Program    string
	Arithmetic string
	DataSHA256 string
	Config     Config
}

// NewRun is [NewRun] of a run that is trained in ranks. Before anything is written all others have agreed; the error
// names a rank that does not, and says why.
func (k Ranks) NewRun(dir string, c Config, backend solver.Backend, p Program) (*Run, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if HoldsRun(dir) { // said before a large file is read
		return nil, fmt.Errorf("train: %s %w", dir, ErrHoldsRun)
	}
	return k.newRun(c, backend, p, func() (*folder, error) { return newFolder(dir, false) })
}

// NewNamedRun is [NewNamedRun] in the same way.
func (k Ranks) NewNamedRun(name string, c Config, backend solver.Backend, p Program) (*Run, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return k.newRun(c, backend, p, func() (*folder, error) { return firstFree(name) })
}

func (k Ranks) newRun(c Config, backend solver.Backend, p Program, take func() (*folder, error)) (*Run, error) {
	return newRun(c, backend, p.Version, func(r *Run) (*folder, error) {
		if err := k.Lead(r, backend, p); err != nil {
			return nil, err
		}
		return take()
	})
}

// Program is what is run, the same in all ranks.
type Program struct {
	Version string // as the run's configuration has it
	Build   string // more of it, which tells programs of one version apart; may be ""
}

func (p Program) String() string {
	if p.Build == "" {
		return p.Version
	}
	return p.Version + ", " + p.Build
}

// Lead lets a run, such as one that goes on, be trained in ranks, once the others have agreed. It must be called before
// Train.
func (k Ranks) Lead(r *Run, backend solver.Backend, p Program) error {
	if !k.many() {
		return nil
	}
	if r.Config.everLearnsStarts() {
		return fmt.Errorf("train: horizon %s and start %s learn starts, which a training in ranks cannot: %w",
			r.Config.Horizon, r.Config.Start, errors.ErrUnsupported)
	}
	content, err := json.Marshal(greeting{p.String(), backend.Arithmetic(), r.dataHash, r.Config})
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := k.tell(ranks.Greet, content); err != nil {
		return err
	}
	r.ranks = k
	return nil
}

// tell says something to the others and waits for their consent.
func (k Ranks) tell(kind ranks.Kind, content []byte) error {
	if err := k.Group.Tell(kind, content); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	objections, err := k.Group.Answers()
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for i, text := range objections {
		if text != "" {
			return fmt.Errorf("train: rank %d %s", i+1, text)
		}
	}
	return nil
}

// opening is what the others need to open their sessions, beside the run.
type opening struct {
	Sight Sight // see Run.view
	State solver.OptimizerState
}

// lead is a session whose iterations are done by all ranks.
func (k Ranks) lead(s solver.Session, c solver.Control, o opening) (solver.Session, error) {
	if !k.many() {
		return s, nil
	}
	var content bytes.Buffer
	err := gob.NewEncoder(&content).Encode(o)
	if err == nil {
		err = k.tell(ranks.Open, content.Bytes())
	}
	return k.Group.Lead(s, c), err
}

// Peer is what another rank than the first knows of the training.
type Peer struct {
	Config *Config // its own, of a new run; nil of a run that goes on, whose is rank 0's
	Wrong  error   // in place of a configuration: what is wrong with it
	Data   string  // where this rank has the data file of a run that goes on; "": where rank 0 has it
	Open   func(solver.Spec) (solver.Backend, error)
	Program
}

// following is another rank at work.
type following struct {
	Peer
	group   *ranks.Group
	run     *Run
	session solver.Session // nil before the first
}

// Follow does what rank 0 says, until it says that nothing follows. It writes nothing. Its errors are those that rank 0
// could not be told.
func (k Ranks) Follow(p Peer) error {
	w := &following{Peer: p, group: k.Group}
	defer w.close()
	var failed error
	for {
		kind, content, err := k.Group.Hear()
		if err != nil {
			return err
		}
		switch kind {
		case ranks.Greet:
			err = k.Group.Answer(objectionOf(w.meet(content)))
		case ranks.Open:
			err = k.Group.Answer(objectionOf(errors.Join(failed, w.open(content))))
		case ranks.Run:
			failed = errors.Join(failed, k.Group.Follow(w.session, w.control(), content))
		case ranks.End:
			return failed
		}
		if err != nil {
			return err
		}
	}
}

// objectionOf is what an error says behind the name of a rank.
func objectionOf(err error) string {
	var o objection
	switch {
	case err == nil:
		return ""
	case errors.As(err, &o):
		return string(o)
	}
	return "fails: " + strings.ReplaceAll(err.Error(), "\n", "; ")
}

// objection says how a rank differs from rank 0.
type objection string

func (o objection) Error() string { return string(o) }

// meet compares what rank 0 says of the training with what this rank has, and prepares it.
func (w *following) meet(content []byte) error {
	var said greeting
	if err := json.Unmarshal(content, &said); err != nil {
		return fmt.Errorf("rank 0 is another program: %w", err)
	}
	switch {
	case said.Program != w.Program.String():
		return objection(fmt.Sprintf("runs version %s, rank 0 %s", w.Program, said.Program))
	case w.Wrong != nil:
		return w.Wrong
	case w.Config == nil:
		w.Config = &said.Config
	}
	if w.Data != "" {
		w.Config.Data = w.Data
	}
	r, err := prepare(*w.Config)
	if err != nil {
		return err
	}
	if err := r.sameAs(said); err != nil {
		return err
	}
	w.run = r
	backend, err := w.Open(r.recipe.spec)
	if err != nil {
		return err
	}
	if now := backend.Arithmetic(); now != said.Arithmetic {
		return objection(fmt.Sprintf("computes by %s, rank 0 by %s: their bits differ", now, said.Arithmetic))
	}
	return r.accepted(backend)
}

// sameAs reports data and configuration that are not rank 0's.
func (r *Run) sameAs(said greeting) error {
	if r.Config.made() == said.Config.made() && r.dataHash != said.DataSHA256 {
		return objection(fmt.Sprintf("has other data in %s than rank 0 in %s", r.Config.Data, said.Config.Data))
	}
	elsewhere := func(key string, then Config) bool { return key == "data" && !r.Config.made() && !then.made() }
	differences, err := r.Config.differencesBut(said.Config.text(), elsewhere)
	if err != nil {
		return err
	}
	if len(differences) > 0 {
		return objection("has " + strings.Join(differences, ", ") + ", as rank 0 has")
	}
	return nil
}

// open opens a session.
func (w *following) open(content []byte) error {
	var o opening
	if err := gob.NewDecoder(bytes.NewReader(content)).Decode(&o); err != nil {
		return err
	}
	opt, err := w.run.optimizer()
	if err != nil {
		return err
	}
	if w.session != nil {
		if err := w.session.Close(); err != nil {
			return err
		}
	}
	w.session, err = w.run.compiled.ode.TrainFrom(w.run.view(o.Sight).data, opt, o.State)
	return err
}

func (w *following) control() solver.Control { return w.run.recipe.spec.Controller.Control }

// close frees what the rank has opened.
func (w *following) close() {
	if w.session != nil {
		_ = w.session.Close()
	}
	if w.run != nil {
		w.run.Close()
	}
}
