package live_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"neuralode/live"
	"neuralode/train"
)

// place is a server's host and its token.
func place(t testing.TB, s *live.Server) (host, token string) {
	t.Helper()
	u, err := url.Parse(s.Address())
	if err != nil {
		t.Fatal(err)
	}
	host, token = u.Host, strings.TrimPrefix(u.Fragment, "token=")
	if len(token) < 20 {
		t.Fatalf("%s has no long token", s.Address())
	}
	return host, token
}

// ask sends a request, to the letter, and returns the status and the body of its answer.
func ask(t *testing.T, host, request string) (status int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() { _, _ = io.WriteString(c, request) }() // an answer may come before it is read
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%.80q: %v", request, err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body) // as far as it comes
	return answer.StatusCode, string(text)
}

// TestRefused sends what the server must not answer, and beside each what it must.
func TestRefused(t *testing.T) {
	r := newRun(t, 16)
	var done []string
	s := serve(t, feedOf(t, r), live.Actions{Checkpoint: func() { done = append(done, "checkpoint") }, Stop: func() { done = append(done, "stop") }})
	host, token := place(t, s)
	_, port, _ := net.SplitHostPort(host)
	get := func(path, host string, more ...string) string {
		return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + strings.Join(more, "") + "\r\n"
	}
	post := func(path string, more ...string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + strings.Join(more, "") + "\r\n"
	}
	right, wrong := "X-Neuralode-Token: "+token+"\r\n", "X-Neuralode-Token: "+strings.Repeat("A", len(token))+"\r\n"
	picture := "/picture?iteration=0&token="
	for _, c := range []struct {
		name, request string
		status        int
	}{
		{"page", get("/", host), 200},
		{"by the other name", get("/", "localhost:"+port), 200},
		{"through a tunnel", get("/", "localhost:9"), 200},
		{"without a port", get("/", "127.0.0.1"), 200},
		{"version 6", get("/", "[::1]:"+port), 200},
		{"foreign host", get("/", "example.com"), 403},
		{"foreign host with the port", get("/", "example.com:"+port), 403},
		{"a host that begins well", get("/", "localhost.example.com:"+port), 403},
		{"a host that ends well", get("/", "example.localhost:"+port), 403},
		{"another address", get("/", "192.0.2.7:"+port), 403},
		{"no host", get("/", ""), 403},
		{"own origin", get(picture+token, host, "Origin: http://"+host+"\r\n"), 200},
		{"foreign origin", get(picture+token, host, "Origin: http://example.com\r\n"), 403},
		{"origin of another port", get(picture+token, host, "Origin: http://127.0.0.1:1\r\n"), 403},
		{"origin of https", get(picture+token, host, "Origin: https://"+host+"\r\n"), 403},
		{"origin null", get(picture+token, host, "Origin: null\r\n"), 403},
		{"picture without token", get("/picture?iteration=0", host), 403},
		{"picture with another token", get(picture+"x", host), 403},
		{"events without token", get("/events", host), 403},
		{"picture of what is not kept", get("/picture?iteration=7&token="+token, host), 404},
		{"picture of nothing", get("/picture?iteration=../../x&token="+token, host), 400},
		{"action", post("/checkpoint", right), 204},
		{"action without token", post("/checkpoint"), 403},
		{"action with another token", post("/stop", wrong), 403},
		{"action with the token where reads have it", post("/stop?token=" + token), 403},
		{"action of another page", post("/stop", right, "Origin: http://example.com\r\n"), 403},
		{"action by reading", get("/stop", host, right), 405},
		{"writing a page", post("/", right), 405},
		{"up", get("/../live.go", host), 404},
		{"up in code", get("/%2e%2e/live.go", host), 404},
		{"up beside a file", get("/live.js/../../go.mod", host), 404},
		{"a file of the machine", get("//etc/passwd", host), 404},
		{"a folder of the page", get("/web/", host), 404},
		{"a file of the page by its place", get("/web/index.html", host), 404},
		{"back", get(`/..\live.go`, host), 404},
		{"a long header", get("/", host, "X: "+strings.Repeat("x", 20_000)+"\r\n"), 431},
		{"a long path", get("/"+strings.Repeat("x", 20_000), host), 431},
		{"a long body", post("/checkpoint", right, "Content-Length: 2000000\r\n") + strings.Repeat("x", 2_000_000), 413},
		{"a long body in pieces", post("/checkpoint", right, "Transfer-Encoding: chunked\r\n") + "4000\r\n" + strings.Repeat("x", 0x4000), 413},
	} {
		if status, body := ask(t, host, c.request); status != c.status {
			t.Errorf("%s: status %d, want %d: %.200s", c.name, status, c.status, body)
		} else if status >= 400 && strings.Count(strings.TrimSpace(body), "\n") > 0 {
			t.Errorf("%s: more than a line: %q", c.name, body)
		}
	}
	if !slices.Equal(done, []string{"checkpoint"}) {
		t.Errorf("the actions were %v, want one checkpoint", done)
	}
}

