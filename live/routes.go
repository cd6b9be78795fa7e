package live

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

//go:embed web
var web embed.FS

// assets are the files of the page: its path, where it lies in the program, and what it is.
var assets = map[string]struct{ file, kind string }{
	"/":            {"web/index.html", "text/html; charset=utf-8"},
	"/live.js":     {"web/live.js", "text/javascript; charset=utf-8"},
	"/canvas.js":   {"web/canvas.js", "text/javascript; charset=utf-8"},
	"/series.js":   {"web/series.js", "text/javascript; charset=utf-8"},
	"/live.css":    {"web/live.css", "text/css; charset=utf-8"},
	"/uplot.js":    {"web/uplot/uPlot.iife.min.js", "text/javascript; charset=utf-8"},
	"/uplot.css":   {"web/uplot/uPlot.min.css", "text/css; charset=utf-8"},
	"/favicon.svg": {"web/favicon.svg", "image/svg+xml"},
}

// route is what a path does, for one method.
type route struct {
	method string
	serve  http.HandlerFunc
}

// routes answers the paths that there are, each to the letter. No path leads to a file: the page is in the program.
func (s *Server) routes() http.Handler {
	table := map[string]route{
		"/events":     {http.MethodGet, s.withToken(inQuery, s.events)},
		"/picture":    {http.MethodGet, s.withToken(inQuery, s.picture)},
		"/checkpoint": {http.MethodPost, s.withToken(inHeader, s.act(func() func() { return s.actions.Checkpoint }))},
		"/stop":       {http.MethodPost, s.withToken(inHeader, s.act(func() func() { return s.actions.Stop }))},
	}
	for path, a := range assets {
		content, err := web.ReadFile(a.file)
		if err != nil {
			panic(err) // the program was built without it
		}
		table[path] = route{http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", a.kind)
			_, _ = w.Write(content)
		}}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch found, ok := table[r.URL.Path]; {
		case !ok:
			http.Error(w, "there is nothing of that name", http.StatusNotFound)
		case r.Method != found.method && (r.Method != http.MethodHead || found.method != http.MethodGet):
			w.Header().Set("Allow", found.method)
			http.Error(w, "want "+found.method, http.StatusMethodNotAllowed)
		default:
			found.serve(w, r)
		}
	})
}

// act does what a button says.
func (s *Server) act(do func() func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
			http.Error(w, "want no body", http.StatusRequestEntityTooLarge)
			return
		}
		action := do()
		if action == nil {
			http.Error(w, "this page only shows a run", http.StatusConflict)
			return
		}
		action()
		w.WriteHeader(http.StatusNoContent)
	}
}

// picture is that of an iteration.
func (s *Server) picture(w http.ResponseWriter, r *http.Request) {
	iteration, err := strconv.Atoi(r.URL.Query().Get("iteration"))
	if err != nil {
		http.Error(w, "want an iteration", http.StatusBadRequest)
		return
	}
	s.feed.watchers.Add(1)
	defer s.feed.watchers.Add(-1)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	p, err := s.feed.picture(ctx, iteration)
	var none errNoSnapshot
	switch {
	case errors.As(err, &none):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(p)
	}
}

// events tells a page what is new for as long as it listens, now and then: what came in between is told at once.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	s.feed.watchers.Add(1)
	defer s.feed.watchers.Add(-1)
	c := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead || c.SetReadDeadline(time.Time{}) != nil { // that of requests ends here
		return
	}
	say := func(text string) error {
		if err := c.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		return c.Flush()
	}
	if say(fmt.Sprintf("retry: %d\n\n", reconnectIn.Milliseconds())) == nil {
		s.tell(r.Context(), placeOf(r.Header.Get("Last-Event-ID")), say)
	}
}

// tell says what is new again and again.
func (s *Server) tell(ctx context.Context, at place, say func(string) error) {
	for said := time.Now(); ; {
		news, next, err := s.feed.since(at)
		if err == nil && news == "" && time.Since(said) > beatEvery {
			news = ": still there\n\n"
		}
		if news != "" {
			said = time.Now()
			if err == nil {
				err = say(news)
			}
		}
		if err != nil || s.ctx.Err() != nil {
			return
		}
		at = next
		select {
		case <-time.After(s.feed.pace()):
		case <-ctx.Done():
			return
		case <-s.ctx.Done(): // once more: how it ended
		}
	}
}
