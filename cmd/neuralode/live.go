package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"neuralode/dataset"
	"neuralode/live"
	"neuralode/portrait"
	"neuralode/solver"
	"neuralode/solver/cpu"
	"neuralode/train"
)

// anyPort is where a page is without an address of its own.
const anyPort = "127.0.0.1:0"

func (a *app) liveCommand() *cobra.Command {
	address := anyPort
	c := &cobra.Command{
		Use:   "live RUN",
		Short: "Show a run on a page in the browser, while it is trained or after",
		Long: `Show a run on a page in the browser: loss, cost and the sizes of steps; of points of two features the learned
dynamics with data and the decision map; of series each feature over time as it was observed, held out and fitted, the
plane of two features with the field, and the horizon: how much of each series the training sees at once. All of it at
every kept moment of the training. The run may be finished or be trained by another process: its folder is read, not
locked and not changed. Ctrl-C ends it.

The page is in the program and loads nothing from elsewhere. It needs the whole address that is printed: what stands
behind # is its key. The server listens on this machine alone unless --listen names another of its addresses.`,
		Example: `  neuralode live runs/spiral-20260101-120000
  neuralode live runs/spiral-20260101-120000 --listen 127.0.0.1:8080`,
		Args: oneArgument("a run folder"),
		RunE: func(c *cobra.Command, args []string) error { return a.live(c.Context(), args[0], address) },
	}
	c.Flags().StringVar(&address, "listen", address,
		"`HOST:PORT`; port 0 takes a free one, no host is this machine alone")
	return c
}

func (a *app) live(ctx context.Context, dir, address string) error {
	page, err := a.listen(address)
	if err != nil {
		return err
	}
	defer page.Close()
	r, err := train.OpenRun(dir)
	if err != nil {
		return err
	}
	scene, err := a.sceneOf(r)
	if err != nil {
		return err
	}
	defer func() { _ = scene.Close() }()
	defer page.Close() // before what it shows
	feed := feedOf(r, scene)
	gateOf(ctx).close() // so that a signal lets the pages know
	page.Start(feed, live.Actions{})
	fmt.Fprintf(a.out, "live      %s\n", page.Address())
	live.Follow(ctx, r, feed)
	return nil
}

// listen takes the address of a page before any work.
func (a *app) listen(address string) (*live.Server, error) {
	if err := live.CheckAddress(address); err != nil {
		return nil, wrongUse(err)
	}
	page, err := live.Listen(address)
	if err == nil && !page.Loopback() {
		fmt.Fprintln(a.err, "note       the page can be reached from other machines: who knows its whole address "+
			"can see and stop the run")
	}
	return page, err
}

// stepSamples is how many samples have their steps counted.
const stepSamples = 8

// sceneOf is what a page shows of a run's model. Pictures are solved on one core, whatever trains.
func (a *app) sceneOf(r *train.Run) (*live.Scene, error) {
	spec, err := r.Config.Spec()
	if err != nil {
		return nil, err
	}
	scene := &live.Scene{Model: r.Model, Spec: portrait.Quick(spec)}
	backend, err := cpu.New(cpu.Options{Workers: 1})
	if err != nil {
		return nil, err
	}
	samples := r.Data
	switch {
	case r.Model.Series():
		err = a.showSeries(scene, r, backend)
	case r.Model.Planar():
		samples, err = showPlane(scene, r, backend)
	}
	if err != nil {
		return nil, err
	}
	if samples == nil && r.LoadData() == nil { // else there are no steps to count
		samples = r.Data
	}
	if samples != nil {
		scene.Solves = someSolves(r.Model, samples)
	}
	return scene, nil
}

// someSolves are those of some of the samples, picked evenly.
func someSolves(m *train.Model, samples *dataset.Dataset) solver.Batch {
	var some []int
	n := samples.Len()
	for k := range min(n, stepSamples) {
		some = append(some, k*n/min(n, stepSamples))
	}
	samples = samples.Select(some)
	if samples.Series != nil {
		return m.SeriesBatch(samples.Series)
	}
	return m.PointBatch(samples.X)
}

// showPlane lets a scene show points of two features, and returns them.
func showPlane(scene *live.Scene, r *train.Run, backend solver.Backend) (*dataset.Dataset, error) {
	samples, err := r.Shown()
	if err != nil {
		return nil, err
	}
	p, err := portrait.New(r.Model, samples, backend, scene.Spec)
	if err != nil {
		return nil, err
	}
	if scene.Portrait = p; p.Data.Colours() == nil { // too many classes for a picture
		scene.Portrait = nil
		err = p.Close()
	}
	return samples, err
}

