// The page of a run: reads the server's events, keeps what they say, and draws it. Nothing is asked of the server but
// pictures of earlier moments and what the buttons do.
"use strict";

(() => {
  const $ = id => document.getElementById(id);
  const token = new URLSearchParams(location.hash.slice(1)).get("token") || "";

  const run = {
    about: null,
    status: null,
    curves: { iteration: [], loss: [], validation: [], nfe: [], nfeMax: [] },
    snapshots: [],
    pictures: new Map(), // by iteration
    newest: -1, // the iteration of the newest picture
  };
  let viewed = null; // the iteration that the slider is at, null: the latest

  // What has to be drawn again, at the next frame that the browser shows.
  const stale = { charts: false, pictures: false, numbers: false };
  let scheduled = false;
  function redraw(...what) {
    for (const w of what) stale[w] = true;
    if (scheduled || document.hidden) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      if (!run.about) return;
      if (stale.numbers) drawNumbers();
      if (stale.charts) drawCharts();
      if (stale.pictures) drawPictures();
      stale.numbers = stale.charts = stale.pictures = false;
    });
  }
  const everything = () => redraw("numbers", "charts", "pictures");

  // ---- reading

  const final = () => run.status && ["done", "stopped", "failed"].includes(run.status.phase);

  function say(text) {
    $("banner").textContent = text;
    $("banner").hidden = !text;
  }

  function connect() {
    if (!token) {
      $("phase").textContent = "not connected";
      say("This page needs the whole address that the program printed, with its token.");
      return;
    }
    const source = new EventSource("/events?token=" + encodeURIComponent(token));
    source.onopen = () => say(run.status ? run.status.note : "");
    source.onmessage = e => take(JSON.parse(e.data));
    source.addEventListener("picture", e => keep(JSON.parse(e.data), true));
    source.onerror = () => {
      if (final() && run.about.actions) { // the program ends with the training
        source.close();
        say(`${run.status.note} The program has ended; neuralode live shows the run again.`.trim());
        $("checkpoint").disabled = $("stop").disabled = true;
        stopPlaying();
        return;
      }
      if (source.readyState === EventSource.CLOSED) {
        say("The program refuses this page: open the address that it printed last.");
        return;
      }
      say("No connection to the program: it has ended or is out of reach. Trying again…");
    };
  }

  function take(message) {
    if (message.about) introduce(message.about);
    run.status = message.status;
    for (const [name, values] of Object.entries(message.curves)) {
      if (message.anew) run.curves[name] = values;
      else for (const v of values) run.curves[name].push(v);
    }
    run.snapshots = message.snapshots || [];
    say(run.status.note);
    everything();
  }

  // introduce begins anew with a run.
  function introduce(about) {
    run.about = about;
    run.pictures.clear();
    run.newest = -1;
    viewed = null;
    document.title = about.title + " – neuralode";
    $("title").textContent = about.title;
    $("actions").hidden = !about.actions;
    $("plane").hidden = !about.plane;
    $("series").hidden = $("horizon-number").hidden = !about.series;
    if (about.series) makeViews(about.series);
    $("facts").replaceChildren(...about.facts.flatMap(f => ["dt", "dd"].map((tag, i) => {
      const e = document.createElement(tag);
      e.textContent = i ? f.value : f.name;
      return e;
    })));
    if (about.plane && about.plane.classes === 0) $("map-caption").textContent = "Prediction";
    makeCharts();
  }

  let canvases = []; // of the views of series

  function makeViews(series) {
    const cards = series.views.map((view, i) => {
      const card = document.createElement("figure"), caption = document.createElement("figcaption"), canvas = document.createElement("canvas");
      card.className = "card";
      caption.id = `view-caption-${i}`;
      canvas.id = `view-${i}`;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${viewName(view)}: what was observed, and what the model makes of it`);
      card.append(caption, canvas);
      return card;
    });
    $("views").replaceChildren(...cards);
    canvases = cards.map(card => card.querySelector("canvas"));
  }

  const viewName = view => `${view.axes[1]} over ${view.axes[0]}`;

  function keep(picture, newest) {
    run.pictures.set(picture.iteration, picture);
    if (newest) run.newest = picture.iteration;
    redraw("pictures", "charts");
  }

  // ---- numbers

  const integer = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

  // digits writes a number with n of them, small ones with a power of ten.
  function digits(x, n) {
    if (x === null || x === undefined) return "–";
    return x !== 0 && Math.abs(x) < 1e-3 ? x.toExponential(n - 1).replace("e-", "e−") : String(+x.toPrecision(n));
  }

  function duration(seconds) {
    if (!(seconds > 0)) return "–";
    if (seconds < 10) return seconds.toFixed(1) + " s";
    const s = Math.round(seconds);
    if (s < 60) return s + " s";
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
    return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  }

  const phases = { training: "training", watched: "watching the run's folder", done: "done", stopped: "stopped", failed: "failed" };

  function drawNumbers() {
    const s = run.status;
    $("phase").textContent = phases[s.phase];
    $("phase").className = "phase " + s.phase;
    $("progress").max = s.total;
    $("progress").value = s.iteration;
    $("iteration").textContent = `${integer.format(s.iteration)} of ${integer.format(s.total)}`;
    $("loss").textContent = s.iteration ? digits(s.loss, 4) : "–";
    $("validation").textContent = digits(s.validation, 4);
    $("validation-number").hidden = s.validation === null || !s.iteration;
    const score = s.accuracy === null ? s.r2 : s.accuracy;
    $("score-name").textContent = s.accuracy === null ? "Validation R²" : "Validation accuracy";
    $("score").textContent = digits(score, 3);
    $("score-number").hidden = score === null || !s.iteration;
    if (run.about.series) $("horizon").textContent = horizon(Series.stageOf(run.about.series.stages || [], Math.min(s.iteration + 1, s.total)));
    $("nfe").textContent = s.iteration ? digits(s.nfe, 3) : "–";
    $("speed").textContent = s.samplesPerSecond ? integer.format(s.samplesPerSecond) : "–";
    $("elapsed").textContent = duration(s.elapsed);
    $("left").textContent = s.iteration >= s.total || final() ? "–" : duration(s.left);
    $("kept").textContent = integer.format(s.kept);
    $("checkpoint").disabled = $("stop").disabled = s.phase !== "training";
    const moments = run.snapshots.length;
    $("time").hidden = moments < 2 && viewed === null || !run.about.plane && !run.about.series && !run.about.steps;
    $("slider").max = Math.max(0, moments - 1);
    if (viewed === null) $("slider").value = moments - 1;
    drawMoment();
  }

  // horizon is how much of each series the next iteration sees.
  const horizon = stage => !stage ? "–" : stage.duration === null ? "whole series" : digits(stage.duration, 3);

  function drawMoment() {
    const at = viewed === null ? run.newest : viewed;
    const text = viewed === null ? "latest" : `iteration ${integer.format(viewed)}`;
    $("moment").textContent = text;
    $("slider").setAttribute("aria-valuetext", text);
    $("latest").disabled = viewed === null;
    if (at >= 0) {
      const when = at === 0 ? "before the training" : `after iteration ${integer.format(at)}`;
      $("field-caption").textContent = "Dynamics " + when;
      if (run.about.series) run.about.series.views.forEach((view, i) => $(`view-caption-${i}`).textContent = `${viewName(view)} ${when}`);
      $("steps-caption").textContent = "Sizes of steps " + when;
    }
  }

  // ---- pictures

  const shown = () => run.pictures.get(viewed === null ? run.newest : viewed);

  function drawPictures() {
    const p = shown(), plane = run.about.plane, series = run.about.series;
    drawMoment();
    if (plane) {
      if (p || viewed === null) {
        Plane.field($("field"), plane, p);
        Plane.map($("map"), plane, p);
      }
      $("classes").replaceChildren(...Plane.key(plane));
    }
    if (p && p.note) say(p.note);
    const hidden = !p || !p.steps.some(n => n > 0);
    if ($("steps-card").hidden !== hidden) {
      $("steps-card").hidden = hidden;
      charts.steps.setSize(size("steps-chart")); // what is hidden has none
    }
    if (series) {
      const stage = Series.stageOf(series.stages || [], p ? p.iteration : run.status.iteration);
      series.views.forEach((view, i) => Series.view(canvases[i], view, p && p.views && p.views[i], stage));
      $("tracks").replaceChildren(...Series.key(series.views[0].tracks));
    }
    if (p) charts.steps.setData(bars(p.steps));
  }

  // bars are the sizes of steps in order; the chart's axis is by their number.
  const bars = counts => [counts.map((_, i) => i + 0.5), counts.map(n => n || null)];

  // ---- charts

  const charts = {};
  const unknown = v => digits(v, 4);

  function makeCharts() {
    const t = Plane.theme(), font = "12px 'Liberation Sans', 'Helvetica Neue', Arial, sans-serif";
    for (const c of Object.values(charts)) c.destroy();
    const axis = more => ({ stroke: t.faint, font, grid: { stroke: t.grid, width: 1 }, ticks: { stroke: t.line, width: 1, size: 4 }, gap: 4, ...more });
    const iterations = axis({ space: 60, size: 28, values: (_, vs) => vs.map(v => Number.isInteger(v) ? integer.format(v) : "") });
    const options = (id, series, axes, more) => ({
      width: size(id).width, height: size(id).height, series, axes,
      cursor: { points: { size: 6 }, y: false, drag: { x: false, y: false } },
      legend: { live: true },
      hooks: { draw: [mark] }, ...more,
    });
    const line = (label, stroke, width, more) => ({ label, stroke, width, points: { show: false }, spanGaps: false, value: (_, v) => unknown(v), ...more });
    const iteration = { label: "Iteration", value: (_, v) => v === null ? "–" : integer.format(v) };
    charts.loss = new uPlot(options("loss-chart", [iteration, line("loss", t.accentPale, 1), line("its moving mean", t.accent, 2),
      line("validation", t.second, 2, { spanGaps: true })], [iterations, axis({ size: 56, splits: (u, _, lo, hi) => magnitudes(lo, hi), filter: (_, splits) => splits, values: (_, vs) => vs.map(v => String(+v.toPrecision(3))) })],
      { scales: { x: { time: false }, y: { distr: 3, range: (_, lo, hi) => lo > 0 ? [lo / 1.2, hi * 1.2] : [0.1, 1] } } }), [[], [], [], []], $("loss-chart"));
    charts.nfe = new uPlot(options("nfe-chart", [iteration, line("largest", t.thirdPale, 1), line("mean", t.third, 2)], [iterations, axis({ size: 44 })],
      { scales: { x: { time: false }, y: { range: (_, lo, hi) => [0, Math.max(hi || 1, 1) * 1.08] } } }), [[], [], []], $("nfe-chart"));
    const ends = run.about.stepBins;
    const size2 = (_, splits) => splits.map(i => Number.isInteger(i) && ends[i] !== undefined ? String(+ends[i].toPrecision(2)) : "");
    charts.steps = new uPlot(options("steps-chart", [{ label: "Step near", value: (_, v) => v === null ? "–" : unknown(Math.sqrt(ends[v - 0.5] * ends[v + 0.5])) },
      { label: "accepted steps", stroke: t.accent, fill: t.accentPale, width: 1, paths: uPlot.paths.bars({ size: [1], gap: 1 }), points: { show: false }, value: (_, v) => unknown(v) }],
      [axis({ size: 28, splits: () => decades(ends), values: size2 }), axis({ size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] })],
      { hooks: {}, scales: { x: { time: false, range: [0, ends.length - 1] }, y: { range: (_, lo, hi) => [0, Math.max(hi || 1, 1) * 1.08] } } }),
      [[], []], $("steps-chart"));
    redraw("charts", "pictures");
  }

  // magnitudes are the round numbers from lo to hi on a logarithmic axis.
  function magnitudes(lo, hi) {
    const decades = Math.log10(hi / lo), list = [];
    const digits = decades < 0.7 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : decades < 2.5 ? [1, 2, 5] : [1];
    const each = Math.max(1, Math.ceil(decades / 8));
    for (let e = Math.floor(Math.log10(lo)); e <= Math.log10(hi); e += each)
      for (const d of digits) if (d * 10 ** e >= lo && d * 10 ** e <= hi) list.push(+`${d}e${e}`);
    return list;
  }

  // decades are the places of the ends that lie a decade of the span apart.
  function decades(ends) {
    const each = Math.round(1 / Math.log10(ends[1] / ends[0])), list = [];
    for (let i = 0; i < ends.length; i += each) list.push(i);
    return list;
  }

  // size is what a chart has room for; the legend is below it.
  function size(id) {
    return { width: Math.max(220, $(id).clientWidth), height: 200 };
  }

  // mark draws a line at the moment that the slider is at, and where the horizon of series becomes another.
  function mark(u) {
    const t = Plane.theme(), stages = run.about.series && run.about.series.stages || [];
    for (const s of stages.slice(0, -1)) upright(u, s.until + 0.5, t.faint, [1, 3]);
    if (viewed !== null) upright(u, viewed, t.ink, [4, 3]);
  }

  function upright(u, at, colour, dashes) {
    const x = Math.round(u.valToPos(at, "x", true)), { ctx, bbox } = u;
    if (!(x >= bbox.left && x <= bbox.left + bbox.width)) return;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(dashes.map(d => d * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  function drawCharts() {
    const c = run.curves;
    const loss = c.loss.map(positive), validation = c.validation.map(positive), known = validation.some(v => v !== null);
    charts.loss.setData([c.iteration, loss, smooth(loss), validation]);
    if (charts.loss.series[3].show !== known) charts.loss.setSeries(3, { show: known });
    charts.nfe.setData([c.iteration, c.nfeMax, c.nfe]);
  }

  const positive = v => v > 0 ? v : null; // a logarithmic axis has no place for others

  // smooth is the centred moving geometric mean, with the window of the figure: about a twentieth of the values.
  function smooth(values) {
    const half = Math.min(Math.floor(values.length / 40), 250), sums = [0], counts = [0];
    values.forEach((v, i) => {
      sums.push(sums[i] + (v === null ? 0 : Math.log(v)));
      counts.push(counts[i] + (v === null ? 0 : 1));
    });
    return values.map((_, i) => {
      const from = Math.max(0, i - half), to = Math.min(values.length, i + half + 1), n = counts[to] - counts[from];
      return 2 * n >= to - from && n > 0 ? Math.exp((sums[to] - sums[from]) / n) : null;
    });
  }

  // ---- moments of the training

  let asked = null; // the request for a picture that is under way

  // view shows a snapshot by its place on the slider; the last is the latest.
  function view(place) {
    viewed = place >= +$("slider").max ? null : run.snapshots[place];
    drawMoment();
    redraw("pictures", "charts");
    if (asked) asked.abort(); // nobody waits for that one any more
    asked = null;
    if (viewed !== null && !run.pictures.has(viewed)) ask(viewed, asked = new AbortController());
  }

  // ask fetches the picture of an iteration.
  async function ask(iteration, request) {
    try {
      const answer = await fetch(`/picture?iteration=${iteration}&token=${encodeURIComponent(token)}`, { signal: request.signal });
      if (answer.ok) keep(await answer.json(), false);
      else say(await answer.text());
    } catch {
      if (!request.signal.aborted) say("That moment was not shown before, and the program has ended or is out of reach.");
    }
  }

  let playing = 0;

  function stopPlaying() {
    clearTimeout(playing);
    playing = 0;
    $("play").textContent = "Play";
    $("play").setAttribute("aria-pressed", "false");
  }

  // step shows the next moment as soon as this one is there.
  function step() {
    const slider = $("slider");
    if (viewed === null || +slider.value >= +slider.max) return stopPlaying();
    if (run.pictures.has(viewed)) {
      slider.value = +slider.value + 1;
      view(+slider.value);
    }
    playing = setTimeout(step, 150);
  }

  $("play").onclick = () => {
    if (playing) return stopPlaying();
    $("play").textContent = "Pause";
    $("play").setAttribute("aria-pressed", "true");
    if (viewed === null) {
      $("slider").value = 0;
      view(0);
    }
    playing = setTimeout(step, 150);
  };
  $("slider").oninput = e => {
    stopPlaying();
    view(+e.target.value);
  };
  $("latest").onclick = () => {
    stopPlaying();
    $("slider").value = $("slider").max;
    view(+$("slider").max);
  };

  // ---- buttons

  async function act(path) {
    try {
      const answer = await fetch(path, { method: "POST", headers: { "X-Neuralode-Token": token } });
      if (!answer.ok) say(await answer.text());
    } catch {
      say("The program did not hear that: it has ended or is out of reach.");
    }
  }

  $("checkpoint").onclick = () => act("/checkpoint");

  // stop wants to be pressed twice: a training is not ended by a slip.
  let sure = 0;
  $("stop").onclick = () => {
    if (sure) {
      unsure();
      return act("/stop");
    }
    $("stop").textContent = "Stop with a checkpoint?";
    $("stop").classList.add("sure");
    sure = setTimeout(unsure, 4000);
  };
  function unsure() {
    clearTimeout(sure);
    sure = 0;
    $("stop").textContent = "Stop";
    $("stop").classList.remove("sure");
  }

  // ---- the page itself

  document.addEventListener("visibilitychange", () => run.about && everything());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => run.about && (makeCharts(), everything()));
  new ResizeObserver(() => {
    if (!run.about) return;
    for (const [name, c] of Object.entries(charts)) c.setSize(size(name + "-chart"));
    redraw("pictures");
  }).observe(document.querySelector("main"));

  connect();
})();
