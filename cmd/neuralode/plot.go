package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/atomicfile"
	"neuralode/figure"
	"neuralode/portrait"
	"neuralode/solver"
	"neuralode/train"
)

func (a *app) plotCommand() *cobra.Command {
	device := "auto"
	var animated []string
	c := &cobra.Command{
		Use:   "plot RUN",
		Short: "Draw a run's figures again, or animations of it",
		Long: `Draw a run's figures again into its folder: loss; for points of two features dynamics and decision map; for
series each feature over time, what is predicted of it over what was observed and, of two features, the plane of both.

--animate draws animations of points of two features or of series instead, each into the file that is named: one whose
name begins with training shows the dynamics, or the fit of the series, at each kept moment of the training, one whose
name begins with flow the points carried by the flow from t0 to t1.`,
		Example: `  neuralode plot runs/spiral-20260101-120000
  neuralode plot runs/spiral-20260101-120000 --animate flow.gif
  neuralode plot runs/spiral-20260101-120000 --animate flow.gif,training.gif
  neuralode plot runs/animals-20260101-120000 --animate training.gif`,
		Args: oneArgument("a run folder"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkAnimations(animated); err != nil {
				return err
			}
			r, err := train.OpenRun(args[0])
			if err != nil {
				return err
			}
			spec, err := r.Config.Spec()
			if err != nil {
				return err
			}
			backend, err := a.open(device, portrait.Fine(spec))
			if err != nil {
				return err
			}
			a.announce()
			if len(animated) > 0 {
				return a.animate(c.Context(), r, backend, animated)
			}
			_, err = a.draw(c.Context(), r, backend)
			return err
		},
	}
	c.Flags().StringSliceVar(&animated, "animate", nil, "draw animations: `files` flow*.gif and training*.gif")
	c.Flags().StringVar(&device, "device", "auto", oneOf(neuralode.Devices))
	return c
}

// drawing writes the figures of a run into its folder.
type drawing struct {
	app   *app
	run   *train.Run
	names []string // of those that are written
}

// draw writes the figures of a run into its folder and returns their names. One that cannot show what it shall does not
// keep the others from being written, and the error names each. One that cannot be written does: the others would fail
// for the same reason.
func (a *app) draw(ctx context.Context, r *train.Run, backend solver.Backend) (names []string, err error) {
	d := &drawing{app: a, run: r}
	if err = d.loss(ctx); !isOfFile(err) {
		beside := d.plane
		if r.Model.Series() {
			beside = d.series
		}
		err = errors.Join(err, beside(ctx, backend))
	}
	return d.names, err
}

// series writes the figures of a run of series: series-1.png, parity-1.png and so on for its features, and for two
// plane.png.
func (d *drawing) series(ctx context.Context, backend solver.Backend) error {
	r := d.run
	if err := r.LoadData(); err != nil {
		return err
	}
	p, err := r.Predictor(backend)
	if err != nil {
		return err
	}
	s := portrait.NewSeries(r, p)
	fits, err := s.Fits(ctx)
	if err != nil {
		return err
	}
	for _, v := range s.Views() {
		err = errors.Join(err, d.write(ctx, v.Name, func() (*figure.Figure, error) { return fits.Figure(v) }))
		if isOfFile(err) {
			return err
		}
	}
	return errors.Join(err, d.parity(ctx, p))
}

// parity writes what is predicted over what was observed.
func (d *drawing) parity(ctx context.Context, p *train.Predictor) error {
	w, err := portrait.NewParity(ctx, d.run, p)
	if err != nil {
		return fmt.Errorf("parity: %w", err)
	}
	for j := range min(portrait.MaxFeatures, d.run.Model.Features()) {
		name := fmt.Sprintf("parity-%d", j+1)
		err = errors.Join(err, d.write(ctx, name, func() (*figure.Figure, error) { return w.Of(j) }))
		if isOfFile(err) {
			return err
		}
	}
	return err
}

// isOfFile reports whether a file could not be read or written.
func isOfFile(err error) bool {
	var file *fs.PathError
	return errors.As(err, &file)
}

func (d *drawing) loss(ctx context.Context) error {
	r := d.run
	training, held, err := r.BothLosses()
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(training.Values) == 0 {
		fmt.Fprintf(d.app.err, "loss is drawn when there are iterations\n")
		return nil
	}
	if err != nil {
		return err
	}
	beside := figure.Held{Iterations: held.Iterations, Loss: held.Values, Baseline: r.BaselineLoss()}
	return d.write(ctx, "loss", func() (*figure.Figure, error) {
		return figure.LossWithHeld(training.Iterations, training.Values, beside)
	})
}

// plane writes the figures that show two features.
func (d *drawing) plane(ctx context.Context, backend solver.Backend) error {
	if n := d.run.Model.Features(); n != 2 {
		fmt.Fprintf(d.app.err, "dynamics and decision map are drawn for data of two features, these have %d\n", n)
		return nil
	}
	p, err := portraitOf(d.run, backend)
	if err != nil {
		return err
	}
	defer p.Close()
	if !d.run.Model.Planar() {
		fmt.Fprintln(d.app.err, "dynamics are drawn for states that are points of the plane, those of this model are not")
	} else if err = d.write(ctx, "dynamics", func() (*figure.Figure, error) { return p.Dynamics(ctx) }); isOfFile(err) {
		return err
	}
	return errors.Join(err, d.write(ctx, "decision", func() (*figure.Figure, error) { return p.Decision(ctx) }))
}

// portraitOf is that of a run's model with its samples.
func portraitOf(r *train.Run, backend solver.Backend) (*portrait.Portrait, error) {
	spec, err := r.Config.Spec()
	if err != nil {
		return nil, err
	}
	shown, err := r.Shown()
	if err != nil {
		return nil, err
	}
	return portrait.New(r.Model, shown, backend, portrait.Fine(spec))
}

func (d *drawing) write(ctx context.Context, name string, make func() (*figure.Figure, error)) error {
	f, err := make()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer gateOf(ctx).close()()
	path := filepath.Join(d.run.Dir, name+".png")
	if err := atomicfile.Replace(path, func(w io.Writer) error { return f.WritePNG(w) }); err != nil {
		return err
	}
	d.names = append(d.names, name)
	fmt.Fprintf(d.app.out, "%-9s %s\n", name, onLine(path))
	return nil
}
