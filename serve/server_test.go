package serve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"neuralode"
	"neuralode/reference"
	"neuralode/solver"
	"neuralode/train"
)

// predictor is a classifier of two features, in float32; the larger scale is, the wilder its field.
func predictor(t testing.TB, activation string, scale float64) *train.Predictor {
	t.Helper()
	described := &reference.Model{Name: "test", Sizes: []int{2, 8, 2}, Activation: activation, T1: 1}
	for i := range 2*8 + 8 + 8*2 + 2 {
		described.Theta = append(described.Theta, scale*math.Sin(float64(3*i+1)))
	}
	m, err := train.FromReference(described)
	if err != nil {
		t.Fatal(err)
	}
	m.Inputs = []string{"x", "y"}
	backend, _, err := neuralode.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Compile(backend, solver.DefaultSpec())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func newServer(t *testing.T, p *train.Predictor, o Options) *Server {
	t.Helper()
	s, err := New(p, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// answered is the document that a client gets.
type answered struct {
	Answers []struct {
		Predicted   string
		Probability map[string]float64
		Error       string
	}
	Error string
}

// post sends a body and reads the answer.
func post(client *http.Client, url, body string) (status int, a answered, err error) {
	r, err := client.Post(url+"/predict", "application/json", strings.NewReader(body))
	if err != nil {
		return 0, a, err
	}
	defer r.Body.Close()
	return r.StatusCode, a, json.NewDecoder(r.Body).Decode(&a)
}

// asked are some points, as a body and as numbers.
func asked(client, points int) (body string, x []float64) {
	var list []string
	for i := range points {
		a, b := math.Sin(float64(7*client+i)), math.Cos(float64(client-3*i))
		x = append(x, a, b)
		if i%2 == 0 {
			list = append(list, fmt.Sprintf("[%v, %v]", a, b))
		} else {
			list = append(list, fmt.Sprintf(`{"y": %v, "id": "a7", "x": %v}`, b, a))
		}
	}
	return `{"points": [` + strings.Join(list, ",") + `]}`, x
}

// right reports an answer that is not the predictor's own, to the bit.
func right(p *train.Predictor, x []float64, a answered) error {
	want, err := p.Predict(context.Background(), x)
	if err != nil {
		return err
	}
	if len(a.Answers) != len(want.Class) {
		return fmt.Errorf("%d answers for %d points", len(a.Answers), len(want.Class))
	}
	for i, class := range want.Class {
		got := a.Answers[i]
		if got.Predicted != p.Model().Classes[class] || got.Probability["1"] != want.Probability[2*i+1] ||
			got.Error != "" {
			return fmt.Errorf("point %d is %+v, want class %d of %v", i, got, class, want.Probability[2*i:2*i+2])
		}
	}
	return nil
}

// settled waits until there are no more goroutines than before.
func settled(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, before %d:\n%s", runtime.NumGoroutine(), before,
				stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// TestClients has 200 clients at the same time: every answer is the predictor's own for these points alone.
func TestClients(t *testing.T) {
	p := predictor(t, "tanh", 1)
	s := newServer(t, p, DefaultOptions())
	before := runtime.NumGoroutine()
	web := httptest.NewServer(s)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	var group sync.WaitGroup
	for c := range 200 {
		group.Go(func() {
			for k := range 3 {
				body, x := asked(c, 1+(c+k)%5)
				status, a, err := post(client, web.URL, body)
				if err == nil {
					err = right(p, x, a)
				}
				if err != nil || status != http.StatusOK {
					t.Errorf("client %d: status %d, %v", c, status, err)
				}
			}
		})
	}
	group.Wait()
	client.CloseIdleConnections()
	web.Close()
	settled(t, before)
}

// TestRefused sends what are no points: each gets a status and a word on what is wrong, and the server goes on.
func TestRefused(t *testing.T) {
	o := DefaultOptions()
	o.MaxPoints, o.MaxBody = 3, 1000
	p := predictor(t, "tanh", 1)
	web := httptest.NewServer(newServer(t, p, o))
	defer web.Close()
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{400, ``, "EOF"},
		{400, `points`, "invalid character"},
		{400, `{"points": [[1, 2]]`, "unexpected EOF"},
		{400, `{"points": [[1, 2]]} {}`, "goes on"},
		{400, `[[1, 2]]`, "cannot unmarshal array"},
		{400, `{"points": [[1, 2]], "time": 3}`, `unknown field "time"`},
		{400, `{}`, "no points"},
		{400, `null`, "no points"},
		{400, `{"points": null}`, "no points"},
		{400, `{"points": [null]}`, "point 0: want a list of numbers or an object, got null"},
		{400, `{"points": [[1, 2], 7]}`, "point 1: want a list"},
		{400, `{"points": [[1, 2], [1]]}`, "point 1: 1 numbers, want 2"},
		{400, `{"points": [[1, null]]}`, "point 0: number 1: null is not a number"},
		{400, `{"points": [[1, "2"]]}`, `number 1: "2" is not a number`},
		{400, `{"points": [[1, NaN]]}`, "invalid character 'N'"},
		{400, `{"points": [[1, 1e999]]}`, "1e999 is too large"},
		{400, `{"points": [[1, 1e39]]}`, "1e39 is too large"},
		{400, `{"points": [{"x": 1}]}`, `"y" is missing`},
		{400, `{"points": [{"x": 1, "y": null}]}`, `"y": null is not a number`},
		{413, `{"points": [[1, 2], [1, 2], [1, 2], [1, 2]]}`, "4 points, want at most 3"},
		{413, `{"points": [[1, 2` + strings.Repeat("0", 2000) + `]]}`, "too large"},
	} {
		status, a, err := post(http.DefaultClient, web.URL, c.body)
		if err != nil || status != c.status || !strings.Contains(a.Error, c.want) || a.Answers != nil {
			t.Errorf("%.40q: status %d, %+v (%v), want %d and %q", c.body, status, a, err, c.status, c.want)
		}
	}
	body, x := asked(1, 3)
	if status, a, err := post(http.DefaultClient, web.URL, body); status != 200 || err != nil || right(p, x, a) != nil {
		t.Errorf("afterwards: status %d, %v", status, err)
	}
	for path, want := range map[string]int{"GET /predict": 405, "POST /model": 405, "GET /": 404,
		"GET /../etc/passwd": 404} {
		method, path, _ := strings.Cut(path, " ")
		request, _ := http.NewRequest(method, web.URL+path, nil)
		r, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%s %s: status %d, want %d", method, path, r.StatusCode, want)
		}
	}
}

// TestUnsolved asks for points of which one has a field beyond all numbers: it says so, beside the others' answers.
func TestUnsolved(t *testing.T) {
	web := httptest.NewServer(newServer(t, predictor(t, "relu", 1e5), DefaultOptions()))
	defer web.Close()
	status, a, err := post(http.DefaultClient, web.URL, `{"points": [[0, 0], [3, 1e30]]}`)
	if err != nil || status != 200 || len(a.Answers) != 2 || !strings.Contains(a.Answers[1].Error, " at t = ") ||
		a.Answers[1].Predicted != "" {
		t.Errorf("status %d, %+v (%v)", status, a, err)
	}
	if text := get(t, web.URL+"/metrics"); !strings.Contains(text, `neuralode_points_total{outcome="failed"}`) ||
		strings.Contains(text, `neuralode_points_total{outcome="failed"} 0`) {
		t.Errorf("metrics: %s", text)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPages looks at what a server says of itself.
func TestPages(t *testing.T) {
	web := httptest.NewServer(newServer(t, predictor(t, "tanh", 1), DefaultOptions()))
	defer web.Close()
	body, _ := asked(1, 2)
	if status, _, err := post(http.DefaultClient, web.URL, body); status != 200 || err != nil {
		t.Fatal(status, err)
	}
	_, _, _ = post(http.DefaultClient, web.URL, "nonsense")
	for path, want := range map[string][]string{
		"/healthz": {`{"status":"ok"}`},
		"/model":   {`"features":2,"names":["x","y"],"classes":["0","1"],"max_points":10000`},
		"/metrics": {`neuralode_requests_total{code="200"} 1`, `neuralode_requests_total{code="400"} 1`,
			`neuralode_points_total{outcome="answered"} 2`, "neuralode_request_seconds_bucket", "neuralode_points_solved_together_sum 2",
			"neuralode_requests_waiting 0", "go_goroutines"},
	} {
		for _, w := range want {
			if text := get(t, web.URL+path); !strings.Contains(text, w) {
				t.Errorf("%s has no %s: %s", path, w, text)
			}
		}
	}
}

// narrow gives connections little room to write into, so that who does not read holds up the server.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(4096)
	}
	return c, err
}

// running is a server on a port of its own; stop ends it and returns its error.
func running(t *testing.T, s *Server) (url string, stop func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, narrow{l}) }()
	t.Cleanup(cancel)
	return "http://" + l.Addr().String(), func() error {
		cancel()
		return <-ended
	}
}

