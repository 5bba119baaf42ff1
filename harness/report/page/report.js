"use strict";
const zoom = document.querySelector(".zoom");
const overTime = []; // views whose horizontal axis is the run's time

function show(from, to) {
  const end = Number(zoom.dataset.end);
  const low = Math.max(0, Math.min(from, to));
  const high = Math.min(end, Math.max(from, to));
  if (!(high - low > end / 1e4)) return;
  for (const view of overTime) view.signal("from_s", low).signal("to_s", high).runAsync();
  zoom.elements.from.value = low.toFixed(1);
  zoom.elements.to.value = high.toFixed(1);
  const whole = low === 0 && high === end;
  zoom.querySelector("output").textContent = whole ? "the whole run" : "a part of the run";
  if (whole) zoom.elements.around.value = "";
}

function whole() {
  show(0, Number(zoom.dataset.end));
}

function secondsAt(view, clientX) {
  const box = view.container().querySelector("svg").getBoundingClientRect();
  return view.scale("x").invert(clientX - box.left - view.padding().left - view.origin()[0]);
}

function dragToZoom(drawing, view) {
  drawing.addEventListener("dblclick", whole);
  drawing.addEventListener("pointerdown", (down) => {
    if (down.button !== 0 || down.pointerType === "touch") return;
    const mark = drawing.appendChild(document.createElement("div"));
    mark.className = "pick";
    const left = drawing.getBoundingClientRect().left;
    const move = (event) => {
      mark.style.left = `${Math.min(down.clientX, event.clientX) - left}px`;
      mark.style.width = `${Math.abs(event.clientX - down.clientX)}px`;
    };
    const up = (event) => {
      document.removeEventListener("pointermove", move);
      mark.remove();
      if (Math.abs(event.clientX - down.clientX) > 6) {
        show(secondsAt(view, down.clientX), secondsAt(view, event.clientX));
      }
    };
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", up, { once: true });
    down.preventDefault();
  });
}

if (zoom) {
  zoom.hidden = false;
  zoom.addEventListener("submit", (event) => event.preventDefault());
  zoom.addEventListener("change", (event) => {
    const chosen = zoom.elements.around.selectedOptions[0];
    if (event.target !== zoom.elements.around) {
      show(Number(zoom.elements.from.value), Number(zoom.elements.to.value));
    } else if (chosen.value) {
      show(Number(chosen.dataset.from), Number(chosen.dataset.to));
    } else {
      whole();
    }
  });
  zoom.elements.whole.addEventListener("click", whole);
}

const drawings = [];
for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const spec = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const drawing = figure.querySelector(".drawing");
  // a phone has no room for a legend of ten in a row, beside the names of the pods least of all
  const names = figure.dataset.chart === "waterfall" ? 150 : 64;
  spec.config.legend.columns = Math.max(2, Math.floor((drawing.clientWidth - names) / 84));
  if (drawing.clientWidth < 500) spec.config.legend.layout = { top: { direction: "vertical" } };
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    actions: false,
    ast: true,
    tooltip: { theme: "harness" },
  };
  const drawn = vegaEmbed(drawing, spec, options)
    .then((result) => {
      if (!zoom || !spec.params) return;
      overTime.push(result.view);
      drawing.classList.add("over-time");
      dragToZoom(drawing, result.view);
    })
    .catch((error) => {
      drawing.textContent = "This chart could not be drawn; its numbers are below.";
      console.error(error);
    });
  drawings.push(drawn);
}

// report.html#t=5,16 opens with these seconds shown
const asked = /^#t=([\d.]+),([\d.]+)$/.exec(location.hash);
if (zoom && asked) Promise.all(drawings).then(() => show(Number(asked[1]), Number(asked[2])));
