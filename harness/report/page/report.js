"use strict";
for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const spec = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const drawing = figure.querySelector(".drawing");
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    actions: false,
    ast: true,
    tooltip: { theme: "harness" },
  };
  vegaEmbed(drawing, spec, options).catch((error) => {
    drawing.textContent = "This chart could not be drawn; its numbers are below.";
    console.error(error);
  });
}
