package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"neuralode/train"
)

// progress shows a training: a bar on a terminal, a line now and then elsewhere.
type progress struct {
	w           io.Writer
	bar         *progressbar.ProgressBar
	columns     func() int // of the terminal, now
	start, last time.Time  // of the training; of the line or the bar's text before
	first       int        // iterations that were done before
	total       int
	rate        float64 // samples per second, smoothed
	held        string  // the last scores of rows held out
}

// narrowest is the terminal that has room for a bar.
const narrowest = 60

func newProgress(w io.Writer, done, total int) *progress {
	p := &progress{w: w, first: done, total: total, start: time.Now()}
	f := terminal(w)
	if f == nil {
		return p
	}
	p.columns = func() int {
		columns, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return narrowest
		}
		return columns
	}
	if p.columns() < narrowest {
		return p
	}
	// Rate and time left are of this process, so the text has them: the bar's own count what a resumed run had done.
	p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(f), progressbar.OptionSetWidth(10),
		progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionUseANSICodes(true))
	if done > 0 {
		_ = p.bar.Set(done)
	}
	return p
}

// terminal is the terminal behind w that can move its cursor, or nil.
func terminal(w io.Writer) *os.File {
	if o, ok := w.(*output); ok {
		w = o.w
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return f
}

// linesEvery is how often a training that is not watched says where it is.
const linesEvery = 5 * time.Second

// rateDecay is the weight of the past in the smoothed rate.
const rateDecay = 0.95

func (p *progress) observe(e train.Event) {
	if p.rate == 0 {
		p.rate = e.SamplesPerSecond
	}
	p.rate = rateDecay*p.rate + (1-rateDecay)*e.SamplesPerSecond
	if e.Validation != nil {
		p.held = "held out: " + scoreText(*e.Validation)
	}
	now := time.Now()
	if p.bar != nil {
		if now.Sub(p.last) > 200*time.Millisecond || e.Iteration == e.Total {
			p.last = now
			p.bar.Describe(p.text(e, now))
		}
		_ = p.bar.Set(e.Iteration)
		return
	}
	twentieth := max(1, p.total/20)
	if e.Iteration == 1 || e.Iteration == p.total || e.Iteration%twentieth == 0 || now.Sub(p.last) > linesEvery {
		p.last = now
		fmt.Fprintf(p.w, "iteration %d/%d  loss %.4f  NFE %.1f (max %d)  rejected %d  %.0f samples/s%s\n", e.Iteration,
			e.Total, e.Work.Loss, e.Work.NFEMean, e.Work.NFEMax, e.Work.Rejected, p.rate, spaced(p.held))
	}
}

// barColumns is what the bar itself takes: " 100% |██████████| " and the cursor.
const barColumns = 20

// text is what stands before the bar: the most important parts, as many as the terminal has room for.
func (p *progress) text(e train.Event, now time.Time) string {
	perSecond := float64(e.Iteration-p.first) / now.Sub(p.start).Seconds()
	left := time.Duration(float64(e.Total-e.Iteration) / perSecond * float64(time.Second)).Round(time.Second)
	parts := []string{fmt.Sprintf("%d/%d", e.Iteration, e.Total), fmt.Sprintf("loss %.4f", e.Work.Loss),
		fmt.Sprintf("%v left", left), fmt.Sprintf("%.0f it/s", perSecond),
		fmt.Sprintf("NFE %.0f (max %d)", e.Work.NFEMean, e.Work.NFEMax), fmt.Sprintf("%.0f samples/s", p.rate)}
	if p.held != "" {
		parts = slices.Insert(parts, 2, p.held)
	}
	text, room := parts[0], p.columns()-barColumns
	for _, part := range parts[1:] {
		if len(text)+2+len(part) > room {
			break
		}
		text += "  " + part
	}
	return text
}

// spaced is a part of a line that may be missing.
func spaced(part string) string {
	if part == "" {
		return ""
	}
	return "  " + part
}

func (p *progress) finish() {
	if p.bar != nil {
		fmt.Fprintln(p.w)
	}
}
