// The page: which panel and which days, kept in the address so that a view can be sent to somebody.
"use strict";
(() => {
  const { h, say } = window.prCost.dom;
  const { moment, plural, longDay, dayNumber } = window.prCost.format;
  const { groups, overview, theme, summary } = window.prCost;
  const FILTERS = ["repository", "author", "state"];
  const PANELS = [
    ["overview", "Overview"],
    ["repositories", "Repositories"],
    ["pulls", "Pull requests"],
    ...(summary.people ? [["developers", "Developers"]] : []),
    ["models", "Models"],
  ];
  const main = document.getElementById("main");
  const tabs = new Map(PANELS.map(([key, title]) => [key, h("a", {}, title)]));
  const built = new Map(); // panel and window -> element
  const state = { panel: "overview", window: usual(), filters: {} };
  const period = { start: 0, end: 0 };
  let pulls = null;
  let shown = "";

  // A month, if something was merged in it; else the shortest window that has all there is to see.
  function usual() {
    const [month, quarter, all] = ["30", "90", "all"].map((key) => summary.windows.find((one) => one.key === key));
    if (month.headline.merged.count > 0) return month.key;
    return quarter.headline.merged.count > 0 && all.start <= quarter.start ? quarter.key : all.key;
  }

  const windowNow = () => summary.windows.find((one) => one.key === state.window);

  function read() {
    const [panel, query] = location.hash.slice(1).split("?");
    const given = new URLSearchParams(query);
    state.panel = PANELS.some(([key]) => key === panel) ? panel : "overview";
    if (summary.windows.some((one) => one.key === given.get("days"))) state.window = given.get("days");
    for (const name of FILTERS) state.filters[name] = given.get(name) ?? "";
  }

  function address(panel, filters = {}) {
    const query = new URLSearchParams({ days: state.window });
    for (const [name, value] of Object.entries(filters)) if (value) query.set(name, value);
    return `#${panel}?${query}`;
  }

  function go(panel, filters) {
    const wanted = address(panel, filters);
    if (wanted === location.hash) show();
    else location.hash = wanted;
  }

  function navigation() {
    for (const [key, tab] of tabs) {
      tab.href = address(key);
      if (key === state.panel) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    tabs.get(state.panel).scrollIntoView({ inline: "nearest", block: "nearest" });
    for (const input of document.querySelectorAll("#windows input")) input.checked = input.value === state.window;
    const { start, end } = windowNow();
    const last = new Date(Date.parse(end) - 86400000).toISOString();
    const size = `${plural(summary.pulls, "pull request")} in ${plural(summary.repositories, "repository").replace("repositorys", "repositories")}`;
    document.getElementById("scope").textContent = `${longDay(start)} to ${longDay(last)}. The table has ${size}, as of ${moment(summary.computed_at)}.`;
  }

  function panel() {
    if (state.panel === "pulls") return pullsPanel();
    const key = `${state.panel} ${state.window}`;
    if (!built.has(key)) built.set(key, build(windowNow()));
    return built.get(key);
  }

  function build(window) {
    const open = (filter, name) => go("pulls", { [filter]: name });
    if (state.panel === "repositories") return groups.repositories(window, open);
    if (state.panel === "developers") return groups.developers(window, open, window.developers && namesAuthors());
    if (state.panel === "models") return groups.models(window);
    return overview(window, summary);
  }

  // Under pseudonyms there are developers, but no pull request names its own.
  const namesAuthors = () => Boolean(prCost.pulls?.authors.length);

  function pullsPanel() {
    if (!prCost.pulls) return h("p", { class: "card" }, "Loading the pull requests\u2026");
    pulls ??= prCost.pullsPanel(prCost.pulls, state.filters, period, (name, value) => go("pulls", { ...state.filters, [name]: value }));
    const { start, end } = windowNow();
    period.start = dayNumber(start);
    period.end = dayNumber(end);
    pulls.find();
    return pulls.element;
  }

  function show() {
    read();
    navigation();
    const before = document.activeElement;
    const label = before?.getAttribute("aria-label");
    const title = PANELS.find(([key]) => key === state.panel)[1];
    const inside = main.contains(before) && before !== main;
    main.replaceChildren(panel());
    // A filter that was just used is still where the focus is; after a link into another panel it is at the panel's beginning.
    if (inside) (label && main.querySelector(`[aria-label="${CSS.escape(label)}"]`) || main).focus();
    if (shown && shown !== state.panel) say(`${title}.`);
    shown = state.panel;
    document.title = `${title} \u00b7 AI cost of pull requests`;
  }

  function controls() {
    const choices = summary.windows.map((one) => h("label", {},
      h("input", { type: "radio", name: "days", value: one.key, on: { change: () => { state.window = one.key; go(state.panel, state.filters); say(`${one.title}.`); } } }),
      h("span", {}, one.key === "all" ? "All" : one.key), one.key === "all" ? null : h("span", { class: "long" }, " days")));
    document.getElementById("panels").append(...[...tabs.values()].map((tab) => h("li", {}, tab)));
    document.getElementById("windows").append(...choices);
    const button = document.getElementById("theme");
    const mark = () => button.setAttribute("aria-pressed", String(theme.isDark()));
    button.addEventListener("click", theme.toggle);
    document.addEventListener("themechange", mark);
    mark();
    document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
    document.addEventListener("click", (event) => {
      const name = event.target.closest?.("a[data-panel]")?.dataset.panel;
      if (name) { event.preventDefault(); go(name); }
    });
  }

  controls();
  window.addEventListener("hashchange", show);
  show();
  document.documentElement.dataset.ready = "figures";
  performance.mark("figures");
  prCost.pullsArrived = () => {
    built.clear();
    if (state.panel === "pulls" || state.panel === "developers") show();
    document.documentElement.dataset.ready = "all";
    performance.mark("interactive");
  };
})();