// showSeries lets a scene show series, as far as their file is there.
func (a *app) showSeries(scene *live.Scene, r *train.Run, backend solver.Backend) error {
	if err := r.LoadData(); err != nil {
		fmt.Fprintf(a.err, "note       the series are not shown: %s\n", oneLine(err.Error()))
		return nil
	}
	p, err := r.Model.Compile(backend, scene.Spec)
	if err == nil {
		scene.Series, scene.Stages = portrait.NewSeries(r, p), r.Stages()
	}
	return err
}

func feedOf(r *train.Run, scene *live.Scene) *live.Feed {
	return live.NewFeed(filepath.Base(filepath.Clean(r.Dir)), facts(r.Config), r.Config.Iterations, scene)
}

// facts are the settings of a run, in the order of its config.json.
func facts(c train.Config) (list []live.Fact) {
	text, _ := json.Marshal(c) // cannot fail: Check lets only finite numbers pass
	d := json.NewDecoder(bytes.NewReader(text))
	_, _ = d.Token() // the brace
	for d.More() {
		name, _ := d.Token()
		var value json.RawMessage
		if d.Decode(&value) != nil {
			break
		}
		list = append(list, live.Fact{Name: strings.ReplaceAll(fmt.Sprint(name), "_", " "),
			Value: strings.Trim(string(value), `"`)})
	}
	return list
}

// page is that of a training in this process; nil where none is wanted.
type page struct {
	server *live.Server
	scene  *live.Scene
	feed   *live.Feed
	run    *train.Run
	app    *app
	ended  bool // that a training was shown to its end
}

// openPage takes the address before any work.
func (a *app) openPage(address string) (*page, error) {
	if address == "" {
		return nil, nil
	}
	server, err := a.listen(address)
	return &page{server: server, app: a}, err
}

// show begins to show a run. The context that it returns ends when the page's button says stop.
func (p *page) show(ctx context.Context, r *train.Run) (context.Context, error) {
	if p == nil {
		return ctx, nil
	}
	scene, err := p.app.sceneOf(r)
	if err != nil {
		return ctx, err
	}
	p.scene = scene
	feed := feedOf(r, scene)
	if err := live.Recall(r, feed); err != nil {
		return ctx, err
	}
	ctx, stop := context.WithCancel(ctx)
	p.server.Start(feed, live.Actions{Checkpoint: r.Checkpoint, Stop: stop})
	p.run, p.feed = r, feed
	fmt.Fprintf(p.app.err, "live       %s\n", p.server.Address())
	return ctx, nil
}

// observe is told of each iteration.
func (p *page) observe(e train.Event) {
	if p != nil {
		p.feed.Observe(e)
	}
}

// end tells the page how the training ended.
func (p *page) end(err error) {
	if p == nil {
		return
	}
	_ = live.Remember(p.run, p.feed) // what it has is shown
	p.feed.End(ending(p.run, err))
	p.ended = true
}

// close ends the page. Who has a terminal keeps it after the training, see stay; what kept the training from beginning
// is said at once.
func (p *page) close(ctx context.Context) {
	if p == nil {
		return
	}
	if terminal(p.app.err) != nil && p.ended {
		p.stay(ctx)
	}
	p.server.Close()
	if p.scene != nil {
		_ = p.scene.Close() // nothing is lost
	}
}

// How often to see whether somebody looks at a page, and how long nobody does before it is taken for closed: a page
// that is loaded again is away for a moment.
const (
	lookEvery = 200 * time.Millisecond
	closedFor = 5 * time.Second
)

// stay waits for Ctrl-C, or for the page to be opened and closed: a short training is over before somebody has opened
// it.
func (p *page) stay(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	fmt.Fprintln(p.app.err, "live       the page stays until it is closed, or Ctrl-C")
	var seen time.Time
	for ctx.Err() == nil && (seen.IsZero() || time.Since(seen) < closedFor) {
		if p.feed.Watchers() > 0 {
			seen = time.Now()
		}
		time.Sleep(lookEvery)
	}
}

// ending is what has become of a training.
func ending(r *train.Run, err error) (live.Phase, string) {
	switch {
	case err == nil && r.StoppedEarly():
		return live.Done, "It ended early: the held-out samples got no better."
	case err == nil:
		return live.Done, ""
	case errors.Is(err, context.Canceled):
		return live.Stopped, oneLine(stoppedAfter(r)) + "."
	}
	return live.Failed, oneLine(err.Error())
}
