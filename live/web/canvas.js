// Draws the two pictures of the plane: the field with trajectories and data, and the map of answers. It looks as the
// figures of package figure do.
"use strict";

const Plane = (() => {
  const font = "12px 'Liberation Sans', 'Helvetica Neue', Arial, sans-serif";
  const widest = 4; // of one side to the other, up to which both axes have one scale

  // theme is the colours that the style sheet has now.
  function theme() {
    const style = getComputedStyle(document.documentElement);
    const of = name => style.getPropertyValue("--" + name).trim();
    return {
      dark: matchMedia("(prefers-color-scheme: dark)").matches,
      card: of("card"), ink: of("ink"), faint: of("faint"), line: of("line"), grid: of("grid"), arrow: of("arrow"),
      accent: of("accent"), accentPale: of("accent-pale"), second: of("second"), third: of("third"), thirdPale: of("third-pale"),
    };
  }

  const parse = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
  const mix = (a, b, t) => a.map((x, i) => Math.round(x + t * (b[i] - x)));
  const css = c => `rgb(${c[0]},${c[1]},${c[2]})`;

  // shade is a colour of the figures, lighter where the page is dark.
  const shade = (hex, t) => t.dark ? mix(parse(hex), [255, 255, 255], 0.25) : parse(hex);

  // ramp is the colour of u in 0 to 1 along equal steps.
  function ramp(colours, u) {
    const x = Math.min(Math.max(u, 0), 1) * (colours.length - 1), i = Math.min(Math.floor(x), colours.length - 2);
    return mix(colours[i], colours[i + 1], x - i);
  }

  // colourOf is a function from labels to colours.
  function colourOf(plane, t) {
    const colours = plane.colours.map(c => shade(c, t));
    if (plane.classes > 0) return label => colours[label] || [128, 128, 128];
    const [lo, hi] = plane.range;
    return label => ramp(colours, (label - lo) / (hi - lo));
  }

  // ticks are round numbers between lo and hi.
  function ticks(lo, hi, about) {
    const raw = (hi - lo) / about, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map(k => k * power).find(s => s >= raw);
    const list = [];
    for (let k = Math.ceil(lo / step); k * step <= hi + step * 1e-9; k++) list.push(k * step);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const text = v => Math.abs(v) >= 1e5 || step < 1e-4 ? v.toExponential(1) : v.toFixed(Math.min(digits, 8));
    return list.map(v => [v, text(v).replace("-", "−")]);
  }

  // stage clears a canvas for a picture with these limits, draws grid lines, and returns its context and scales. The
  // ratio of its sides is that of the limits unless it is given.
  function stage(canvas, limits, axes, t, ratio) {
    const [x0, x1, y0, y1] = limits;
    ratio = ratio || (y1 - y0) / (x1 - x0);
    if (!(ratio <= widest && ratio * widest >= 1)) ratio = 1;
    const width = canvas.parentElement.clientWidth - 2 * parseFloat(getComputedStyle(canvas.parentElement).paddingLeft);
    const left = 46, bottom = 42, top = 6, right = 10;
    let w = width - left - right, h = w * ratio;
    const most = Math.max(260, Math.min(innerHeight * 0.72, 560));
    if (h > most) { h = most; w = h / ratio; }
    const indent = (width - left - right - w) / 2, height = h + top + bottom, dpr = devicePixelRatio || 1;
    const pixels = [Math.round(width * dpr), Math.round(height * dpr)];
    if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) [canvas.width, canvas.height] = pixels;
    canvas.style.height = height + "px";
    const c = canvas.getContext("2d");
    c.setTransform(dpr, 0, 0, dpr, 0, 0);
    c.clearRect(0, 0, width, height);
    const box = { x: left + indent, y: top, w, h };
    const s = {
      c, box, t,
      x: v => box.x + (v - x0) / (x1 - x0) * w,
      y: v => box.y + h - (v - y0) / (y1 - y0) * h,
    };
    lines(s, limits, axes);
    return s;
  }

  function lines({ c, box, x, y, t }, [x0, x1, y0, y1], axes) {
    c.font = font;
    c.fillStyle = t.faint;
    c.strokeStyle = t.grid;
    c.lineWidth = 1;
    c.textAlign = "center";
    c.textBaseline = "top";
    c.beginPath();
    for (const [v, text] of ticks(x0, x1, Math.max(3, box.w / 70))) {
      c.moveTo(x(v), box.y);
      c.lineTo(x(v), box.y + box.h);
      c.fillText(text, x(v), box.y + box.h + 6);
    }
    c.textAlign = "right";
    c.textBaseline = "middle";
    for (const [v, text] of ticks(y0, y1, Math.max(3, box.h / 60))) {
      c.moveTo(box.x, y(v));
      c.lineTo(box.x + box.w, y(v));
      c.fillText(text, box.x - 6, y(v));
    }
    c.stroke();
    c.textAlign = "center";
    c.textBaseline = "bottom";
    c.fillStyle = t.ink;
    c.fillText(short(axes[0]), box.x + box.w / 2, box.y + box.h + 39);
    c.save();
    c.translate(box.x - 34, box.y + box.h / 2);
    c.rotate(-Math.PI / 2);
    c.fillText(short(axes[1]), 0, 0);
    c.restore();
  }

  const short = name => name.length > 40 ? name.slice(0, 39) + "…" : name;

  // inside draws within the frame, and then the frame.
  function inside({ c, box, t }, draw) {
    c.save();
    c.beginPath();
    c.rect(box.x, box.y, box.w, box.h);
    c.clip();
    draw(c);
    c.restore();
    c.strokeStyle = t.faint;
    c.lineWidth = 1;
    c.strokeRect(box.x, box.y, box.w, box.h);
  }

  // The markers of classes, as corners and the angle of the first; a circle has none.
  const shapes = [[0, 0], [3, -Math.PI / 2], [4, Math.PI / 4], [4, 0], [3, Math.PI / 2]];

  function marker(c, x, y, r, [corners, turn]) {
    if (corners === 0) {
      c.moveTo(x + r, y);
      c.arc(x, y, r, 0, 2 * Math.PI);
      return;
    }
    const far = r * (corners === 3 ? 1.45 : 1.25);
    for (let i = 0; i <= corners; i++) {
      const a = turn + 2 * Math.PI * i / corners;
      c[i ? "lineTo" : "moveTo"](x + far * Math.cos(a), y + far * Math.sin(a));
    }
  }

  // data draws the samples, one path for each colour.
  function data(s, plane, alpha) {
    const { c, t } = s, colour = colourOf(plane, t), paths = new Map();
    const r = Math.min(3.4, Math.max(1.5, 3.4 * (300 / plane.x.length) ** 0.35));
    plane.x.forEach((x, i) => {
      const label = plane.labels[i], key = plane.classes > 0 ? label : Math.round(24 * (label - plane.range[0]) / (plane.range[1] - plane.range[0]));
      if (!paths.has(key)) paths.set(key, { fill: css(colour(label)), path: new Path2D() });
      const path = paths.get(key).path;
      marker(path, s.x(x), s.y(plane.y[i]), r, plane.classes > 0 ? shapes[label % shapes.length] : shapes[0]);
    });
    c.globalAlpha = alpha;
    c.lineWidth = 0.7;
    c.strokeStyle = t.dark ? t.card : "rgba(20,20,20,0.55)";
    for (const { fill, path } of paths.values()) {
      c.fillStyle = fill;
      c.fill(path);
      c.stroke(path);
    }
    c.globalAlpha = 1;
  }

  // arrows are centred on the cells of the grid and as long as the square root of their speed says.
  function arrows(s, p) {
    const { c, box, t } = s, cell = [box.w / p.nx, box.h / p.ny], longest = 0.9 * Math.min(...cell);
    const [x0, x1, y0, y1] = p.limits, sx = box.w / (x1 - x0), sy = box.h / (y1 - y0);
    const by = p.u.map((u, i) => [u * sx, -p.v[i] * sy]), lengths = by.map(v => Math.hypot(...v));
    const fastest = Math.max(...lengths.filter(Number.isFinite)) || 1;
    c.strokeStyle = c.fillStyle = t.arrow;
    c.lineWidth = 1;
    const shafts = new Path2D(), heads = new Path2D();
    by.forEach(([dx, dy], i) => {
      const l = longest * Math.sqrt(lengths[i] / fastest);
      if (!(l > 0.5)) return;
      const ux = dx / lengths[i], uy = dy / lengths[i], head = Math.min(5, 0.4 * l);
      const x = box.x + (i % p.nx + 0.5) * cell[0], y = box.y + box.h - (Math.floor(i / p.nx) + 0.5) * cell[1];
      const tip = [x + ux * l / 2, y + uy * l / 2], neck = [tip[0] - ux * head, tip[1] - uy * head];
      shafts.moveTo(x - ux * l / 2, y - uy * l / 2);
      shafts.lineTo(...neck);
      heads.moveTo(...tip);
      heads.lineTo(neck[0] - uy * head * 0.38, neck[1] + ux * head * 0.38);
      heads.lineTo(neck[0] + uy * head * 0.38, neck[1] - ux * head * 0.38);
      heads.closePath();
    });
    c.stroke(shafts);
    c.fill(heads);
  }

  function trajectories(s, plane, p) {
    const { c, t } = s, colour = colourOf(plane, t), dim = t.dark ? [255, 255, 255] : [34, 34, 34];
    const colours = p.labels.map(l => css(mix(colour(l), dim, 0.15)));
    c.lineWidth = 1.3;
    c.lineJoin = "round";
    p.ways.forEach((way, i) => {
      c.strokeStyle = colours[i];
      c.beginPath();
      for (let k = 0; k < way.length; k += 2) c[k ? "lineTo" : "moveTo"](s.x(way[k]), s.y(way[k + 1]));
      c.stroke();
    });
    p.ways.forEach((way, i) => {
      c.beginPath();
      marker(c, s.x(way[0]), s.y(way[1]), 3, shapes[0]);
      c.fillStyle = t.card;
      c.fill();
      c.strokeStyle = colours[i];
      c.stroke();
      c.beginPath();
      marker(c, s.x(way[way.length - 2]), s.y(way[way.length - 1]), 3.4, shapes[3]);
      c.fillStyle = colours[i];
      c.fill();
    });
  }

  // field draws a picture's field, trajectories and data; without a picture the data alone.
  function field(canvas, plane, p) {
    const s = stage(canvas, p && p.limits || plane.limits, plane.axes, theme());
    inside(s, () => {
      data(s, plane, 0.4);
      if (!p || !p.limits) return;
      arrows(s, p);
      trajectories(s, plane, p);
    });
  }

  // map draws what the model answers, and the data on it.
  function map(canvas, plane, p) {
    const t = theme(), s = stage(canvas, plane.limits, plane.axes, t);
    inside(s, c => {
      if (p && p.cells) {
        c.imageSmoothingEnabled = true;
        c.imageSmoothingQuality = "high";
        c.drawImage(answers(plane, p, t), s.box.x, s.box.y, s.box.w, s.box.h);
      }
      data(s, plane, 1);
    });
  }

  // answers paints each cell of the map as one pixel, the lowest row at the bottom.
  function answers(plane, p, t) {
    const levels = Uint8Array.from(atob(p.map), ch => ch.charCodeAt(0)), n = p.cells;
    const small = new OffscreenCanvas(n, n), c = small.getContext("2d"), image = c.createImageData(n, n);
    const card = parse(t.card), colours = plane.colours.map(hex => shade(hex, t));
    const paint = level => {
      if (plane.classes > 2) return mix(card, colours[level] || [128, 128, 128], 0.36);
      if (plane.classes === 0) return ramp(colours, level / 255);
      const u = level / 255;
      return mix(card, colours[u > 0.5 ? 1 : 0], 0.55 * Math.abs(2 * u - 1));
    };
    levels.forEach((level, i) => {
      const at = 4 * ((n - 1 - Math.floor(i / n)) * n + i % n);
      image.data.set([...paint(level), 255], at);
    });
    c.putImageData(image, 0, 0);
    return small;
  }

  // key lists the classes, or what colours stand for, as elements.
  function key(plane) {
    const t = theme(), list = [], piece = (fill, text, kind) => {
      const item = document.createElement("span"), mark = document.createElement("i");
      mark.className = kind;
      mark.style.background = fill;
      item.append(mark, text);
      list.push(item);
    };
    if (plane.classes > 0) {
      plane.names.forEach((name, i) => piece(css(shade(plane.colours[i], t)), name, "swatch s" + i % shapes.length));
      return list;
    }
    const stops = plane.colours.map(c => css(shade(c, t))).join(", ");
    piece(`linear-gradient(to right, ${stops})`, `${plane.names[0]}, ${plane.range.map(v => +v.toPrecision(4)).join(" to ")}`, "swatch ramp");
    return list;
  }

  return { field, map, key, theme, stage, inside, arrows, shade, css, font };
})();
