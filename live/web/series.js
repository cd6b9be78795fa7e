// Draws the views of series: what was observed, what was held out, and what the model makes of each from its first row
// on. It looks as the figures of package figure do.
"use strict";

const Series = (() => {
  const ratio = 0.6; // of height to width

  // stageOf is the stage of an iteration, of the first for 0.
  const stageOf = (stages, iteration) => stages.find(s => s.until >= iteration) || null;

  // places calls visit with each of the points of a list of x and y in turn.
  function places(list, visit) {
    for (let k = 0; list && k < list.length; k += 2) visit(list[k], list[k + 1], k);
  }

  // view draws one, with the curves of a picture where there is one, and a bar as long as the windows of its stage.
  function view(canvas, of, p, stage) {
    const t = Plane.theme(), s = Plane.stage(canvas, of.limits, of.axes, t, ratio);
    const many = of.tracks.reduce((n, track) => n + (track.observed || []).length + (track.held || []).length, 0) > 600;
    const r = many ? 1.8 : 2.8;
    Plane.inside(s, c => {
      if (p && p.limits) Plane.arrows(s, p);
      of.tracks.forEach(track => dots(s, track, r));
      of.tracks.forEach((track, i) => p && p.curves && curve(s, p.curves[i], colourOf(track, t)));
      if (!of.plane && stage && stage.duration !== null) bar(s, of.limits, stage.duration);
    });
  }

  const colourOf = (track, t) => Plane.css(Plane.shade(track.colour, t));

  // dots are what was observed, rings what was held out.
  function dots({ c, x, y, t }, track, r) {
    const colour = colourOf(track, t), path = kind => {
      const all = new Path2D();
      places(kind, (px, py) => {
        all.moveTo(x(px) + r, y(py));
        all.arc(x(px), y(py), r, 0, 2 * Math.PI);
      });
      return all;
    };
    c.globalAlpha = 0.65;
    c.fillStyle = colour;
    c.fill(path(track.observed));
    c.globalAlpha = 1;
    const rings = path(track.held);
    c.fillStyle = t.card;
    c.fill(rings);
    c.lineWidth = 1.1;
    c.strokeStyle = colour;
    c.stroke(rings);
  }

  function curve({ c, x, y }, list, colour) {
    c.strokeStyle = colour;
    c.lineWidth = 1.8;
    c.lineJoin = "round";
    c.beginPath();
    places(list, (px, py, k) => c[k ? "lineTo" : "moveTo"](x(px), y(py)));
    c.stroke();
  }

  // bar shows how long the windows are that the training sees.
  function bar({ c, box, x, t }, [x0, x1], duration) {
    const from = box.x + 8, length = Math.min(x(x0 + duration) - x(x0), box.w - 16), at = box.y + 14;
    c.strokeStyle = c.fillStyle = t.ink;
    c.lineWidth = 1.2;
    c.beginPath();
    for (const end of [from, from + length]) {
      c.moveTo(end, at - 4);
      c.lineTo(end, at + 4);
    }
    c.moveTo(from, at);
    c.lineTo(from + length, at);
    c.stroke();
    c.font = Plane.font;
    c.textAlign = "left";
    c.textBaseline = "top";
    c.fillText("horizon", from, at + 6);
  }

  // key lists the series, and what dots, rings and lines are, as elements.
  function key(tracks) {
    const t = Plane.theme(), list = [], piece = (kind, text, colour) => {
      const item = document.createElement("span"), mark = document.createElement("i");
      mark.className = kind;
      if (colour) mark.style.background = colour;
      item.append(mark, text);
      list.push(item);
    };
    for (const track of tracks) if (track.name) piece("stroke", track.name, colourOf(track, t));
    piece("swatch s0 plain", "observed");
    if (tracks.some(track => track.held && track.held.length)) piece("ring apart", "held out");
    piece("stroke plain", "model");
    return list;
  }

  return { view, key, stageOf };
})();
