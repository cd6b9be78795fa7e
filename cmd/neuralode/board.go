package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"neuralode/tensorboard"
	"neuralode/train"
)

// board shows a training to TensorBoard, or to nobody where it is nil.
type board struct {
	w   *tensorboard.Writer
	err error // of a figure
}

// newBoard begins a file for what is left of a run, in a folder of the run's name within dir; none where dir is "".
func newBoard(dir string, r *train.Run) (*board, error) {
	if dir == "" {
		return nil, nil
	}
	whole, err := filepath.Abs(r.Dir)
	if err != nil {
		return nil, err
	}
	w, err := tensorboard.New(filepath.Join(dir, filepath.Base(whole)), r.Done+1)
	if err != nil {
		return nil, err
	}
	if text, err := os.ReadFile(filepath.Join(r.Dir, "config.json")); err == nil {
		w.Text(r.Done+1, "config", "```json\n"+string(text)+"```")
	}
	return &board{w: w}, nil
}

// observe adds what an iteration did.
func (b *board) observe(e train.Event) {
	if b == nil {
		return
	}
	n := float64(e.Work.Accepted + e.Work.Rejected)
	b.w.Scalars(e.Iteration,
		tensorboard.Scalar{Tag: "loss/train", Value: e.Work.Loss},
		tensorboard.Scalar{Tag: "gradient/norm", Value: e.Work.GradientNorm},
		tensorboard.Scalar{Tag: "cost/NFE mean", Value: e.Work.NFEMean},
		tensorboard.Scalar{Tag: "cost/NFE max", Value: float64(e.Work.NFEMax)},
		tensorboard.Scalar{Tag: "cost/steps rejected", Value: float64(e.Work.Rejected) / n},
		tensorboard.Scalar{Tag: "cost/samples per second", Value: e.SamplesPerSecond})
	if v := e.Validation; v != nil {
		b.w.Scalars(e.Iteration, tensorboard.Scalar{Tag: "loss/validation", Value: v.Loss},
			tensorboard.Scalar{Tag: "validation/accuracy", Value: v.Accuracy},
			tensorboard.Scalar{Tag: "validation/R2", Value: v.R2},
			tensorboard.Scalar{Tag: "validation/RMSE", Value: v.RMSE})
	}
}

// figures adds those that were drawn into a run's folder.
func (b *board) figures(r *train.Run, names []string) {
	if b == nil {
		return
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(r.Dir, name+".png"))
		if err != nil {
			b.err = errors.Join(b.err, err)
			continue
		}
		b.w.Picture(r.Done, name, content)
	}
}

// close ends the file.
func (b *board) close() error {
	if b == nil {
		return nil
	}
	return errors.Join(b.err, b.w.Close())
}

// closeBoard says what could not be shown: the training is done all the same.
func (a *app) closeBoard(b *board) {
	if err := b.close(); err != nil {
		fmt.Fprintf(a.err, "note       %s\n", oneLine(err.Error()))
	}
}
