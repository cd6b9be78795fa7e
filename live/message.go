package live

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// place is how far a page has read.
type place struct {
	instance string
	epoch    int // of the curves
	points   int // of them
	picture  int // its iteration, −1: none
	version  int // of all
}

// String is the id of a message; a browser gives it back when it connects again.
func (p place) String() string {
	return fmt.Sprintf("%s %d %d %d", p.instance, p.epoch, p.points, p.picture)
}

// placeOf reads such an id. What is none is a place in no feed.
func placeOf(id string) (p place) {
	if n, _ := fmt.Sscanf(id, "%s %d %d %d", &p.instance, &p.epoch, &p.points, &p.picture); n != 4 {
		return place{}
	}
	return p
}

// How often a page is told what is new: soon, but of a long training no more often than its curves can be seen to move,
// because a browser on the same machine draws them with what the training could use.
const (
	soonest   = 500 * time.Millisecond
	latest    = 3 * time.Second
	paceShare = 16 // of the time that the training has taken
)

// pace is how long a page waits for the next message.
func (f *Feed) pace() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.phase != Training {
		return soonest
	}
	return min(max(f.last.Elapsed/paceShare, soonest), latest)
}

// message is what a page is told: all about the run, or what is new.
type message struct {
	About     *about         `json:"about,omitempty"` // where the page does not know it
	Anew      bool           `json:"anew"`            // the points are all there are
	Curves    map[string]any `json:"curves"`
	Status    status         `json:"status"`
	Snapshots []int          `json:"snapshots"` // the iterations of them
}

type status struct {
	Phase            Phase  `json:"phase"`
	Note             string `json:"note"`
	Iteration        int    `json:"iteration"`
	Total            int    `json:"total"`
	Loss             number `json:"loss"`
	Validation       number `json:"validation"`
	Accuracy         number `json:"accuracy"`
	R2               number `json:"r2"`
	NFE              number `json:"nfe"`
	SamplesPerSecond number `json:"samplesPerSecond"`
	PerSecond        number `json:"perSecond"` // iterations
	Elapsed          number `json:"elapsed"`   // seconds
	Left             number `json:"left"`      // seconds, at the mean speed so far
	Kept             int    `json:"kept"`      // the iteration of the last checkpoint
}

// since is what is new to a page that has read up to some place, as server-sent events, and the place behind; nothing
// where nothing is.
func (f *Feed) since(p place) (events string, next place, err error) {
	m, picture, next := f.news(p)
	if m == nil {
		return "", p, nil
	}
	var text strings.Builder
	state, err := json.Marshal(m)
	if err != nil {
		return "", p, err
	}
	if picture != nil { // before the id that says that it has been read
		fmt.Fprintf(&text, "event: picture\ndata: %s\n\n", picture)
	}
	fmt.Fprintf(&text, "id: %s\ndata: %s\n\n", next, state)
	return text.String(), next, nil
}

// news is what since tells.
func (f *Feed) news(p place) (m *message, picture []byte, next place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := p.instance == f.about.Instance
	if known && p.version == f.version {
		return nil, nil, p
	}
	m = &message{Status: f.status()}
	if !known {
		m.About, p.picture = &f.about, -1
	}
	from := p.points
	if m.Anew = !known || p.epoch != f.curves.epoch || from > f.curves.len() || from < 0; m.Anew {
		from = 0
	}
	m.Curves = byName(f.curves.from(from))
	for _, s := range f.snapshots {
		m.Snapshots = append(m.Snapshots, s.Iteration)
	}
	if f.painted != p.picture {
		picture = f.pictures[f.painted]
	}
	return m, picture, place{f.about.Instance, f.curves.epoch, f.curves.len(), f.painted, f.version}
}

func byName(c [columnCount]numbers) map[string]any {
	return map[string]any{"iteration": c[iterationColumn], "loss": c[lossColumn], "validation": c[validationColumn],
		"nfe": c[nfeMeanColumn], "nfeMax": c[nfeMaxColumn]}
}

func (f *Feed) status() status {
	perSecond, left := f.speed()
	p := f.last
	return status{Phase: f.phase, Note: f.note, Iteration: p.Iteration, Total: f.total, Loss: number(p.Loss),
		Validation: number(p.Validation), Accuracy: number(p.Accuracy), R2: number(p.R2), NFE: number(p.NFEMean),
		SamplesPerSecond: number(p.SamplesPerSecond), PerSecond: number(perSecond),
		Elapsed: number(p.Elapsed.Seconds()), Left: number(left.Seconds()), Kept: f.kept}
}
