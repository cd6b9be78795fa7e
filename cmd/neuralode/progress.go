package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"neuralode/train"
)

// progress shows a training: a bar on a terminal, a line now and then elsewhere.
type progress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar
	last  time.Time // of the line or the bar's text before
	rate  float64   // samples per second, smoothed
	total int
}

func newProgress(w io.Writer, done, total int) *progress {
	p := &progress{w: w, total: total}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return p
	}
	p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("it"), progressbar.OptionFullWidth(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true),
		progressbar.OptionUseANSICodes(true))
	if done > 0 {
		_ = p.bar.Set(done)
	}
	return p
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
	now := time.Now()
	if p.bar != nil {
		if now.Sub(p.last) > 200*time.Millisecond {
			p.last = now
			p.bar.Describe(fmt.Sprintf("loss %.4f  NFE %.0f (max %d)  %.0f samples/s", e.Work.Loss, e.Work.NFEMean, e.Work.NFEMax, p.rate))
		}
		_ = p.bar.Set(e.Iteration)
		return
	}
	twentieth := max(1, p.total/20)
	if e.Iteration == 1 || e.Iteration == p.total || e.Iteration%twentieth == 0 || now.Sub(p.last) > linesEvery {
		p.last = now
		fmt.Fprintf(p.w, "iteration %d/%d  loss %.4f  NFE %.1f (max %d)  rejected %d  %.0f samples/s\n", e.Iteration, e.Total,
			e.Work.Loss, e.Work.NFEMean, e.Work.NFEMax, e.Work.Rejected, p.rate)
	}
}

func (p *progress) finish() {
	if p.bar != nil {
		fmt.Fprintln(p.w)
	}
}
