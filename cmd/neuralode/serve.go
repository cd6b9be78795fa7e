package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/serve"
	"neuralode/solver"
)

// serveOptions are serve's flags.
type serveOptions struct {
	listen, device string
	limits         serve.Options
	solve          solveFlags
}

func (a *app) serveCommand() *cobra.Command {
	o := &serveOptions{limits: serve.DefaultOptions()}
	c := &cobra.Command{
		Use:   "serve RUN|MODEL",
		Short: "Answer for points over HTTP",
		Long: `Answer for points over HTTP, with the model compiled once: POST /predict takes
{"points": [[0.1, 0.2], {"x": 2, "y": 2.1}]}, numbers in the order of the training's features or an object with their
names, and answers {"answers": [...]}, one for each: "predicted", "probability" of every class, or "error". GET /model
says what is asked for, /healthz whether the server takes requests, /metrics what it did, for Prometheus.

An answer does not depend on what else is asked. SIGTERM or Ctrl-C stops: what was begun is answered first. There is no
encryption and no password: without --listen only this machine can ask, and in a network a proxy belongs in front.`,
		Example: `  neuralode serve RUN
  curl -d '{"points": [[0.1, 0.2]]}' http://127.0.0.1:8080/predict
  neuralode serve model.safetensors --listen :8080 --max-points 100000`,
		Args: oneArgument("a run folder or a model file"),
		RunE: func(c *cobra.Command, args []string) error { return a.serve(c.Context(), o, args[0]) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080",
		"`HOST:PORT`; port 0 takes a free one, no host all of the machine's")
	f.Int64Var(&o.limits.MaxBody, "max-body", o.limits.MaxBody, "bytes of a request")
	f.IntVar(&o.limits.MaxPoints, "max-points", o.limits.MaxPoints, "points of a request")
	f.IntVar(&o.limits.MaxWaiting, "max-waiting", o.limits.MaxWaiting,
		"requests that wait to be solved; more are sent away")
	f.DurationVar(&o.limits.Timeout, "timeout", o.limits.Timeout, "for a request to come, and again for its answer")
	f.StringVar(&o.device, "device", "auto", oneOf(neuralode.Devices))
	o.solve.add(f)
	return c
}

func (a *app) serve(ctx context.Context, o *serveOptions, path string) error {
	if err := o.limits.Check(); err != nil {
		return wrongUse(err)
	}
	s, err := openForPoints(path)
	if err != nil {
		return err
	}
	spec, err := o.solve.answering(s)
	if err != nil {
		return err
	}
	p, err := a.predictor(o.device, s.model, spec)
	if err != nil {
		return err
	}
	defer p.Close()
	server, err := serve.New(p, o.limits)
	if err != nil {
		return err
	}
	defer server.Close()
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return explainListen(o.listen, err)
	}
	gateOf(ctx).close() // from now on clients may be waiting, until the program ends
	fmt.Fprintf(a.err, "serving    %s on http://%s, %s\n", onLine(path), l.Addr(), p.Backend().Device())
	if err := server.Run(ctx, l); err != nil {
		return err
	}
	fmt.Fprintln(a.err, "stopped    every request that was begun has its answer")
	return nil
}

// explainListen says which address cannot be had.
func explainListen(address string, err error) error {
	var malformed *net.AddrError
	if errors.As(err, &malformed) {
		return wrongUse(fmt.Errorf("listen must be HOST:PORT, got %q: %w", address, err))
	}
	return err // names the address
}

// answering is spec for answers, each of which has its own steps, so that it does not depend on what else is asked.
func (s *solveFlags) answering(from *source) (solver.Spec, error) {
	spec, err := s.spec(from)
	spec.Controller.Control = solver.ControlSample
	return spec, err
}
