package live_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"neuralode/live"
	"neuralode/portrait"
	"neuralode/train"
)

// seriesRun is a run of three series of x = r·cos(t), y = −r·sin(t) with a constant r, whose ends are held out.
func seriesRun(t *testing.T, iterations int, change ...func(c *train.Config)) *train.Run {
	t.Helper()
	var text strings.Builder
	text.WriteString("id,t,x,y,r\n")
	for i := range 3 {
		for k := range 60 {
			at, r := 0.2*float64(k), 1+0.5*float64(i)
			fmt.Fprintf(&text, "s%d,%v,%v,%v,%v\n", i, at, r*math.Cos(at), -r*math.Sin(at), r)
		}
	}
	path := filepath.Join(t.TempDir(), "circles.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := train.SeriesDefaults(path)
	c.Hidden, c.Iterations, c.Patience, c.CheckpointEvery = []int{16}, iterations, 0, 10_000
	c.Features = []string{"x", "y"}
	for _, f := range change {
		f(&c)
	}
	r, err := train.NewRun(filepath.Join(t.TempDir(), "run"), c, backend(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func seriesFeed(t *testing.T, r *train.Run) *live.Feed {
	t.Helper()
	spec, err := r.Config.Spec()
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Model.Compile(backend(t), portrait.Quick(spec))
	if err != nil {
		t.Fatal(err)
	}
	scene := &live.Scene{Model: r.Model, Spec: portrait.Quick(spec), Series: portrait.NewSeries(r, p), Stages: r.Stages(),
		Solves: r.Model.SeriesBatch(r.Data.Series)}
	t.Cleanup(func() { _ = scene.Close() })
	feed := live.NewFeed("run", []live.Fact{{Name: "data", Value: "circles"}}, r.Config.Iterations, scene)
	history, err := r.History()
	if err != nil {
		t.Fatal(err)
	}
	feed.Keep(history, 0)
	return feed
}

// TestSeriesOnThePage reads what a page is told of series: each view with all that was observed, the stages, and a picture
// whose curves begin at the first rows.
func TestSeriesOnThePage(t *testing.T) {
	r := seriesRun(t, 1000)
	host, token := place(t, serve(t, seriesFeed(t, r), live.Actions{}))
	answer, err := http.Get("http://" + host + "/events?token=" + token)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	type view struct {
		Plane  bool
		Limits []float64
		Tracks []struct {
			Name, Colour   string
			Observed, Held []float64
		}
	}
	var told struct {
		About struct {
			Span   []float64
			Series struct {
				Views  []view
				Stages []struct {
					Until    int
					Duration *float64
				}
			}
		}
	}
	var picture struct {
		Steps []int
		Views []struct {
			Curves [][]float64
			U      []float64
		}
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok && strings.Contains(text, `"about"`) {
			if err := json.Unmarshal([]byte(text), &told); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	status, body := ask(t, host, "GET /picture?iteration=0&token="+token+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
	if err := json.Unmarshal([]byte(body), &picture); status != 200 || err != nil {
		t.Fatalf("status %d, %v", status, err)
	}
	s := told.About.Series
	if len(s.Views) != 3 || s.Views[0].Plane || !s.Views[2].Plane || len(picture.Views) != 3 {
		t.Fatalf("%d views and pictures of %d", len(s.Views), len(picture.Views))
	}
	if n := len(s.Stages); n < 2 || s.Stages[n-1].Duration != nil || s.Stages[n-1].Until != 1000 || s.Stages[0].Duration == nil {
		t.Errorf("stages %+v", s.Stages)
	}
	if span := told.About.Span; math.Abs(span[0]) > 1e-6 || math.Abs(span[1]-9.4) > 1e-6 {
		t.Errorf("span %v, want that of the training", span)
	}
	for k, v := range s.Views {
		for i, track := range v.Tracks {
			if n := len(track.Observed) + len(track.Held); n != 2*60 || track.Name != fmt.Sprintf("id s%d", i) {
				t.Errorf("view %d: %q has %d observations", k, track.Name, n/2)
			}
			curve := picture.Views[k].Curves[i]
			if math.Abs(curve[0]-track.Observed[0]) > 1e-4 || math.Abs(curve[1]-track.Observed[1]) > 1e-4 {
				t.Errorf("view %d: the curve begins at %v, what was observed at %v", k, curve[:2], track.Observed[:2])
			}
		}
	}
	if len(picture.Views[2].U) == 0 || len(picture.Views[0].U) != 0 {
		t.Error("arrows belong to the plane alone")
	}
}

// TestPicturesOfEachModel: whatever the model is made of, its picture has curves and steps.
func TestPicturesOfEachModel(t *testing.T) {
	for name, change := range map[string]func(c *train.Config){
		"time":      func(c *train.Config) { c.Time = true },
		"augmented": func(c *train.Config) { c.Augment = 1 },
		"constants": func(c *train.Config) { c.Constants = []string{"r"} },
		"latent":    func(c *train.Config) { c.Latent, c.Lift, c.LiftFrom, c.Readout = 3, "mlp", 5, "mlp" },
		"second":    func(c *train.Config) { c.SecondOrder = true },
		"inputs":    func(c *train.Config) { c.Inputs = []string{"r"} },
		"learnt":    func(c *train.Config) { c.Start = "learnt" },
	} {
		host, token := place(t, serve(t, seriesFeed(t, seriesRun(t, 16, change)), live.Actions{}))
		status, body := ask(t, host, "GET /picture?iteration=0&token="+token+" HTTP/1.1\r\nHost: "+host+
			"\r\nConnection: close\r\n\r\n")
		var picture struct {
			Note  string
			Steps []int
			Views []struct{ Curves [][]float64 }
		}
		err := json.Unmarshal([]byte(body), &picture)
		if status != 200 || err != nil || picture.Note != "" || len(picture.Views) == 0 {
			t.Errorf("%s: status %d, %v, %.200s", name, status, err, body)
			continue
		}
		if c := picture.Views[0].Curves; len(c) != 3 || len(c[0]) < 200 || !slices.ContainsFunc(picture.Steps, func(n int) bool { return n > 0 }) {
			t.Errorf("%s: %d curves, steps %v", name, len(c), picture.Steps)
		}
	}
}

// TestSeriesPage trains on series before the eyes of a browser.
func TestSeriesPage(t *testing.T) {
	b := open(t)
	r := seriesRun(t, 4000)
	training := beginOf(t, r, seriesFeed(t, r), 2*time.Millisecond)
	b.do(t, chromedp.Navigate(training.server.Address()))
	b.until(t, `document.getElementById("phase").textContent === "training"`)
	b.until(t, `(document.getElementById("view-caption-0") || {textContent: ""}).textContent.startsWith("x over t after iteration ")`)
	for _, part := range []string{`("#view-0", 0, 0, 1, 1)`, `("#view-1", 0, 0, 1, 1)`, `("#view-2", 0, 0, 1, 1)`,
		`("#view-0", 0, 0, 0.08, 1)`, `("#view-0", 0, 0.85, 1, 0.15)`} {
		if value[float64](t, b, inked+part) < 0.002 {
			t.Errorf("nothing is drawn in %s", part)
		}
	}
	if hidden := value[bool](t, b, `document.getElementById("plane").hidden`); !hidden {
		t.Error("there is room for a decision map")
	}
	if text := value[string](t, b, `document.getElementById("tracks").innerText`); !strings.Contains(text, "id s1") ||
		!strings.Contains(text, "held out") {
		t.Errorf("the key says %q", text)
	}
	first := value[string](t, b, `document.getElementById("horizon").textContent`)
	if first == "–" || first == "whole series" {
		t.Errorf("it begins with the horizon %q", first)
	}
	b.keep(t, "series")
	b.view(t, 390, 844, "dark")
	if over := value[int](t, b, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
		t.Errorf("on a phone the page is %d pixels wider", over)
	}
	b.keep(t, "series-phone")
	b.view(t, 1280, 900, "light")
	b.until(t, `document.getElementById("slider").max > 2`)
	now := value[string](t, b, `document.getElementById("view-0").toDataURL()`)
	b.do(t, chromedp.Focus(chromedp.ID("slider")), chromedp.KeyEvent(kb.Home))
	b.until(t, `document.getElementById("view-caption-2").textContent === "y over x before the training"`)
	b.until(t, `document.getElementById("view-0").toDataURL() !== `+fmt.Sprintf("%q", now))
	b.until(t, `document.getElementById("horizon").textContent !== "`+first+`"`)
	b.keep(t, "series-before")
	training.stop()
	<-training.ended
	training.feed.End(live.Stopped, "Stopped.")
	b.until(t, `document.getElementById("phase").textContent === "stopped"`)
	b.quiet(t)
}
