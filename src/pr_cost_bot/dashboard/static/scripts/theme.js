// Runs before the first paint, so that a chosen theme does not flash.
"use strict";
(() => {
  const key = "pr-cost-bot-theme";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try { return localStorage.getItem(key); } catch { return null; } // storage may be forbidden, as in some file:// pages
  };
  const store = (theme) => {
    try { localStorage.setItem(key, theme); } catch { /* then it lasts for this page */ }
  };
  const chosen = stored();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const changed = () => document.dispatchEvent(new Event("themechange"));
  system.addEventListener("change", changed);
  // Paper is white: the charts, which are pictures, are drawn anew for it.
  let before;
  addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    changed();
  });
  addEventListener("afterprint", () => {
    if (before) root.dataset.theme = before;
    else delete root.dataset.theme;
    changed();
  });
  window.prCost = {
    theme: {
      isDark,
      toggle() {
        root.dataset.theme = isDark() ? "light" : "dark";
        store(root.dataset.theme);
        changed();
      },
    },
  };
})();
