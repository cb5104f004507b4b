// The panel of single pull requests, over columns as the data have them.
"use strict";
(() => {
  const { h, link, card } = window.prCost.dom;
  const { dollars, roughDollars, count, plural, day, isoDay, NONE } = window.prCost.format;
  const { table } = window.prCost;
  const INCOMPLETE = 1;
  const UNPRICED = 4;

  // A phone has no room for the year.
  function dayParts(number) {
    const [date, month, year] = day(number).split(" ");
    return [`${date} ${month}`, h("span", { class: "minor" }, ` ${year}`)];
  }

  function addressOf(data, at) {
    const { repository, number } = data.columns;
    return data.urls[at] ?? `${data.prefixes[repository[at]]}${number[at]}`;
  }

  // Each on one line; several may stand on several.
  const tickets = (text) => (text || NONE).split(", ").flatMap((one, at) => [at ? ", " : null, h("span", { class: "ticket" }, one)]);

  function columnsOf(data) {
    const c = data.columns;
    const numbers = (values) => (at) => values[at];
    const names = (values, codes) => (at) => values[codes[at]];
    const name = (at) => (c.number[at] ? `${data.repositories[c.repository[at]]}#${c.number[at]}` : data.repositories[c.repository[at]]);
    const ordered = (at) => `${data.repositories[c.repository[at]]}#${String(c.number[at]).padStart(9, "0")}`; // #9 before #10
    const cost = Float64Array.from(c.cost, Number);
    const flag = (at, bit, word, why) => (c.flags[at] & bit ? h("span", { class: "flag", title: why }, ` ${word}`) : null);
    // What nobody knows is not $0.
    const known = (at) => cost[at] > 0 || !(c.flags[at] & (INCOMPLETE | UNPRICED));
    const costCell = (at) => [known(at) ? dollars(c.cost[at]) : "not known",
      flag(at, INCOMPLETE, "incomplete", "A source did not answer in full"),
      flag(at, UNPRICED, "unpriced", "A model without a known price is not in the figure")];
    const people = data.authors.length > 0;
    const state = (at) => h("span", { class: `state ${data.states[c.state[at]]}` }, data.states[c.state[at]]);
    const all = [
      { key: "name", title: "Pull request", text: true, value: ordered, cell: (at) => h("span", {}, link(addressOf(data, at), name(at)), h("span", { class: "title" }, c.title[at])), wide: true },
      people && { key: "author", title: "Author", text: true, minor: true, value: names(data.authors, c.author), cell: names(data.authors, c.author) },
      { key: "cost", title: "Cost", value: numbers(cost), cell: (at) => h("span", {}, ...costCell(at)) },
      { key: "day", title: "Day", value: numbers(c.day), cell: (at) => h("time", { datetime: isoDay(c.day[at]) }, ...dayParts(c.day[at])) },
      { key: "state", title: "State", text: true, minor: true, value: names(data.states, c.state), cell: state },
      { key: "model", title: "Main model", text: true, minor: true, value: names(data.models, c.model), cell: (at) => data.models[c.model[at]] || NONE },
      { key: "ticket", title: "Ticket", text: true, minor: true, value: numbers(c.ticket), cell: (at) => h("span", {}, ...tickets(c.ticket[at])) },
      { key: "commits", title: "Commits", minor: true, value: numbers(c.commits), cell: (at) => count(c.commits[at]) },
      { key: "input", title: "Input", minor: true, value: numbers(c.input), cell: (at) => count(c.input[at]) },
      { key: "output", title: "Output", minor: true, value: numbers(c.output), cell: (at) => count(c.output[at]) },
    ].filter(Boolean);
    return { all, cost, name, known };
  }

  function select(label, names, chosen, onChange) {
    const options = [h("option", { value: "" }, `All ${label}`), ...names.map((name) => h("option", { value: name, selected: name === chosen }, name))];
    return h("select", { "aria-label": `Only these ${label}`, on: { change: (event) => onChange(event.target.value) } }, ...options);
  }

  // Codes of the names that a filter lets through, or null for all.
  const codeOf = (names, name) => (name ? names.indexOf(name) : null);

  // `filters`: {repository, author, state}; `period`: [first day, day after the last]. Both may be changed, then `find` is called.
  function pulls(data, filters, period, onFilter) {
    const c = data.columns;
    const { all, cost, name, known } = columnsOf(data);
    const words = new Array(c.number.length);
    const wordsOf = (at) => (words[at] ??= [name(at), c.title[at], c.ticket[at], data.models[c.model[at]], data.labels[c.label[at]], c.author ? data.authors[c.author[at]] : ""].join(" ").toLowerCase());
    const wanted = {};
    const tools = h("div", { class: "filters" });
    const fillTools = () => tools.replaceChildren(...[
      select("repositories", [...data.repositories].sort(), filters.repository, (value) => onFilter("repository", value)),
      data.authors.length > 0 && select("authors", data.authors.filter(Boolean).sort(), filters.author, (value) => onFilter("author", value)),
      select("states", data.states, filters.state, (value) => onFilter("state", value)),
    ].filter(Boolean));
    const view = table({
      caption: "Pull requests",
      size: c.number.length,
      columns: all,
      words: wordsOf,
      placeholder: "Search titles, numbers, tickets, models",
      tools,
      sort: { key: "cost", falling: true },
      keep: (at) => c.day[at] >= period.start && c.day[at] < period.end
        && (wanted.repository === null || c.repository[at] === wanted.repository)
        && (wanted.author === null || c.author[at] === wanted.author)
        && (wanted.state === null || c.state[at] === wanted.state),
      summary: (rows) => {
        let total = 0;
        for (const at of rows) total += cost[at];
        return `${plural(rows.length, "pull request")}, ${total > 0 || rows.every(known) ? roughDollars(total) : "cost not known"}`;
      },
    });
    return {
      element: card("Pull requests", view.element),
      find() {
        wanted.repository = codeOf(data.repositories, filters.repository);
        wanted.author = codeOf(data.authors, filters.author);
        wanted.state = codeOf(data.states, filters.state);
        fillTools();
        view.find();
      },
    };
  }

  window.prCost.pullsPanel = pulls;
})();
