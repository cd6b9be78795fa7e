package serve

import (
	"errors"
	"fmt"
	"time"
)

// Options limit what a client can ask for.
type Options struct {
	MaxBody    int64         // bytes of a request
	MaxPoints  int           // points of a request
	MaxWaiting int           // requests that wait to be solved; more are sent away
	Timeout    time.Duration // for a request to come, and again for its answer
}

// DefaultOptions are 8 MiB and 10,000 points a request, 1024 requests that wait, and 10 s.
func DefaultOptions() Options {
	return Options{MaxBody: 8 << 20, MaxPoints: 10_000, MaxWaiting: 1024, Timeout: 10 * time.Second}
}

// Check reports every limit that lets nothing through.
func (o Options) Check() error {
	var errs []error
	positive := func(what string, ok bool, got any) {
		if !ok {
			errs = append(errs, fmt.Errorf("serve: %s must be positive, got %v", what, got))
		}
	}
	positive("max-body", o.MaxBody > 0, o.MaxBody)
	positive("max-points", o.MaxPoints > 0, o.MaxPoints)
	positive("max-waiting", o.MaxWaiting > 0, o.MaxWaiting)
	positive("timeout", o.Timeout > 0, o.Timeout)
	return errors.Join(errs...)
}
