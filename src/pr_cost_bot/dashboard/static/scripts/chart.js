// Charts over uPlot: lines and stacked bars over steps of time, and the curve of cumulative share. Each has its data as a table
// below it, and can be walked through with the arrow keys.
"use strict";
(() => {
  const { h } = window.prCost.dom;
  const { shortDollars } = window.prCost.format;
  const alive = new Map(); // holder -> draw

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // A part of the stack sits on those before it; those that lie behind are drawn first.
  function stacked(series) {
    let below = null;
    const tops = series.map((one) => {
      below = one.values.map((value, at) => (value ?? 0) + (below ? below[at] : 0));
      return { ...one, drawn: below };
    });
    return tops.reverse();
  }

  function paths(kind) {
    if (kind === "bar") return uPlot.paths.bars({ size: [0.72, 48], radius: 0.08 });
    if (kind === "step") return uPlot.paths.stepped({ align: 1 });
    return uPlot.paths.linear();
  }

  function drawnSeries(one) {
    const line = one.kind !== "bar";
    const stroke = colour(one.colour);
    return {
      label: one.name,
      stroke: line ? stroke : undefined,
      fill: line ? (one.filled ? `${stroke}22` : undefined) : stroke,
      width: line ? (one.width ?? 2) : 0,
      dash: one.dash,
      paths: paths(one.kind),
      spanGaps: true,
      points: { show: line && one.values.filter((value) => value !== null).length < 2 },
    };
  }

  // About one label per 70 pixels, never two on one step, the last step always among them.
  function places(steps, width) {
    const every = Math.max(1, Math.ceil(steps / Math.max(2, Math.floor(width / 70))));
    const found = [];
    for (let at = steps - 1; at >= 0; at -= every) found.unshift(at);
    return found;
  }

  function axes(options) {
    const common = { stroke: colour("--quiet"), font: "12px system-ui, sans-serif", ticks: { show: false } };
    const last = options.x.length - 1;
    const x = options.numeric
      ? { ...common, size: 30, grid: { show: false }, values: (_, splits) => splits.map((value) => `${value}%`) }
      : {
          ...common,
          size: 30,
          grid: { show: false },
          splits: (u) => places(last + 1, u.width),
          values: (_, splits) => splits.map((at) => options.labels[at]),
        };
    const grid = { stroke: colour("--line"), width: 1 };
    const size = (_, values) => 16 + 7.5 * Math.max(4, ...(values ?? []).map((value) => value.length));
    return [x, { ...common, size, grid, values: (_, splits) => splits.map(options.axis ?? shortDollars) }];
  }

  // Amounts below a cent fill the height too; where all is $0 the line lies at the foot of one dollar.
  const highest = (options, most) => (options.numeric ? 100 : most > 0 ? most * 1.08 : 1);

  function plotOptions(options, series, width, height) {
    const last = options.x.length - 1;
    return {
      width,
      height,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: false, range: () => (options.numeric ? [0, 100] : [-0.6, last + 0.6]) },
        y: { range: (_, __, most) => [0, highest(options, most)] },
      },
      axes: axes(options),
      series: [{}, ...series.map(drawnSeries)],
    };
  }

  function legend(series) {
    const swatch = (one) => h("i", { class: `swatch ${one.colour.slice(2)}${one.dash ? " dashed" : ""}`, "aria-hidden": "true" });
    return h("ul", { class: "legend" }, ...series.map((one) => h("li", {}, swatch(one), one.name)));
  }

  // What stands at the cursor, next to it; read out when the cursor is moved by keys.
  function describe(options, at) {
    const values = options.series.map((one) => `${one.name}: ${options.shown(one.values[at])}`);
    return [options.titleAt(at), ...values];
  }

  function place(tip, u, left) {
    tip.hidden = false;
    const room = u.over.clientWidth - tip.offsetWidth;
    const start = left > u.over.clientWidth / 2 ? left - tip.offsetWidth - 12 : left + 12;
    tip.style.left = `${Math.max(0, Math.min(room, start)) + u.over.offsetLeft}px`;
  }

  // Dashed lines to one point of the curve, with its words.
  function guidePlugin({ x, y, text }) {
    return {
      hooks: {
        draw(u) {
          const { ctx } = u;
          const [left, top] = [u.valToPos(x, "x", true), u.valToPos(y, "y", true)];
          const pixel = devicePixelRatio;
          ctx.save();
          ctx.strokeStyle = ctx.fillStyle = colour("--text");
          ctx.lineWidth = pixel;
          ctx.setLineDash([4 * pixel, 4 * pixel]);
          ctx.beginPath();
          ctx.moveTo(u.bbox.left, top);
          ctx.lineTo(left, top);
          ctx.lineTo(left, u.bbox.top + u.bbox.height);
          ctx.stroke();
          ctx.beginPath();
          ctx.arc(left, top, 4 * pixel, 0, 2 * Math.PI);
          ctx.fill();
          ctx.font = `${12 * pixel}px system-ui, sans-serif`;
          ctx.textBaseline = "top";
          ctx.textAlign = "left";
          const end = u.bbox.left + u.bbox.width - ctx.measureText(text).width - 4 * pixel;
          ctx.fillText(text, Math.max(u.bbox.left, Math.min(left + 10 * pixel, end)), top + 8 * pixel);
          ctx.restore();
        },
      },
    };
  }

  function tipPlugin(options, tip) {
    return {
      hooks: {
        setCursor(u) {
          const at = u.cursor.idx;
          if (at === null || at === undefined || u.cursor.left < 0) {
            tip.hidden = true;
            return;
          }
          tip.replaceChildren(...describe(options, at).map((line, number) => h(number ? "div" : "strong", {}, line)));
          place(tip, u, u.cursor.left);
        },
      },
    };
  }

  function walk(event, u, options) {
    const last = options.x.length - 1;
    const now = u.cursor.left >= 0 ? u.cursor.idx : null;
    const moves = { ArrowRight: now === null ? 0 : now + 1, ArrowLeft: now === null ? last : now - 1, Home: 0, End: last };
    if (event.key === "Escape") {
      u.setCursor({ left: -10, top: -10 });
    } else if (event.key in moves) {
      const at = Math.min(last, Math.max(0, moves[event.key]));
      event.preventDefault();
      u.setCursor({ left: u.valToPos(options.x[at], "x"), top: u.over.clientHeight / 2 });
      window.prCost.dom.say(describe(options, at).join(", "));
    }
  }

  function dataTable(options) {
    const body = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${options.title}, as a table` });
    const fill = () => {
      if (body.firstChild) return;
      const head = h("tr", {}, ...[options.xTitle, ...options.series.map((one) => one.name)].map((name) => h("th", { scope: "col" }, name)));
      const rows = options.x.map((_, at) =>
        h("tr", {}, h("th", { scope: "row" }, options.titleAt(at)), ...options.series.map((one) => h("td", {}, options.shown(one.values[at])))));
      body.append(h("table", {}, h("caption", { class: "hidden-text" }, options.title), h("thead", {}, head), h("tbody", {}, ...rows)));
    };
    return h("details", { class: "data", on: { toggle: fill } }, h("summary", {}, "As a table", h("span", { class: "hidden-text" }, `: ${options.title}`)), body);
  }

  // options: title, summary (a sentence for those who do not see it), x, labels, titleAt(at), xTitle, series [{name, values, colour,
  // kind: "line" | "bar" | "step"}], shown(value), numeric (x is 0 to 100 percent), guide {x, y, text}, height, fill (as high as its card
  // lets it be), nothing (what is said instead when there is nothing to draw).
  function chart(options) {
    if (options.nothing) return h("p", { class: "nothing" }, options.nothing);
    const tip = h("div", { class: "tip", hidden: true });
    const least = options.height ?? 220;
    const holder = h("div", { class: `plot${options.fill ? " fill" : ""}`, tabindex: "0", role: "img", "aria-label": `${options.title}. ${options.summary} Arrow keys walk through it.` });
    if (options.fill) holder.style.minHeight = `${least}px`;
    const plugins = [tipPlugin(options, tip), ...(options.guide ? [guidePlugin(options.guide)] : [])];
    let plot = null;
    const draw = () => {
      plot?.destroy();
      const width = holder.clientWidth;
      if (!width) return;
      const bars = options.series.filter((one) => one.kind === "bar");
      const rest = options.series.filter((one) => one.kind !== "bar").map((one) => ({ ...one, drawn: one.values }));
      const series = [...stacked(bars), ...rest];
      plot = new uPlot(
        { ...plotOptions(options, series, width, options.fill ? Math.max(least, holder.clientHeight) : least), plugins },
        [options.x, ...series.map((one) => one.drawn)],
        holder,
      );
      holder.append(tip);
    };
    holder.addEventListener("keydown", (event) => plot && walk(event, plot, options));
    holder.addEventListener("blur", () => plot?.setCursor({ left: -10, top: -10 }));
    let size = "";
    new ResizeObserver(() => {
      const now = `${holder.clientWidth} ${options.fill ? holder.clientHeight : ""}`;
      if (now !== size) {
        size = now;
        draw();
      }
    }).observe(holder);
    alive.set(holder, draw);
    return h("figure", { class: "chart" }, options.series.length > 1 && legend(options.series), holder, dataTable(options));
  }

  document.addEventListener("themechange", () => {
    // One that is not in the page now is drawn anew when it comes back, for its width then changes from nothing.
    for (const [holder, draw] of alive) if (holder.isConnected) draw();
  });

  window.prCost.chart = chart;
})();
