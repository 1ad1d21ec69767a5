/* Small repairs of the theme's markup, made before a reader or a screen reader meets it. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  /* A list role on the bibliography would forbid the labels that it consists of. */
  document.querySelectorAll("div.citation-list[role], div.citation[role]").forEach((element) => {
    element.removeAttribute("role");
  });
});
