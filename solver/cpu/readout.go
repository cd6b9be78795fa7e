package cpu

import (
	"context"

	"neuralode/plan"
	"neuralode/solver"
)

func (p *program[T]) ReadOut(ctx context.Context, theta []float64, s solver.States) (*solver.Readings, error) {
	if err := solver.CheckReadOut(p.model, theta, s); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.engine == nil {
		return nil, errClosed
	}
	c := p.engine.loadStates(theta, s)
	p.engine.run(ctx, c)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	read := &solver.Readings{Out: widened(c.out)}
	if s.Labels != nil {
		read.Losses = widened(c.losses)
	}
	return read, nil
}

// loadStates is the call that reads states.
func (e *engine[T]) loadStates(theta []float64, s solver.States) *call[T] {
	convert(e.theta, theta)
	e.setTheta(e.theta)
	n := len(s.Z) / e.dim
	c := &call[T]{reading: readHead, dim: e.dim, n: n, z1: converted[T](s.Z), labels: converted[T](s.Labels),
		stateTimes: s.T}
	e.cut(c)
	grow(&c.occupancy, c.tasks())
	e.resizeLosses(c, n)
	if s.Labels == nil {
		grow(&c.labels, n*e.labelWidth)
	}
	return c
}

// What a call reads of states that are not solved.
const (
	readNothing reading = iota
	readHead
	readField
)

type reading uint8

// read runs the head or the field on states from up to to.
func (w *worker[T]) read(c *call[T], from, to int) {
	w.losses = w.losses[:0]
	for i := from; i < to; i++ {
		l := loss{number: i, sample: i}
		if len(c.stateTimes) > 0 {
			l.t = c.stateTimes[i]
		}
		w.losses = append(w.losses, l)
	}
	for left := w.losses; len(left) > 0; {
		n := min(len(left), len(w.slots))
		if c.reading == readHead {
			w.readOut(c, left[:n])
		} else {
			w.slopesOf(c, left[:n])
		}
		left = left[n:]
	}
}

// readOut runs the head forward on at most as many states as the worker has rows, which it returns.
func (w *worker[T]) readOut(c *call[T], losses []loss) *rows[T] {
	e := w.engine.head
	list := w.head.list(0, w.slots[:len(losses)])
	states := c.z1
	if c.atTimes != nil {
		states = c.saved
	}
	e.put(list, e.plan.Input("z"), states, losses)
	e.put(list, e.plan.Input("label"), c.labels, losses)
	e.putTimes(list, losses)
	e.run(e.forward, list)
	e.get(list, e.plan.Output("out"), c.out, losses)
	e.get(list, e.plan.Output("loss"), c.losses, losses)
	return list
}

// put fills a value of the listed rows with what x, [losses, width], has for these losses.
func (e *executor[T]) put(list *rows[T], id plan.ID, x []T, losses []loss) {
	dst, off := e.at(list, e.layout.at[id])
	width := e.layout.at[id].width
	for k, l := range losses {
		copy(dst[off[k]:off[k]+width], row(x, l.number, width))
	}
}

// get is the way back of put.
func (e *executor[T]) get(list *rows[T], id plan.ID, x []T, losses []loss) {
	src, off := e.at(list, e.layout.at[id])
	width := e.layout.at[id].width
	for k, l := range losses {
		copy(row(x, l.number, width), src[off[k]:])
	}
}
