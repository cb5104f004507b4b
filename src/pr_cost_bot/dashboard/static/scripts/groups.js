// The panels by repository, by developer and by model.
"use strict";
(() => {
  const { h, share, card } = window.prCost.dom;
  const { dollars, roughDollars, whole, percent, plural, shortDay, longDay, NONE } = window.prCost.format;
  const { table, chart, colours } = window.prCost;

  const money = (text) => (text === null ? -1 : Number(text));

  // kind: {noun, nouns, title, filter}: a name leads to its pull requests where `filter` says how.
  function members(rows, kind, go) {
    const name = (one) => (kind.filter && !one.name.startsWith("(")
      ? h("a", { href: "#pulls", on: { click: (event) => { event.preventDefault(); go(kind.filter, one.name); } } }, one.name)
      : one.name);
    // Nothing known is not $0.
    const cost = (one, text) => (one.unknown > 0 && Number(one.cost_usd) === 0 ? "not known" : dollars(text));
    let sum = 0;
    const reached = rows.map((one) => (sum += Number(one.share ?? 0)));
    const column = (key, title, value, cell, more = {}) => ({ key, title, value: (at) => value(rows[at]), cell: (at) => cell(rows[at]), ...more });
    const view = table({
      caption: kind.title,
      size: rows.length,
      columns: [
        column("name", kind.column, (one) => one.name, name, { text: true, wide: true }),
        column("cost", "Cost", (one) => money(one.cost_usd), (one) => cost(one, one.cost_usd)),
        column("share", "Share", (one) => money(one.share), (one) => share(one.share), { left: true, minor: true }),
        { key: "reached", title: "Up to here", value: (at) => reached[at], cell: (at) => percent(Math.min(1, reached[at]), 1), minor: true },
        column("mean", "Per merge", (one) => money(one.merged.mean_usd), (one) => cost(one, one.merged.mean_usd)),
        column("median", "Median", (one) => money(one.merged.median_usd), (one) => cost(one, one.merged.median_usd), { minor: true }),
        column("merged", "Merged", (one) => one.merged.count, (one) => whole(one.merged.count), { minor: true }),
        column("pulls", "Pull requests", (one) => one.pulls, (one) => whole(one.pulls), { minor: true }),
      ],
      words: (at) => rows[at].name.toLowerCase(),
      placeholder: `Search ${kind.nouns}`,
      sort: { key: "cost", falling: true },
      keep: () => true,
      summary: (found) => plural(found.length, kind.noun).replace(`${kind.noun}s`, kind.nouns),
    });
    view.find();
    return card(kind.title, view.element,
      h("p", { class: "quiet note" }, `Up to here: the share of the costliest ${kind.nouns} down to this one. Per merge and median are of merged pull requests.`));
  }

  const REPOSITORIES = { noun: "repository", nouns: "repositories", column: "Repository", title: "Repositories", filter: "repository" };
  const DEVELOPERS = { noun: "developer", nouns: "developers", column: "Developer", title: "Developers" };

  function models(window) {
    const rows = window.models;
    const mix = window.charts.models;
    const points = (part) => (part === null ? NONE : `${Number(part) > 0 ? "+" : ""}${(100 * Number(part)).toFixed(1).replace("-", "\u2212")} pp`);
    const view = table({
      caption: "Models",
      size: rows.length,
      columns: [
        { key: "name", title: "Model", text: true, wide: true, value: (at) => rows[at].model, cell: (at) => rows[at].model },
        { key: "cost", title: "Cost", value: (at) => Number(rows[at].cost_usd), cell: (at) => dollars(rows[at].cost_usd) },
        { key: "share", title: "Share", left: true, value: (at) => Number(rows[at].share), cell: (at) => share(rows[at].share) },
        { key: "change", title: "Change of share", minor: true, value: (at) => Number(rows[at].change ?? 0), cell: (at) => points(rows[at].change) },
      ],
      words: (at) => rows[at].model.toLowerCase(),
      placeholder: "Search models",
      sort: { key: "cost", falling: true },
      keep: () => true,
      summary: (found) => plural(found.length, "model"),
    });
    view.find();
    const title = window.step === 1 ? "Models by day" : `Models by ${window.step === 7 ? "week" : "four weeks"}`;
    const open = Number(window.headline.open_usd) > 0 ? ` Open ones, ${dollars(window.headline.open_usd)}, so stand together on the last days.` : "";
    return h("div", {}, card(title, chart({
      title,
      nothing: mix.costs.flat().some((cost) => cost > 0) ? null : "Nothing was spent in these days.",
      summary: `${plural(rows.length, "model")}.`,
      x: mix.days.map((_, at) => at),
      labels: mix.days.map(shortDay),
      xTitle: "Days",
      titleAt: (at) => (window.step === 1 ? longDay(mix.days[at]) : `${window.step} days from ${longDay(mix.days[at])}`),
      series: mix.names.map((name, at) => ({ name, values: mix.costs[at], colour: colours[at % colours.length], kind: "bar" })),
      shown: roughDollars,
      height: 260,
    }),
    h("p", { class: "quiet note" }, `Of pull requests, each on the day of its merge or close, or, while it is open, of the last look at it.${open}`)),
    card("Models", view.element));
  }

  window.prCost.groups = {
    repositories: (window, go) => members(window.repositories, REPOSITORIES, go),
    developers: (window, go, named) => members(window.developers, { ...DEVELOPERS, filter: named ? "author" : null }, go),
    models,
  };
})();
