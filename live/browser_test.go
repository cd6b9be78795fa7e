package live_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"neuralode/live"
)

// browserPrograms are the names of Chromium.
var browserPrograms = []string{"chromium", "chromium-browser", "google-chrome"}

// browser is a tab of a headless Chromium, with what its console said.
type browser struct {
	ctx     context.Context
	console <-chan string
}

// open starts Chromium. Without one the test is skipped, unless NEURALODE_REQUIRE_BROWSER_TESTS is set.
func open(t *testing.T) *browser {
	t.Helper()
	var path string
	for _, name := range browserPrograms {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" && os.Getenv("NEURALODE_REQUIRE_BROWSER_TESTS") != "" {
		t.Fatalf("there is none of %v", browserPrograms)
	}
	if path == "" {
		t.Skipf("there is none of %v", browserPrograms)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(1280, 900))
	ctx, cancelProcess := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancelProcess)
	ctx, cancelTab := chromedp.NewContext(ctx)
	t.Cleanup(cancelTab)
	ctx, cancelTime := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancelTime)
	return &browser{ctx, console(ctx)}
}

// console is what a tab says on it, but for plain messages.
func console(ctx context.Context) <-chan string {
	said := make(chan string, 100)
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" || m.Type == "warning" {
				said <- m.String()
			}
		}
	}()
	return said
}

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition of the page.
func (b *browser) until(t *testing.T, condition string) {
	t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		b.keep(t, "failed")
		t.Fatalf("%s: %v; the page says %q", condition, err, value[string](t, b, `document.body.innerText`))
	}
}

// value is that of an expression in the page.
func value[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// view makes the window that wide, and the page light or dark.
func (b *browser) view(t *testing.T, width, height int64, scheme string) {
	t.Helper()
	b.do(t, chromedp.EmulateViewport(width, height))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // for the page to be drawn again
}

// keep writes a picture of the whole page for a person to look at, where NEURALODE_SCREENSHOTS names a folder.
func (b *browser) keep(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("NEURALODE_SCREENSHOTS")
	if dir == "" {
		return
	}
	image, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), image, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}

// quiet reports what the console said.
func (b *browser) quiet(t *testing.T) {
	t.Helper()
	for {
		select {
		case text := <-b.console:
			t.Errorf("the console says: %s", text)
		default:
			return
		}
	}
}

// inked is the part of the pixels in a part of a canvas that are drawn.
const inked = `((id, x, y, w, h) => {
	const canvas = document.querySelector(id), copy = new OffscreenCanvas(canvas.width, canvas.height);
	const c = copy.getContext("2d", { willReadFrequently: true });
	c.drawImage(canvas, 0, 0);
	const data = c.getImageData(x * canvas.width, y * canvas.height, w * canvas.width, h * canvas.height).data;
	let n = 0;
	for (let i = 3; i < data.length; i += 4) if (data[i] > 40) n++;
	return n / (data.length / 4);
})`

