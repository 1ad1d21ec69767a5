// Repairs what the theme and its extensions tell a screen reader, before it listens.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  // A label that differs from the visible words hides them from speech input.
  document
    .querySelectorAll(".search-button-field[aria-label], details.hide > summary[aria-label]")
    .forEach((element) => element.removeAttribute("aria-label"));

  // The arrow that unfolds a part of the table of contents has no words at all.
  document.querySelectorAll("nav details > summary").forEach((summary) => {
    const entry = summary.closest("li")?.querySelector("a")?.textContent.trim();
    summary.setAttribute("aria-label", `Pages below ${entry}`);
  });

  // A list role on the bibliography forbids the labels that it is made of.
  document
    .querySelectorAll(".citation-list[role], .citation[role]")
    .forEach((element) => element.removeAttribute("role"));

  // A formula that is wider than the page scrolls, by keyboard too.
  const reach = () =>
    document.querySelectorAll("div.math").forEach((formula) => {
      if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
    });
  window.addEventListener("load", () => document.fonts.ready.then(reach));
  window.addEventListener("resize", reach);
});
