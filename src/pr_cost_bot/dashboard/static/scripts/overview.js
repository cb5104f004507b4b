// The first panel: the number and its trend, where the money goes, and what to look at.
"use strict";
(() => {
  const { h, link, share, card, panelLink, hidden } = window.prCost.dom;
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

  const nobody = (amounts) => amounts.every((amount) => !amount);

  // Whether nothing at all is known of what was spent; that is not $0.
  const dark = (headline) => Number(headline.cost_usd) === 0 && headline.incomplete + headline.unpriced > 0;
  const idle = (window) => (dark(window.headline) ? "No spend is known in these days." : "Nothing was spent in these days.");

  // What keeps a figure from being all of it, so that nobody takes a lower bound for the whole.
  function missing(headline) {
    const { incomplete, unpriced, unpriced_tokens: tokens } = headline;
    const parts = [
      incomplete > 0 && `${plural(incomplete, "pull request")} incomplete, as a source did not answer`,
      unpriced > 0 && `${plural(unpriced, "pull request")} with a model that has no known price (${tokens})`,
    ].filter(Boolean);
    return parts.length > 0 && h("p", { class: "flag", id: "missing" }, `${dark(headline) ? "No cost is known" : "The figures of these days are too low"}: ${parts.join("; ")}.`);
  }

  // What the mean counts as free: nobody can tell that from usage that was not found.
  function unused({ merged, unused: count, unmatched }) {
    if (count === 0) return null;
    const whose = count === 1 ? "an author of it" : `of ${whole(unmatched)} of them an author`;
    const matched = unmatched > 0 ? `; ${whose} is not matched to any vendor's account (docs/people.md)` : "";
    return h("p", { class: "quiet note", id: "unused" }, `${whole(count)} of ${plural(merged.count, "merged pull request")} ${count === 1 ? "shows" : "show"} no usage${matched}.`);
  }

  function number(window) {
    const { headline } = window;
    const { merged, before } = headline;
    const known = Number(merged.cost_usd) > 0 || headline.unknown === 0;
    const days = `in the ${window.key} days before`;
    const big = h("p", { class: "big" }, h("strong", { id: "headline" }, known ? dollars(merged.mean_usd) : "Not known"), " ", h("span", {}, "per merged pull request"), " ",
      known && change(headline.mean_change, before && `${dollars(before.mean_usd)} ${days}`));
    const beside = h("p", { class: "beside" }, "Median ", h("strong", { id: "median" }, known ? dollars(merged.median_usd) : NONE), " ",
      known && change(headline.median_change, before && dollars(before.median_usd)));
    const { trend } = window.charts;
    const title = `Cost per merged pull request, over the ${window.rolling} days up to each day`;
    return h("section", { class: "card number-card", "aria-label": "Cost per merged pull request" }, big, beside, missing(headline), unused(headline),
      merged.count === 0 && h("p", {}, "No pull request was merged in these days."),
      chart({
        title,
        nothing: known && !trend.mean.every((one) => one === null) ? null : known ? "No trend yet: it begins with the first merge." : "No trend while no cost is known.",
        fill: true,
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
      known && merged.count > 0 && h("p", { class: "quiet note" }, `Each point looks back over ${window.rolling} days.`));
  }

  function tile(name, value, ...more) {
    return h("div", { class: "tile" }, h("dt", {}, name), h("dd", {}, h("strong", { class: value.length > 11 ? "long" : null }, value), ...more));
  }

  function tiles(window) {
    const one = window.headline;
    const dated = window.usage;
    const amount = (text) => (dark(one) ? "Not known" : dollars(text));
    const known = amount(one.billed_usd);
    const billed = Number(one.unknown_usd) === 0 ? known : Number(one.billed_usd) > 0 ? `at least ${known}` : "Not known";
    const spent = dated ? dated.total_usd : one.cost_usd;
    return h("dl", { class: "tiles" },
      tile("Spend", dated ? dollars(spent) : amount(spent), h("span", { class: "quiet" }, dated ? "all usage in these days" : `on ${plural(one.pulls, "pull request")}`)),
      dated && tile("Not attributed", percent(dated.rest_share, 1), h("span", { class: "quiet" }, `${dollars(dated.rest_usd)} on no pull request`)),
      dated && tile("On pull requests", amount(one.cost_usd), h("span", { class: "quiet" }, `all usage of the ${whole(one.pulls)} in these days`)),
      tile("Merged", whole(one.merged.count), one.before && h("span", { class: "quiet" }, `${whole(one.before.count)} in the ${window.key} days before`)),
      tile("Not merged", amount(one.unmerged_usd), !dark(one) && h("span", { class: "quiet" }, `${dollars(one.open_usd)} open, ${dollars(one.closed_usd)} closed`)),
      tile("Per commit", amount(one.per_commit_usd), h("span", { class: "quiet" }, "of merged pull requests")),
      tile("Read from cache", percent(one.cache_hit_rate), h("span", { class: "quiet" }, "of all input tokens")),
      tile("Billed", billed, Number(one.unknown_usd) > 0 && h("span", { class: "quiet" }, `not known for ${dollars(one.unknown_usd)}`)),
      one.unsettled > 0 && tile("Not settled", whole(one.unsettled), h("span", { class: "quiet" }, "closed, but the figure can still change")));
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
      h("p", {}, h("strong", {}, dollars(data.spent_usd)), ` of ${dollars(data.monthly_usd)}: ${percent(data.used)} used, ${percent(data.gone)} of the month gone.`,
        over && h("strong", { class: "over" }, " Over the budget.")),
      h("div", { class: "meter", "aria-hidden": "true" }, fill, today),
      h("p", { class: "quiet note" }, data.forecast_usd === null ? "No forecast yet: it needs figures of two weeks." : `On course for ${dollars(data.forecast_usd)} by the end of the month.`));
  }

  function spend(window) {
    const data = window.charts.spend;
    const closed = data.open && data.pulls.map((value, at) => value - data.open[at]);
    const series = [{ name: data.open ? "Merged and closed pull requests" : "On pull requests", values: closed ?? data.pulls, colour: "--c1", kind: "bar" }];
    if (data.open?.some((value) => value > 0)) series.push({ name: "Open ones, on the day of the last look", values: data.open, colour: "--c3", kind: "bar" });
    if (window.usage) series.push({ name: "On no pull request", values: data.rest, colour: "--c6", kind: "bar" });
    if (data.budget) series.push({ name: "Budget", values: data.budget, colour: "--c5", kind: "line", dash: [4, 4], width: 2 });
    const dated = window.usage ? "On the day of use." : "A pull request counts on the day of its merge or close, or, while it is open, of the last look at it.";
    return card(window.step === 1 ? "Spend by day" : `Spend by ${window.step === 7 ? "week" : "four weeks"}`,
      chart({
        title: "Spend over time",
        nothing: nobody([...data.pulls, ...data.rest]) ? idle(window) : null,
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
    const { headline } = window;
    const shown = window.models.filter((one) => Number(one.cost_usd) > 0).slice(0, 7);
    const rows = shown.map((one) => h("tr", {}, h("th", { scope: "row" }, one.model), h("td", { class: "number" }, dollars(one.cost_usd)), h("td", {}, share(one.share))));
    if (!rows.length) return card("Models", h("p", { class: "nothing" }, "No usage of a model in these days."));
    return card("Models", h("div", { class: "scroll" }, h("table", { class: "small" },
      h("caption", { class: "hidden-text" }, "Spend by model"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Model"), h("th", { scope: "col", class: "number" }, "Cost"), h("th", { scope: "col" }, "Share"))),
      h("tbody", {}, ...rows))),
      h("p", { class: "quiet note" }, `Of the ${dollars(headline.cost_usd)} that the ${plural(headline.pulls, "pull request")} of these days cost${window.usage ? ", whenever it was used" : ""}. `, panelLink("models", "Models over time")));
  }

  // "Pull requests: the costliest 10% (19 of 182) took 45% of the spend; 13% (24) took half."
  function sentence(panel, title, spread) {
    if (!spread || !spread.count) return null;
    const name = panelLink(panel, title);
    if (spread.count === 1) return h("li", {}, name, ": one took it all.");
    const few = spread.count < 10 ? `one of ${whole(spread.count)}` : `10% (${whole(spread.top)} of ${whole(spread.count)})`;
    return h("li", {}, name, `: the costliest ${few} took ${percent(spread.top_share)} of the spend; `, h("strong", {}, `${percent(spread.half_part)} (${whole(spread.half)})`), " took half.");
  }

  function spread(window) {
    const { share: curve } = window.charts;
    const { pulls } = window.spread;
    return card("How few drive the spend",
      h("ul", { class: "plain-list" },
        sentence("pulls", "Pull requests", pulls),
        sentence("repositories", "Repositories", window.spread.repositories),
        sentence("developers", "Developers", window.spread.developers)),
      chart({
        title: "Cumulative share of spend by pull requests, costliest first",
        nothing: pulls.count ? null : idle(window),
        summary: `The costliest ${percent(pulls.half_part)} took half.`,
        guide: pulls.count > 1 ? half(curve, pulls) : null,
        x: curve.members,
        numeric: true,
        axis: (value) => `${value}%`,
        xTitle: "Of the pull requests",
        titleAt: (at) => `${curve.members[at]}% of the pull requests`,
        series: [{ name: "Of the spend", values: curve.spend, colour: "--c3", kind: "line", filled: true, width: 2.5 }],
        shown: (value) => `${value}%`,
        height: 320,
      }),
      pulls.count > 0 && h("p", { class: "quiet note" }, "Across: pull requests that cost anything, costliest first. Up: their part of the spend."));
  }

  // Where the curve reaches half of the spend.
  function half(curve, pulls) {
    const at = curve.spend.findIndex((part) => part >= 50);
    return { x: curve.members[at], y: curve.spend[at], text: `${percent(pulls.half_part)} took half` };
  }

  function outliers(window, factor) {
    const items = window.outliers.map((one) => h("li", {},
      h("div", { class: "ends" }, link(one.url, one.number ? `${one.repository}#${one.number}` : one.repository), h("strong", {}, dollars(one.cost_usd))),
      h("div", { class: "ends quiet" }, h("span", { class: "title" }, one.title), h("span", { class: "number" }, `${whole(Math.round(Number(one.times)))} \u00d7 median ${dollars(one.median_usd)}`))));
    const none = h("p", {}, `None cost ${factor} times its repository's median or more.`);
    return card("Outliers", items.length ? h("ol", { class: "plain-list outliers" }, ...items) : none,
      items.length > 0 && h("p", { class: "quiet note" }, `${factor} times the median of their repository, or more, the most extreme first.`));
  }

  function reasons(window) {
    if (!window.usage?.reasons.length) return null;
    const rows = window.usage.reasons.slice(0, 8).map((one) => h("tr", {}, h("th", { scope: "row" }, one.reason), h("td", { class: "number" }, dollars(one.cost_usd))));
    return card("Not attributed", h("table", { class: "small" }, h("caption", { class: "hidden-text" }, "Usage on no pull request, by reason"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Why"), h("th", { scope: "col", class: "number" }, "Cost"))), h("tbody", {}, ...rows)));
  }

  // Of a table without a single row there is nothing to draw.
  const beginning = () => card("No pull request in the table yet",
    h("p", {}, "No pull request was merged in these days."),
    h("p", {}, "The table gets its first row when the Action runs on a pull request, or when ", h("code", {}, "pr-cost-bot backfill"), " fills it; then write this page anew."));

  window.prCost.overview = (window, summary) => summary.pulls === 0 && !window.usage ? beginning() : h("div", { class: "overview" },
    h("div", { class: "lead" }, number(window), h("div", { class: "side" }, budget(summary.budget), tiles(window))),
    h("div", { class: "pair wide-first" }, spend(window), models(window)),
    h("div", { class: "pair" }, h("div", { class: "stack" }, spread(window), reasons(window)), h("div", { class: "stack" }, outliers(window, summary.outlier_factor))));
  window.prCost.change = change;
  window.prCost.colours = COLOURS;
  window.prCost.none = NONE;
})();