// TestHeaders looks for what keeps other pages and inline code away.
func TestHeaders(t *testing.T) {
	host, _ := place(t, serve(t, feedOf(t, newRun(t, 16)), live.Actions{}))
	for _, path := range []string{"/", "/live.js", "/nothing"} {
		answer, err := http.Get("http://" + host + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if p := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'") || strings.Contains(p, "unsafe") {
			t.Errorf("%s has the policy %q", path, p)
		}
		if answer.Header.Get("X-Content-Type-Options") != "nosniff" || answer.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s has the headers %v", path, answer.Header)
		}
	}
}

// TestNoAddressOfOthers looks for addresses in what the page is made of: only comments of its library may have one.
func TestNoAddressOfOthers(t *testing.T) {
	for _, name := range []string{"index.html", "live.js", "canvas.js", "live.css", "favicon.svg", "uplot/uPlot.min.css", "uplot/uPlot.iife.min.js"} {
		text, err := os.ReadFile(filepath.Join("web", name))
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("http://www.w3.org/2000/svg"), nil)
		text = bytes.ReplaceAll(text, []byte("/*! https://github.com/leeoniya/uPlot (v1.6.32) */"), nil)
		for _, word := range []string{"http:", "https:", "@import", "//cdn"} {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s has %q", name, word)
			}
		}
	}
}

// message is what the tests read of a page's.
type message struct {
	About  *struct{ Title string }
	Anew   bool
	Curves struct{ Iteration, Loss []float64 }
	Status struct {
		Phase     string
		Note      string
		Iteration int
	}
	Snapshots []int
}

// listener reads events.
type listener struct {
	answer *http.Response
	lines  *bufio.Reader
	id     string
	kind   string // of the last event: "message" or another
}

func listen(t testing.TB, s *live.Server, after string) *listener {
	t.Helper()
	host, token := place(t, s)
	request, _ := http.NewRequest("GET", "http://"+host+"/events?token="+token, nil)
	if after != "" {
		request.Header.Set("Last-Event-ID", after)
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 200 {
		t.Fatalf("status %d", answer.StatusCode)
	}
	return &listener{answer: answer, lines: bufio.NewReader(answer.Body)}
}

func (l *listener) close() { l.answer.Body.Close() }

// event is the next one's data.
func (l *listener) event() (string, error) {
	l.kind = "message"
	for {
		line, err := l.lines.ReadString('\n')
		if err != nil {
			return "", err
		}
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "id":
			l.id = value
		case "event":
			l.kind = value
		case "data":
			return value, nil
		}
	}
}

// message is the next message.
func (l *listener) message(t *testing.T) (m message, err error) {
	t.Helper()
	for {
		text, err := l.event()
		if err != nil {
			return m, err
		}
		if l.kind == "message" {
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				t.Fatalf("%v: %.200s", err, text)
			}
			return m, nil
		}
	}
}

// read gathers the curves until the server ends.
func (l *listener) read(t *testing.T) (iterations, losses []float64) {
	for {
		m, err := l.message(t)
		if err != nil {
			return iterations, losses
		}
		if m.Anew {
			iterations, losses = nil, nil
		}
		iterations, losses = append(iterations, m.Curves.Iteration...), append(losses, m.Curves.Loss...)
	}
}

