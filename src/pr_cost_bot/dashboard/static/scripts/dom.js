// Elements. Text is always text: nothing here takes HTML.
"use strict";
(() => {
  // h("a", {class: "x", href: "#y", on: {click: f}}, "text", child): null and false children are left out.
  function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "on") {
        for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
      } else if (value !== null && value !== undefined && value !== false) {
        element.setAttribute(name, value === true ? "" : value);
      }
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  }

  // An address that leads away; text where there is none.
  function link(url, ...children) {
    if (!/^https?:\/\//i.test(url ?? "")) return h("span", {}, ...children);
    return h("a", { href: url, rel: "noopener noreferrer" }, ...children);
  }

  // The part that something is of a whole, beside its number.
  function share(part) {
    const fill = h("i");
    fill.style.width = `${Math.min(100, Math.max(0, 100 * Number(part ?? 0)))}%`;
    return h("span", { class: "share" }, h("span", { class: "track", "aria-hidden": "true" }, fill), window.prCost.format.percent(part, 1));
  }

  function card(title, ...children) {
    return h("section", { class: "card" }, h("h2", {}, title), ...children);
  }

  // One click to another panel.
  const panelLink = (panel, text) => h("a", { href: `#${panel}`, "data-panel": panel }, text);

  const hidden = (text) => h("span", { class: "hidden-text" }, text);

  function say(text) {
    document.getElementById("status").textContent = text;
  }

  window.prCost.dom = { h, link, share, card, panelLink, hidden, say };
})();
