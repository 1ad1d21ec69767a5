// Moves the interactive figures: each is one picture whose source and alternative text
// follow native range inputs. Nothing is animated, so there is no motion to reduce.
"use strict";

(() => {
  const QUIET = 500; // ms without movement before a frame is read out

  function start(figure) {
    const picture = figure.querySelector(".explore-frame");
    const status = figure.querySelector(".explore-status");
    const data = JSON.parse(figure.querySelector(".explore-data").textContent);
    const inputs = [...figure.querySelectorAll("input[type=range]")];
    const outputs = [...figure.querySelectorAll("output")];
    let timer;
    let kept;

    const place = () =>
      inputs.reduce((sum, input, i) => sum * data.labels[i].length + +input.value, 0);

    function preload() {
      kept ??= data.frames.map(([source]) => {
        const image = new Image();
        image.src = source;
        return image;
      });
    }

    function show() {
      const [source, text] = data.frames[place()];
      picture.src = source;
      picture.alt = text;
      inputs.forEach((input, i) => {
        const label = data.labels[i][+input.value];
        outputs[i].value = label;
        input.setAttribute("aria-valuetext", label);
      });
      return text;
    }

    function move() {
      preload();
      const text = show();
      clearTimeout(timer);
      timer = setTimeout(() => (status.textContent = text), QUIET);
    }

    for (const input of inputs) {
      input.addEventListener("input", move);
      input.addEventListener("pointerdown", preload);
      input.addEventListener("focus", preload);
    }
    show(); // a browser that goes back to a page may have kept a slider's position
    figure.querySelector(".explore-controls").hidden = false;
  }

  const begin = () => document.querySelectorAll("figure.explore").forEach(start);
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", begin);
  } else {
    begin();
  }
})();
