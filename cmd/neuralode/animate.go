package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"neuralode/atomicfile"
	"neuralode/figure"
	"neuralode/portrait"
	"neuralode/solver"
	"neuralode/train"
)

// animation is what a file of an animation shows, by the word that its name begins with.
type animation struct {
	word string
	draw func(context.Context, *train.Run, *portrait.Portrait) (*figure.Animation, error)
}

const trainingWord = "training"

var animations = []animation{
	{"flow", func(ctx context.Context, _ *train.Run, p *portrait.Portrait) (*figure.Animation, error) {
		return p.Flow(ctx)
	}},
	{trainingWord, func(ctx context.Context, r *train.Run, p *portrait.Portrait) (*figure.Animation, error) {
		snapshots, err := r.History()
		if err != nil {
			return nil, err
		}
		return p.Training(ctx, snapshots)
	}},
}

// animationOf is what a file is to show.
func animationOf(path string) (animation, error) {
	name := filepath.Base(path)
	for _, a := range animations {
		if strings.HasPrefix(name, a.word) && strings.EqualFold(filepath.Ext(name), ".gif") {
			return a, nil
		}
	}
	return animation{}, fmt.Errorf("--animate wants a .gif file whose name begins with flow or training, got %q", path)
}

// checkAnimations reports files that are none before any work.
func checkAnimations(paths []string) error {
	var errs []error
	for _, path := range paths {
		_, err := animationOf(path)
		errs = append(errs, err)
	}
	return wrongUse(errors.Join(errs...))
}

// animate writes the files.
func (a *app) animate(ctx context.Context, r *train.Run, backend solver.Backend, paths []string) error {
	if r.Model.Series() {
		return a.animateSeries(ctx, r, backend, paths)
	}
	if n := r.Model.Features(); n != 2 {
		return fmt.Errorf("animations are drawn for data of two features, these have %d", n)
	}
	if !r.Model.Planar() {
		return errors.New("animations are drawn for states that are points of the plane: those of this model are not")
	}
	p, err := portraitOf(r, backend)
	if err != nil {
		return err
	}
	defer p.Close()
	for _, path := range paths {
		kind, err := animationOf(path)
		if err != nil {
			return err
		}
		if err := a.writeAnimation(ctx, kind.word, path,
			func() (*figure.Animation, error) { return kind.draw(ctx, r, p) }); err != nil {
			return err
		}
	}
	return nil
}

// animateSeries writes the files of a run of series.
func (a *app) animateSeries(ctx context.Context, r *train.Run, backend solver.Backend, paths []string) error {
	for _, path := range paths {
		if kind, err := animationOf(path); err != nil || kind.word != trainingWord {
			return wrongUse(errors.Join(err, fmt.Errorf("of series there are animations of the training alone: "+
				"give --animate a .gif file whose name begins with %s, got %q", trainingWord, path)))
		}
	}
	snapshots, err := r.History()
	if err == nil {
		err = r.LoadData()
	}
	if err != nil {
		return err
	}
	spec, err := r.Config.Spec()
	if err != nil {
		return err
	}
	p, err := r.Model.Compile(backend, portrait.Fine(spec))
	if err != nil {
		return err
	}
	s := portrait.NewSeries(r, p)
	defer s.Close()
	for _, path := range paths {
		if err := a.writeAnimation(ctx, trainingWord, path, func() (*figure.Animation, error) {
			return s.Training(ctx, snapshots, horizonOf(r.Stages()))
		}); err != nil {
			return err
		}
	}
	return nil
}

// horizonOf says what an iteration sees of series, where that is not the same for all.
func horizonOf(stages []train.Stage) func(iteration int) string {
	return func(iteration int) string {
		switch s := train.StageOf(stages, iteration); {
		case len(stages) < 2:
			return ""
		case s.Whole():
			return "(whole series)"
		default:
			return fmt.Sprintf("(horizon %.3g)", s.Duration)
		}
	}
}

// writeAnimation writes one of a kind.
func (a *app) writeAnimation(ctx context.Context, kind, path string, make func() (*figure.Animation, error)) error {
	animation, err := make()
	if err != nil {
		return fmt.Errorf("%s: %w", onLine(path), err)
	}
	defer gateOf(ctx).close()()
	if err := atomicfile.Write(path, func(w io.Writer) error { return animation.WriteGIF(w) }); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%-9s %s\n", kind, onLine(path))
	return nil
}