// TestTwoPages trains before two pages and a third that does not read: the two get every iteration, and the model has the bits
// of a run that nobody saw.
func TestTwoPages(t *testing.T) {
	alone := newRun(t, 300)
	if err := alone.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	r := newRun(t, 300)
	feed := feedOf(t, r)
	s := serve(t, feed, live.Actions{Checkpoint: r.Checkpoint, Stop: func() {}})
	defer listen(t, s, "").close()
	type curves struct{ iterations, losses []float64 }
	read := make(chan curves, 2)
	for range 2 {
		l := listen(t, s, "")
		go func() {
			defer l.close()
			iterations, losses := l.read(t)
			read <- curves{iterations, losses}
		}()
	}
	if err := r.Train(context.Background(), backend(t), feed.Observe); err != nil {
		t.Fatal(err)
	}
	feed.End(live.Done, "")
	s.Close()
	at, want, err := r.Losses()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got := <-read
		if len(got.iterations) != len(at) {
			t.Fatalf("a page got %d iterations, want %d", len(got.iterations), len(at))
		}
		for i := range at {
			if int(got.iterations[i]) != at[i] || !near(got.losses[i], want[i]) {
				t.Fatalf("a page got loss %v at %v, want %v at %v", got.losses[i], got.iterations[i], want[i], at[i])
			}
		}
	}
	if !slices.Equal(r.Model.Theta, alone.Model.Theta) {
		t.Error("pages change the bits")
	}
}

func near(a, b float64) bool { return a-b < 1e-5*b && b-a < 1e-5*b }

// TestBackAgain connects where it was before, and with places that mean nothing here.
func TestBackAgain(t *testing.T) {
	feed := feedOf(t, newRun(t, 100))
	s := serve(t, feed, live.Actions{})
	points := func(from, to int) (list []live.Point) {
		for i := from; i < to; i++ {
			list = append(list, live.Point{Iteration: i + 1, Loss: 1 / float64(i+1)})
		}
		return list
	}
	feed.Add(points(0, 40), false)
	l := listen(t, s, "")
	if m, err := l.message(t); err != nil || m.About == nil || !m.Anew || len(m.Curves.Iteration) != 40 {
		t.Fatalf("the first message is %+v, %v", m, err)
	}
	l.close()
	feed.Add(points(40, 50), false)
	again := listen(t, s, l.id)
	if m, err := again.message(t); err != nil || m.About != nil || m.Anew || len(m.Curves.Iteration) != 10 || m.Curves.Iteration[0] != 41 {
		t.Errorf("back again it gets %+v, %v, want iterations 41 to 50", m, err)
	}
	again.close()
	for _, id := range []string{"x", "other 0 40 -1", strings.Replace(l.id, " 40 ", " 400 ", 1), strings.Replace(l.id, " 40 ", " -3 ", 1)} {
		other := listen(t, s, id)
		if m, err := other.message(t); err != nil || !m.Anew || len(m.Curves.Iteration) != 50 {
			t.Errorf("after %q it gets %+v, %v, want all", id, m, err)
		}
		other.close()
	}
	feed.Add(points(0, 3), true)
	late := listen(t, s, again.id)
	defer late.close()
	if m, err := late.message(t); err != nil || !m.Anew || len(m.Curves.Iteration) != 3 {
		t.Errorf("of another file it gets %+v, %v, want its 3 iterations", m, err)
	}
}

