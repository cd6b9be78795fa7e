package serve

import (
	"io"
	"log"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts what a server does, in a registry of its own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	points   *prometheus.CounterVec
	together prometheus.Histogram
}

func newMetrics(waiting func() float64) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "neuralode_requests_total",
			Help: "Requests for predictions, by the status of the answer."}, []string{"code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "neuralode_request_seconds",
			Help:    "From a request's header to its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15)}, []string{"code"}),
		points: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "neuralode_points_total",
			Help: "Points, by whether they were answered or could not be solved."}, []string{"outcome"}),
		together: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "neuralode_points_solved_together",
			Help: "Points of one solve, of one or more requests.", Buckets: prometheus.ExponentialBuckets(1, 4, 8)}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.points, m.together,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "neuralode_requests_waiting",
			Help: "Requests that wait to be solved."}, waiting),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.points.WithLabelValues("answered")
	m.points.WithLabelValues("failed")
	return m
}

// observe counts and times the requests of a handler.
func (m *metrics) observe(h http.Handler) http.Handler {
	return promhttp.InstrumentHandlerCounter(m.requests, promhttp.InstrumentHandlerDuration(m.seconds, h))
}

func (m *metrics) solved(points int) { m.together.Observe(float64(points)) }

func (m *metrics) answered(answered, failed int) {
	m.points.WithLabelValues("answered").Add(float64(answered))
	m.points.WithLabelValues("failed").Add(float64(failed))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// quiet drops what net/http says of clients that speak no HTTP: the status of requests is counted.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