// TestPage trains before the eyes of a browser.
func TestPage(t *testing.T) {
	b := open(t)
	training := begin(t, 8000, 5*time.Millisecond) // longer than the browser looks
	b.do(t, chromedp.Navigate(training.server.Address()))
	t.Run("it draws", func(t *testing.T) {
		b.until(t, `document.getElementById("phase").textContent === "training"`)
		b.until(t, `document.getElementById("field-caption").textContent !== "Dynamics"`)
		for _, part := range []string{
			`("#field", 0, 0, 1, 1)`, `("#map", 0, 0, 1, 1)`, `("#loss-chart canvas", 0, 0, 1, 1)`, `("#nfe-chart canvas", 0, 0, 1, 1)`,
			`("#steps-chart canvas", 0, 0, 1, 1)`,
			`("#field", 0, 0, 0.08, 1)`, `("#field", 0, 0.93, 1, 0.07)`, // what stands along the axes
			`("#loss-chart canvas", 0, 0, 0.07, 1)`, `("#loss-chart canvas", 0, 0.9, 1, 0.1)`,
		} {
			if value[float64](t, b, inked+part) < 0.002 {
				t.Errorf("nothing is drawn in %s", part)
			}
		}
	})
	t.Run("the curve moves", func(t *testing.T) {
		picture := `document.querySelector("#loss-chart canvas").toDataURL()`
		before, at := value[string](t, b, picture), value[string](t, b, `document.getElementById("iteration").textContent`)
		b.until(t, `document.getElementById("iteration").textContent !== "`+at+`"`)
		time.Sleep(100 * time.Millisecond)
		if value[string](t, b, picture) == before {
			t.Error("the curve has stood still")
		}
		b.keep(t, "wide")
	})
	t.Run("it fits a phone", func(t *testing.T) {
		for _, width := range []int64{320, 390} {
			b.view(t, width, 844, "light")
			if over := value[int](t, b, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
				t.Errorf("%d pixels wide, the page is %d wider", width, over)
			}
			b.keep(t, "phone")
		}
	})
	t.Run("it is dark where that is wanted", func(t *testing.T) {
		b.view(t, 1280, 900, "light")
		colour := `getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color`
		light, lightField := value[string](t, b, colour), value[string](t, b, `document.querySelector("#field").toDataURL()`)
		b.view(t, 1280, 900, "dark")
		if value[string](t, b, colour) == light || value[string](t, b, `document.querySelector("#field").toDataURL()`) == lightField {
			t.Error("it looks the same in the dark")
		}
		b.keep(t, "dark")
	})
	t.Run("keys move it through the history", func(t *testing.T) {
		b.view(t, 1280, 900, "light")
		b.until(t, `document.getElementById("slider").max > 2`)
		b.do(t, chromedp.Focus(chromedp.ID("slider")), chromedp.KeyEvent(kb.Home))
		b.until(t, `document.getElementById("field-caption").textContent === "Dynamics before the training"`)
		b.do(t, chromedp.KeyEvent(kb.ArrowRight))
		b.until(t, `document.getElementById("moment").textContent.startsWith("iteration ")`)
		b.keep(t, "history")
		b.do(t, chromedp.KeyEvent(kb.End))
		b.until(t, `document.getElementById("moment").textContent === "latest"`)
	})
	t.Run("buttons", func(t *testing.T) {
		b.do(t, chromedp.Click(chromedp.ID("checkpoint")))
		b.until(t, `document.getElementById("kept").textContent !== "0"`)
		b.do(t, chromedp.Click(chromedp.ID("stop")))
		select {
		case <-training.ended:
			t.Fatal("one press has stopped the training")
		case <-time.After(200 * time.Millisecond):
		}
		b.do(t, chromedp.Click(chromedp.ID("stop")))
		if err := <-training.ended; !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped, the training ends with %v", err)
		}
		training.feed.End(live.Stopped, "Stopped.")
		b.until(t, `document.getElementById("phase").textContent === "stopped"`)
	})
	b.quiet(t)
	t.Run("the program ends", func(t *testing.T) {
		training.server.Close()
		b.until(t, `document.getElementById("banner").textContent.includes("The program has ended")`)
		if text := value[string](t, b, `document.getElementById("banner").innerText`); strings.Contains(text, "\n") {
			t.Errorf("want one line, got %q", text)
		}
		b.keep(t, "ended")
	})
	t.Run("the program is killed", func(t *testing.T) {
		training := begin(t, 8000, 5*time.Millisecond)
		b.do(t, chromedp.Navigate(training.server.Address()))
		b.until(t, `document.getElementById("phase").textContent === "training"`)
		training.server.Close()
		b.until(t, `document.getElementById("banner").innerText.startsWith("No connection to the program")`)
		if text := value[string](t, b, `document.getElementById("banner").innerText`); strings.Contains(text, "\n") {
			t.Errorf("want one line, got %q", text)
		}
	})
	t.Run("the address is not whole", func(t *testing.T) {
		address, _, _ := strings.Cut(begin(t, 8000, 5*time.Millisecond).server.Address(), "#")
		b.do(t, chromedp.Navigate(address))
		b.until(t, `document.getElementById("banner").textContent.includes("whole address")`)
	})
}
