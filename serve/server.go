package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"neuralode/solver"
	"neuralode/train"
)

// Server answers requests. It is an http.Handler, for any number of goroutines.
type Server struct {
	options Options
	reader  *reader
	queue   *queue
	metrics *metrics
	handler http.Handler
	leaving atomic.Bool
}

// New serves the predictions of a model. The predictor must give each sample its own steps: under one step for all an
// answer would depend on other clients. Close the server before the predictor.
func New(p *train.Predictor, o Options) (*Server, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	spec := p.Spec()
	if spec.Controller.Control != solver.ControlSample {
		return nil, errors.New("serve: with one step for all samples an answer would depend on other clients: " +
			"compile with control sample")
	}
	m := p.Model()
	limit := math.MaxFloat64
	if spec.Precision != solver.Float64 {
		limit = math.MaxFloat32
	}
	s := &Server{options: o, reader: &reader{model: m, most: o.MaxPoints, limit: limit}}
	s.metrics = newMetrics(func() float64 { return float64(len(s.queue.waiting)) })
	s.queue = newQueue(o.MaxWaiting, work{predict: p.Predict, width: m.Features(), most: o.MaxPoints, limit: o.Timeout,
		solved: s.metrics.solved})
	s.handler = s.routes()
	return s, nil
}

// Close ends the work of the server. Requests under way get an error; [Server.Run] lets them end first.
func (s *Server) Close() { s.queue.close() }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /predict", s.metrics.observe(http.HandlerFunc(s.predict)))
	mux.HandleFunc("GET /model", s.describe)
	mux.HandleFunc("GET /healthz", s.health)
	mux.Handle("GET /metrics", s.metrics.handler())
	return mux
}

func (s *Server) predict(w http.ResponseWriter, r *http.Request) {
	x, err := s.reader.read(http.MaxBytesReader(w, r.Body, s.options.MaxBody))
	if err != nil {
		refuse(w, statusOf(err), err)
		return
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), s.options.Timeout, errSlow)
	defer cancel()
	p, first, err := s.queue.ask(ctx, x)
	if err != nil {
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	n := len(x) / s.reader.model.Features()
	answers := make([]train.Answer, n)
	failed := 0
	for i := range answers {
		if answers[i] = s.reader.model.Answer(p, first+i); answers[i].Error != "" {
			failed++
		}
	}
	s.metrics.answered(n-failed, failed)
	write(w, http.StatusOK, struct {
		Answers []train.Answer `json:"answers"`
	}{answers})
}

// statusOf is that of a request which is refused.
func statusOf(err error) int {
	var large *http.MaxBytesError
	var many tooMany
	switch {
	case errors.As(err, &large), errors.As(err, &many):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}

func (s *Server) describe(w http.ResponseWriter, _ *http.Request) {
	m := s.reader.model
	var outputs []string
	if len(m.Classes) == 0 {
		outputs = m.ValueNames()
	}
	write(w, http.StatusOK, struct {
		Features  int      `json:"features"`
		Names     []string `json:"names,omitempty"`
		Classes   []string `json:"classes,omitempty"`
		Outputs   []string `json:"outputs,omitempty"`
		MaxPoints int      `json:"max_points"`
		MaxBody   int64    `json:"max_body"`
	}{m.Features(), m.Inputs, m.Classes, outputs, s.options.MaxPoints, s.options.MaxBody})
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	status, text := http.StatusOK, "ok"
	if s.leaving.Load() {
		status, text = http.StatusServiceUnavailable, "stopping"
	}
	write(w, status, map[string]string{"status": text})
}

func refuse(w http.ResponseWriter, status int, err error) {
	write(w, status, map[string]string{"error": err.Error()})
}

// write sends a document. A client that is gone does not hear it.
func write(w http.ResponseWriter, status int, document any) {
	text, err := json.Marshal(document)
	if err != nil {
		http.Error(w, `{"error": "the answer is no JSON"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// How many timeouts a connection may take from a request's header to the end of its answer (the request's way, the
// answer, and its way), and how many the server waits for the last of them when it stops.
const (
	writeTimeouts = 3
	graceTimeouts = writeTimeouts + 1
)

// Run serves on the listener until ctx ends. Then it takes no more connections and returns when every request under way
// has its answer. A client that does not read it has its connection closed, as always.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	h := &http.Server{Handler: s, MaxHeaderBytes: 1 << 16,
		ReadHeaderTimeout: s.options.Timeout, ReadTimeout: s.options.Timeout,
		WriteTimeout: writeTimeouts * s.options.Timeout, IdleTimeout: time.Minute, ErrorLog: quiet()}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.leaving.Store(true)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTimeouts*s.options.Timeout)
	defer cancel()
	if err := h.Shutdown(grace); err != nil {
		return fmt.Errorf("serve: requests were still under way: %w", errors.Join(err, h.Close()))
	}
	return nil
}
