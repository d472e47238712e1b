// Elements. All text goes in as text: titles, messages and names were written by others.

const SVG = document.createElementNS.bind(document, "http://www.w3.org/2000/svg");

export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name.startsWith("aria") || name === "role") element.setAttribute(name.replace(/[A-Z]/, (c) => `-${c.toLowerCase()}`), value);
    else element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// Only what changed is written: nothing moves that did not change.
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

const GLYPHS = {
  pending: ["M12 3.5a8.5 8.5 0 1 1-.01 0", "4 3.5"],
  processing: ["M12 3.5a8.5 8.5 0 1 1-.01 0", null, 3.5],
  completed: ["M12 3.5a8.5 8.5 0 1 1-.01 0M8 12.3l2.8 2.7 5.2-5.6"],
  failed: ["M8.4 3.5h7.2l4.9 4.9v7.2l-4.9 4.9H8.4l-4.9-4.9V8.4zM9.2 9.2l5.6 5.6M14.8 9.2l-5.6 5.6"],
  interrupted: ["M6 3.8h12A2.2 2.2 0 0 1 20.2 6v12a2.2 2.2 0 0 1-2.2 2.2H6A2.2 2.2 0 0 1 3.8 18V6A2.2 2.2 0 0 1 6 3.8zM9.5 9.5h5v5h-5z"],
  retrying: ["M20 12a8 8 0 1 1-2.4-5.7M20 3.5v4.2h-4.2"],
  cached: ["M12 3l9 9-9 9-9-9zM12 3v18M8 8v8M5.5 10.5v3"],
  stalled: ["M12 3.5l9 16.5H3zM12 10v4.5M12 17.2v.1"],
  skipped: ["M5 12h14"],
};
const SAME = { running: "processing", finished: "completed", error: "failed" };

export function glyph(state) {
  const [path, dashes, core] = GLYPHS[SAME[state] || state] || GLYPHS.pending;
  const svg = SVG("svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "glyph");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", state);
  const line = SVG("path");
  line.setAttribute("d", path);
  if (dashes) line.setAttribute("stroke-dasharray", dashes);
  svg.append(line);
  if (core) {
    const circle = SVG("circle");
    for (const [name, value] of [["class", "core"], ["cx", 12], ["cy", 12], ["r", core]]) circle.setAttribute(name, value);
    svg.append(circle);
  }
  return svg;
}

// Shows a state as colour and outline on its parent, once.
export function mark(parent, state) {
  if (parent.dataset.state === state) return;
  parent.dataset.state = state;
  const old = parent.querySelector(":scope > .glyph");
  if (old) old.replaceWith(glyph(state));
  else parent.prepend(glyph(state));
}

export function bar(label) {
  return el("div", { class: "bar", role: "progressbar", ariaLabel: label, ariaValuemin: 0, ariaValuemax: 100 }, el("i"));
}

export function fill(element, percentage, kind = "") {
  element.className = `bar ${kind}`;
  element.setAttribute("aria-valuenow", Math.floor(percentage));
  element.firstChild.style.width = `${Math.max(0, Math.min(100, percentage))}%`;
}