// TestStopUnderLoad stops a server that clients ask without a pause, each time over a new connection: whatever it began
// to answer it answers, and right; the others are refused by the system; nothing is left running.
func TestStopUnderLoad(t *testing.T) {
	p := predictor(t, "tanh", 1)
	s := newServer(t, p, DefaultOptions())
	before := runtime.NumGoroutine()
	url, stop := running(t, s)
	var accepted, got atomic.Int64
	handler := s.handler
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		accepted.Add(1)
		handler.ServeHTTP(w, r)
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var group sync.WaitGroup
	for c := range 40 {
		group.Go(func() {
			for {
				body, x := asked(c, 1+c%3)
				status, a, err := post(client, url, body)
				if err != nil {
					return
				}
				got.Add(1)
				if err := right(p, x, a); err != nil || status != http.StatusOK {
					t.Errorf("client %d: status %d, %v", c, status, err)
				}
			}
		})
	}
	for got.Load() < 200 {
		time.Sleep(time.Millisecond)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	group.Wait()
	if accepted.Load() != got.Load() {
		t.Errorf("%d requests were accepted, %d answered", accepted.Load(), got.Load())
	}
	settled(t, before)
}

// TestSlowClients has clients that send half a request, nothing at all, or never read their long answer: each is
// dropped after the timeout, others are answered meanwhile, and nothing is left running.
func TestSlowClients(t *testing.T) {
	p := predictor(t, "tanh", 1)
	o := DefaultOptions()
	o.Timeout = 300 * time.Millisecond
	s := newServer(t, p, o)
	before := runtime.NumGoroutine()
	url, stop := running(t, s)
	address := strings.TrimPrefix(url, "http://")
	dial := func(text string) net.Conn {
		c, err := net.Dial("tcp", address)
		if err == nil {
			err = c.(*net.TCPConn).SetReadBuffer(4096)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, text)
		return c
	}
	half := dial("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{\"points\": [[1,")
	silent := dial("")
	body, _ := asked(0, 5_000)
	deaf := dial(fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	defer deaf.Close()
	body, x := asked(1, 2)
	if status, a, err := post(http.DefaultClient, url, body); err != nil || status != 200 || right(p, x, a) != nil {
		t.Errorf("beside slow clients: status %d, %v", status, err)
	}
	r, err := http.ReadResponse(bufio.NewReader(half), nil)
	if err != nil || r.StatusCode != http.StatusRequestTimeout {
		t.Errorf("half a request: %v, %v", r, err)
	}
	if n, err := silent.Read(make([]byte, 1)); err == nil {
		t.Errorf("no request: %d bytes", n)
	}
	half.Close()
	silent.Close()
	_ = deaf.SetReadDeadline(time.Now().Add(20 * time.Second))
	first := make([]byte, 12)
	if _, err := io.ReadFull(deaf, first); err != nil || string(first) != "HTTP/1.1 200" {
		t.Errorf("the long answer begins with %q, %v", first, err)
	}
	http.DefaultClient.CloseIdleConnections()
	if err := stop(); err != nil {
		t.Error(err)
	}
	settled(t, before)
}

// TestOptions refuses limits that let nothing through, all at once, and steps that samples share.
func TestOptions(t *testing.T) {
	err := Options{MaxPoints: -1}.Check()
	for _, want := range []string{"max-body", "max-points", "max-waiting", "timeout"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want a word on %s", err, want)
		}
	}
	spec := solver.DefaultSpec()
	spec.Controller.Control = solver.ControlBatch
	shared, err := predictor(t, "tanh", 1).Model().Compile(solver.Reference(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(shared, DefaultOptions()); err == nil {
		t.Error("one step for all clients is served")
	}
}

// FuzzBody sends any body: it is points or an error, and never a panic.
func FuzzBody(f *testing.F) {
	for _, body := range []string{`{"points": [[1, 2], {"x": 1, "y": -2e3}]}`, `{"points": [[1, null]]}`,
		`{"points": {}}`, `{"points": [[1, 2]]}x`} {
		f.Add([]byte(body))
	}
	r := &reader{model: &train.Model{Inputs: []string{"x", "y"}}, most: 5, limit: math.MaxFloat32}
	r.model.Net.Sizes = []int{2, 2}
	f.Fuzz(func(t *testing.T, body []byte) {
		x, err := r.read(bytes.NewReader(body))
		if err == nil && (len(x) == 0 || len(x)%2 != 0 || len(x) > 10) {
			t.Errorf("%q is %v", body, x)
		}
	})
}