// TestReconnects comes and goes a thousand times.
func TestReconnects(t *testing.T) {
	feed := feedOf(t, newRun(t, 100))
	s := serve(t, feed, live.Actions{})
	count := func() int {
		for range 100 { // what has ended may take a moment to be gone
			if feed.Watchers() == 0 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		http.DefaultClient.CloseIdleConnections()
		time.Sleep(50 * time.Millisecond)
		return runtime.NumGoroutine()
	}
	listen(t, s, "").close()
	before := count()
	for range 1000 {
		l := listen(t, s, "")
		if _, err := l.event(); err != nil {
			t.Fatal(err)
		}
		l.close()
	}
	if after := count(); after > before+5 {
		t.Errorf("%d goroutines after 1000 visits, %d before", after, before)
	}
	if n := feed.Watchers(); n != 0 {
		t.Errorf("%d pages are thought to read", n)
	}
}

// TestAddresses takes good addresses and refuses others, each in one line.
func TestAddresses(t *testing.T) {
	taken, err := live.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	host, _ := place(t, taken)
	for address, want := range map[string]string{
		"": "", ":0": "", "localhost": "", "127.0.0.1:0": "", "127.0.0.1": "",
		host: "is in use by another program", "127.0.0.1:99999": "port from 0 to 65535", "127.0.0.1:x": "port from 0 to 65535",
		"a:b:c": "want an address", "192.0.2.1:0": "live: ",
	} {
		s, err := live.Listen(address)
		if err == nil {
			if !s.Loopback() {
				t.Errorf("%q is reached from elsewhere", address)
			}
			s.Close()
		}
		if got := fmt.Sprint(err); (want == "") != (err == nil) || !strings.Contains(got, want) && want != "" || strings.Contains(got, "\n") {
			t.Errorf("%q gives %v, want %q", address, err, want)
		}
	}
}

// TestElsewhere listens on all addresses: then numbers and the machine's own name are answered, others are not.
func TestElsewhere(t *testing.T) {
	s, err := live.Listen("0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Start(feedOf(t, newRun(t, 16)), live.Actions{})
	defer s.Close()
	named, _ := place(t, s)
	name, port, _ := net.SplitHostPort(named)
	if own, err := os.Hostname(); err == nil && name != own || s.Loopback() {
		t.Errorf("the page is said to be at %s", named)
	}
	for host, want := range map[string]int{
		named: 200, "192.0.2.7:" + port: 200, "localhost:" + port: 200, "example.com:" + port: 403, name + ".example.com": 403,
	} {
		if status, _ := ask(t, "127.0.0.1:"+port, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"); status != want {
			t.Errorf("host %s: status %d, want %d", host, status, want)
		}
	}
}

// TestRecall goes on with a run behind whose checkpoint a crash has left junk: the page has what was done before, and the
// speed of what is done now.
func TestRecall(t *testing.T) {
	r := newRun(t, 40)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	longer, err := train.ResumeRun(r.Dir, train.Resumption{Iterations: 60})
	if err != nil {
		t.Fatal(err)
	}
	defer longer.Close()
	feed := feedOf(t, longer)
	appendTo(t, filepath.Join(r.Dir, "metrics.csv"), "41,0.5,\"junk\n")
	if err := live.Recall(longer, feed); err != nil {
		t.Fatal(err)
	}
	l := listen(t, serve(t, feed, live.Actions{}), "")
	defer l.close()
	m, err := l.message(t)
	if err != nil || len(m.Curves.Iteration) != 40 {
		t.Fatalf("the page begins with %+v, %v, want 40 iterations", m, err)
	}
	if err := longer.Train(context.Background(), backend(t), feed.Observe); err != nil {
		t.Fatal(err)
	}
	for n := 40; n < 60; {
		m, err := l.message(t)
		if err != nil || m.Anew || len(m.Curves.Iteration) > 0 && m.Curves.Iteration[0] != float64(n+1) {
			t.Fatalf("after iteration %d comes %+v, %v", n, m, err)
		}
		n += len(m.Curves.Iteration)
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// TestFollow reads a folder while a training writes it and after.
func TestFollow(t *testing.T) {
	r := newRun(t, 120)
	read, err := train.OpenRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	feed := feedOf(t, read)
	s := serve(t, feed, live.Actions{})
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		live.Follow(ctx, read, feed)
	}()
	defer func() { cancel(); <-gone }()
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	l := listen(t, s, "")
	defer l.close()
	seen := 0
	for {
		m, err := l.message(t)
		if err != nil {
			t.Fatal(err)
		}
		if m.Anew {
			seen = 0
		}
		if seen += len(m.Curves.Iteration); m.Status.Phase == "done" {
			break
		}
	}
	if seen != 120 {
		t.Errorf("a page saw %d iterations, want 120", seen)
	}
}

// TestFollowDamaged reads the folder of a run in whose metrics a crash has left junk: the page says so, and has the rows
// before and the snapshots.
func TestFollowDamaged(t *testing.T) {
	r := newRun(t, 20)
	if err := r.Train(context.Background(), backend(t)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	appendTo(t, filepath.Join(r.Dir, "metrics.csv"), "junk\n")
	read, err := train.OpenRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	feed := live.NewFeed("run", nil, 20, &live.Scene{Model: read.Model})
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	live.Follow(ended, read, feed) // looks once
	l := listen(t, serve(t, feed, live.Actions{}), "")
	defer l.close()
	m, err := l.message(t)
	if err != nil || len(m.Curves.Iteration) != 20 || len(m.Snapshots) == 0 || !strings.Contains(m.Status.Note, "line 22") {
		t.Errorf("the page has %+v, %v", m, err)
	}
}
