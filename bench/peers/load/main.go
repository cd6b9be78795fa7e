// Command load asks a server of predictions from many clients at once and prints how long they waited, as JSON.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

// options say what is asked.
type options struct {
	url                       string
	clients, requests, points int
}

// result is what is printed.
type result struct {
	Clients   int     `json:"clients"`
	Requests  int     `json:"requests"` // of each client
	Points    int     `json:"points"`   // of each request
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	PerSecond float64 `json:"requests_per_second"`
	Failed    int     `json:"failed"`
	// of the second class, over the points of the first client's last request
	Mean float64 `json:"mean_probability"`
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8080/predict", "where to ask")
	flag.IntVar(&o.clients, "clients", 16, "that ask at once, each its next request after the answer to the last")
	flag.IntVar(&o.requests, "requests", 100, "of each client")
	flag.IntVar(&o.points, "points", 1, "of each request")
	flag.Parse()
	if err := json.NewEncoder(os.Stdout).Encode(o.run()); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// run asks; a tenth as many requests before are not counted.
func (o options) run() result {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: o.clients}, Timeout: time.Minute}
	warm := o
	warm.requests = max(1, o.requests/10)
	warm.round(client)
	start := time.Now()
	waits, failed, mean := o.round(client)
	slices.Sort(waits)
	return result{Clients: o.clients, Requests: o.requests, Points: o.points, P50: quantile(waits, 0.5),
		P99: quantile(waits, 0.99), PerSecond: float64(len(waits)) / time.Since(start).Seconds(), Failed: failed,
		Mean: mean}
}

// round has every client ask all of its requests.
func (o options) round(client *http.Client) (waits []time.Duration, failed int, mean float64) {
	var group sync.WaitGroup
	var mu sync.Mutex
	for c := range o.clients {
		group.Go(func() {
			for k := range o.requests {
				begin := time.Now()
				m, err := o.ask(client, c, k)
				wait := time.Since(begin)
				mu.Lock()
				waits = append(waits, wait)
				if err != nil {
					failed++
				}
				if c == 0 && k == o.requests-1 {
					mean = m
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return waits, failed, mean
}

// ask is one request; its result is the mean probability of the second class.
func (o options) ask(client *http.Client, c, k int) (mean float64, err error) {
	var request struct {
		Points [][2]float64 `json:"points"`
	}
	for i := range o.points {
		angle := float64(7*c + 3*k + i)
		request.Points = append(request.Points, [2]float64{2 * math.Sin(angle), 2 * math.Cos(1.7*angle)})
	}
	body, err := json.Marshal(request)
	if err != nil {
		return 0, err
	}
	r, err := client.Post(o.url, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer r.Body.Close()
	var answer struct {
		Answers []struct{ Probability map[string]float64 }
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || r.StatusCode != http.StatusOK ||
		len(answer.Answers) != o.points {
		return 0, fmt.Errorf("status %d with %d answers for %d points: %w", r.StatusCode, len(answer.Answers), o.points,
			err)
	}
	for _, a := range answer.Answers {
		mean += a.Probability["1"] / float64(o.points)
	}
	return mean, nil
}

// quantile is that of sorted times, in milliseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	return 1e3 * sorted[int(q*float64(len(sorted)-1))].Seconds()
}
