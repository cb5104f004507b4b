// The first panel: the number and its trend, where the money goes, and what to look at.
"use strict";
(() => {
  const { h, link, share, card, hidden } = window.prCost.dom;
  const { dollars, roughDollars, percent, plural, whole, shortDay, longDay, NONE } = window.prCost.format;
  const { chart } = window.prCost;
  const COLOURS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6"];

  const stepTitle = (window) => (at, days) => (window.step === 1 ? longDay(days[at]) : `${window.step} days from ${longDay(days[at])}`);

  // Up is not bad and down is not good by itself: the arrow says which way, the colour only helps.
  function change(part, before) {
    if (part === null) return null;
    const up = Number(part) > 0;
    const flat = Math.abs(Number(part)) < 0.0005;
    const sign = flat ? "\u25ac" : up ? "\u25b2" : "\u25bc";
    const size = percent(String(part).replace("-", ""), 1);
    return h("span", { class: `change ${flat ? "flat" : up ? "up" : "down"}` },
      h("span", { "aria-hidden": "true" }, `${sign} ${size}`), hidden(flat ? "unchanged" : `${up ? "up" : "down"} ${size}`), before && h("span", { class: "quiet" }, ` from ${before}`));
  }

  function number(window) {
    const { headline } = window;
    const { merged, before } = headline;
    const big = h("p", { class: "big" }, h("strong", { id: "headline" }, dollars(merged.mean_usd)), " ", h("span", {}, "per merged pull request"), " ",
      change(headline.mean_change, before && dollars(before.mean_usd)));
    const beside = h("p", { class: "beside" }, "Median ", h("strong", { id: "median" }, dollars(merged.median_usd)), " ",
      change(headline.median_change, before && dollars(before.median_usd)));
    const { trend } = window.charts;
    const title = `Cost per merged pull request, over the ${window.rolling} days up to each day`;
    return h("section", { class: "card number-card", "aria-label": "Cost per merged pull request" }, big, beside,
      merged.count === 0 && h("p", {}, "No pull request was merged in these days."),
      chart({
        title,
        summary: `${dollars(merged.mean_usd)} on average, ${dollars(merged.median_usd)} in the middle.`,
        x: trend.days.map((_, at) => at),
        labels: trend.days.map(shortDay),
        xTitle: "Up to",
        titleAt: (at) => `Up to ${longDay(trend.days[at])} (${plural(trend.count[at], "merge")})`,
        series: [
          { name: "Mean", values: trend.mean, colour: "--c1", kind: "line", width: 2.5, filled: true },
          { name: "Median", values: trend.median, colour: "--c2", kind: "line", width: 2, dash: [6, 4] },
        ],
        shown: roughDollars,
        height: 300,
      }),
      h("p", { class: "quiet note" }, `Each point looks back over ${window.rolling} days.`));
  }

  function tile(name, value, ...more) {
    return h("div", { class: "tile" }, h("dt", {}, name), h("dd", {}, h("strong", {}, value), ...more));
  }

  function tiles(window) {
    const one = window.headline;
    const dated = window.usage;
    const spent = dated ? dated.total_usd : one.cost_usd;
    return h("dl", { class: "tiles" },
      tile("Spend", dollars(spent), h("span", { class: "quiet" }, dated ? "all usage in these days" : `on ${plural(one.pulls, "pull request")}`)),
      dated && tile("Not attributed", percent(dated.rest_share, 1), h("span", { class: "quiet" }, `${dollars(dated.rest_usd)} on no pull request`)),
      tile("Merged", whole(one.merged.count), one.before && h("span", { class: "quiet" }, `${whole(one.before.count)} in the days before`)),
      tile("Not merged", dollars(one.unmerged_usd), h("span", { class: "quiet" }, `${dollars(one.open_usd)} open, ${dollars(one.closed_usd)} closed`)),
      tile("Per commit", dollars(one.per_commit_usd)),
      tile("Read from cache", percent(one.cache_hit_rate), h("span", { class: "quiet" }, "of all input tokens")),
      tile("Billed", dollars(one.billed_usd), Number(one.unknown_usd) > 0 && h("span", { class: "quiet" }, `not known for ${dollars(one.unknown_usd)}`)),
      (one.incomplete > 0 || one.unsettled > 0) && tile("Not final", whole(one.incomplete + one.unsettled),
        h("span", { class: "quiet" }, `${whole(one.incomplete)} incomplete, ${whole(one.unsettled)} not settled`)));
  }

  function budget(data) {
    if (!data) return null;
    const over = Number(data.spent_usd) > Number(data.monthly_usd);
    const fill = h("i", { class: over ? "over" : null });
    fill.style.width = `${Math.min(100, 100 * Number(data.used))}%`;
    const today = h("span");
    today.style.left = `${100 * Number(data.gone)}%`;
    const month = new Date(`${data.month}-01T00:00:00Z`).toLocaleDateString("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
    return h("section", { class: "card budget" },
      h("h2", {}, `Budget of ${month}`),
      h("p", {}, h("strong", {}, dollars(data.spent_usd)), ` of ${dollars(data.monthly_usd)}: ${percent(data.used)} used, ${percent(data.gone)} of the month gone.`),
      h("div", { class: "meter", "aria-hidden": "true" }, fill, today),
      h("p", { class: "quiet note" }, `On course for ${dollars(data.forecast_usd)} by the end of the month.`));
  }

  function spend(window) {
    const data = window.charts.spend;
    const series = [{ name: "On pull requests", values: data.pulls, colour: "--c1", kind: "bar" }];
    if (window.usage) series.push({ name: "On no pull request", values: data.rest, colour: "--c6", kind: "bar" });
    if (data.budget) series.push({ name: "Budget", values: data.budget, colour: "--c5", kind: "line", dash: [4, 4], width: 2 });
    const dated = window.usage ? "Dated by use." : "A pull request counts on the day of its merge or close, or, while it is open, of the last look at it.";
    return card(window.step === 1 ? "Spend by day" : `Spend by ${window.step === 7 ? "week" : "four weeks"}`,
      chart({
        title: "Spend over time",
        summary: `${dollars(window.usage ? window.usage.total_usd : window.headline.cost_usd)} in all.`,
        x: data.days.map((_, at) => at),
        labels: data.days.map(shortDay),
        xTitle: "Days",
        titleAt: (at) => stepTitle(window)(at, data.days),
        series,
        shown: roughDollars,
      }),
      h("p", { class: "quiet note" }, dated));
  }

  function models(window) {
    const shown = window.models.filter((one) => Number(one.cost_usd) > 0).slice(0, 7);
    const rows = shown.map((one) => h("tr", {}, h("th", { scope: "row" }, one.model), h("td", { class: "number" }, dollars(one.cost_usd)), h("td", {}, share(one.share))));
    return card("Models", h("div", { class: "scroll" }, h("table", { class: "small" },
      h("caption", { class: "hidden-text" }, "Spend by model"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Model"), h("th", { scope: "col", class: "number" }, "Cost"), h("th", { scope: "col" }, "Share"))),
      h("tbody", {}, ...rows))),
      h("p", { class: "note" }, h("a", { href: "#models", "data-panel": "models" }, "Models over time")));
  }

  // "The costliest 10% of pull requests (12) took 61% of the spend; 4% (5) took half."
  function sentence(noun, spread) {
    if (!spread || !spread.count) return null;
    if (spread.count === 1) return h("li", {}, h("strong", {}, noun[1]), ": one took it all.");
    return h("li", {}, h("strong", {}, noun[1]), `: the costliest ${spread.top === 1 ? "one" : whole(spread.top)} of ${whole(spread.count)} took ${percent(spread.top_share)} of the spend; ${whole(spread.half)} (${percent(spread.half_part)}) took half.`);
  }

  function spread(window) {
    const { share: curve } = window.charts;
    const { pulls } = window.spread;
    return card("How few drive the spend",
      h("ul", { class: "plain-list" },
        sentence(["pull request", "Pull requests"], pulls),
        sentence(["repository", "Repositories"], window.spread.repositories),
        sentence(["developer", "Developers"], window.spread.developers)),
      chart({
        title: "Cumulative share of spend by pull requests, costliest first",
        summary: pulls.count ? `The costliest tenth takes ${percent(pulls.top_share)}.` : "Nothing was spent.",
        x: curve.members,
        numeric: true,
        axis: (value) => `${value}%`,
        xTitle: "Of the pull requests",
        titleAt: (at) => `${curve.members[at]}% of the pull requests`,
        series: [{ name: "Of the spend", values: curve.spend, colour: "--c3", kind: "line", filled: true, width: 2.5 }],
        shown: (value) => `${value}%`,
        height: 320,
      }),
      h("p", { class: "quiet note" }, "Across: pull requests that cost anything, costliest first. Up: their part of the spend."));
  }

  function outliers(window, factor) {
    const items = window.outliers.map((one) => h("li", {},
      h("div", { class: "ends" }, link(one.url, one.number ? `${one.repository}#${one.number}` : one.repository), h("strong", {}, dollars(one.cost_usd))),
      h("div", { class: "ends quiet" }, h("span", { class: "title" }, one.title), h("span", { class: "number" }, `${whole(Math.round(Number(one.times)))} \u00d7 ${dollars(one.median_usd)}`))));
    const none = h("p", {}, `None cost ${factor} times its repository's median or more.`);
    return card("Outliers", items.length ? h("ol", { class: "plain-list outliers" }, ...items) : none,
      items.length > 0 && h("p", { class: "quiet note" }, `${factor} times the median of their repository, or more.`));
  }

  function reasons(window) {
    if (!window.usage?.reasons.length) return null;
    const rows = window.usage.reasons.slice(0, 8).map((one) => h("tr", {}, h("th", { scope: "row" }, one.reason), h("td", { class: "number" }, dollars(one.cost_usd))));
    return card("Not attributed", h("table", { class: "small" }, h("caption", { class: "hidden-text" }, "Usage on no pull request, by reason"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Why"), h("th", { scope: "col", class: "number" }, "Cost"))), h("tbody", {}, ...rows)));
  }

  window.prCost.overview = (window, summary) => h("div", { class: "overview" },
    h("div", { class: "lead" }, number(window), h("div", { class: "side" }, budget(summary.budget), tiles(window))),
    h("div", { class: "pair wide-first" }, spend(window), models(window)),
    h("div", { class: "pair" }, spread(window), h("div", { class: "stack" }, outliers(window, summary.outlier_factor), reasons(window))));
  window.prCost.change = change;
  window.prCost.colours = COLOURS;
  window.prCost.none = NONE;
})();
