// A table of any length that can be sorted, searched and paged: only the rows of one page are in the document.
"use strict";
(() => {
  const { h, say } = window.prCost.dom;
  const { whole } = window.prCost.format;
  const PAGE = 50;
  const QUIET_MS = 120;

  // The order of all rows by one column. Keys are taken once per column: 50,000 rows sort in some 30 ms.
  function sorter(size, columns) {
    const keys = new Map();
    const keysOf = (column) => {
      if (!keys.has(column.key)) {
        const values = column.text ? new Array(size) : new Float64Array(size);
        for (let at = 0; at < size; at += 1) values[at] = column.text ? column.value(at).toLowerCase() : column.value(at);
        keys.set(column.key, values);
      }
      return keys.get(column.key);
    };
    return (key, falling) => {
      const values = keysOf(columns.find((column) => column.key === key));
      const order = Uint32Array.from({ length: size }, (_, at) => at);
      const sign = falling ? -1 : 1;
      return order.sort((one, other) => {
        const a = values[one], b = values[other];
        return a < b ? -sign : a > b ? sign : one - other;
      });
    };
  }

  function header(column, state, onSort) {
    const sorted = state.key === column.key;
    const mark = h("span", { class: "mark", "aria-hidden": "true" }, sorted ? (state.falling ? "\u25bc" : "\u25b2") : "");
    const button = h("button", { type: "button", "data-key": column.key, on: { click: () => onSort(column) } }, column.text || column.left ? [column.title, mark] : [mark, column.title]);
    const sort = sorted ? (state.falling ? "descending" : "ascending") : null;
    return h("th", { scope: "col", class: classes(column), "aria-sort": sort }, button);
  }

  const classes = (column) => [column.text || column.left ? "" : "number", column.minor ? "minor" : "", column.wide ? "wide" : ""].join(" ").trim() || null;

  function pager(onMove) {
    const button = (text, label, step) => h("button", { type: "button", class: "plain", "aria-label": label, on: { click: () => onMove(step) } }, text);
    const where = h("span", { class: "where" });
    const buttons = [button("\u00ab", "First page", -Infinity), button("\u2039", "Page before", -1), button("\u203a", "Next page", 1), button("\u00bb", "Last page", Infinity)];
    const element = h("div", { class: "pager", role: "group", "aria-label": "Pages" }, ...buttons.slice(0, 2), where, ...buttons.slice(2));
    return {
      element,
      where: () => where.textContent,
      show(page, pages, first, last, found) {
        where.textContent = found ? `${whole(first + 1)}\u2013${whole(last)} of ${whole(found)}` : "";
        element.hidden = pages < 2;
        // Not `disabled`: that would take the focus away from whoever pages by keyboard.
        buttons.forEach((one, at) => one.setAttribute("aria-disabled", String(at < 2 ? page === 0 : page >= pages - 1)));
      },
    };
  }

  // Hands over the words to be found, some time after the last key.
  function searchBox(placeholder, onWords) {
    let timer = 0;
    const onInput = (event) => {
      clearTimeout(timer);
      timer = setTimeout(() => onWords(event.target.value.toLowerCase().split(/\s+/).filter(Boolean)), QUIET_MS);
    };
    return h("input", { type: "search", placeholder, "aria-label": placeholder, autocomplete: "off", spellcheck: "false", on: { input: onInput } });
  }

  function rowOf(columns, at) {
    return h("tr", {}, ...columns.map((column, place) =>
      h(place ? "td" : "th", { scope: place ? null : "row", class: classes(column) }, column.cell(at))));
  }

  const nothing = (columns) => h("tr", {}, h("td", { colspan: columns.length, class: "nothing" }, "Nothing found. Try fewer words or filters, or more days."));

  // options: caption, size, columns [{key, title, text, value(at), cell(at), minor, wide}] (the first one heads its row), words(at) to be
  // searched, placeholder, sort {key, falling}, keep(at) the filter from outside, summary(rows) a sentence about what is found.
  function table(options) {
    const { columns } = options;
    const state = { ...options.sort, page: 0, words: [] };
    const sort = sorter(options.size, columns);
    let order = null;
    let rows = [];
    const head = h("tr");
    const body = h("tbody");
    const summary = h("p", { class: "summary" });
    const pageCount = () => Math.ceil(rows.length / PAGE);
    const pages = pager((step) => {
      state.page = Math.min(Math.max(0, pageCount() - 1), Math.max(0, state.page + step));
      show();
      say(`Rows ${pages.where()}.`);
    });

    function show() {
      const first = state.page * PAGE;
      const visible = Array.from(rows.slice(first, first + PAGE));
      body.replaceChildren(...(visible.length ? visible.map((at) => rowOf(columns, at)) : [nothing(columns)]));
      pages.show(state.page, pageCount(), first, first + visible.length, rows.length);
    }

    function find() {
      order ??= sort(state.key, state.falling);
      rows = order.filter((at) => options.keep(at) && state.words.every((word) => options.words(at).includes(word)));
      state.page = 0;
      summary.textContent = options.summary(rows);
      show();
    }

    function sortBy(column) {
      state.falling = state.key === column.key ? !state.falling : !column.text;
      state.key = column.key;
      order = null;
      heads();
      find();
      head.querySelector(`[data-key="${column.key}"]`).focus();
      say(`Sorted by ${column.title}, ${state.falling ? "falling" : "rising"}.`);
    }

    const heads = () => head.replaceChildren(...columns.map((column) => header(column, state, sortBy)));
    const search = searchBox(options.placeholder, (words) => {
      state.words = words;
      find();
      say(summary.textContent);
    });
    heads();
    const grid = h("table", { class: "grid" }, h("caption", { class: "hidden-text" }, options.caption), h("thead", {}, head), body);
    const tools = h("div", { class: "tools" }, search, options.tools);
    return { element: h("div", { class: "table" }, tools, summary, h("div", { class: "scroll" }, grid), pages.element), find };
  }

  window.prCost.table = table;
})();
