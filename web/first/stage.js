// One job: how far it is, what runs now, what it made, what went wrong.

import { bar, el, fill, mark, text } from "./dom.js";
import { ask, shownAt } from "./live.js";
import * as words from "./words.js";

const NAMES = { pending: "Waiting", processing: "Running", completed: "Done", failed: "Failed", interrupted: "Stopped" };

export class Stage {
  constructor(parent, toast) {
    Object.assign(this, { parent, toast, outputs: new Map() });
    this.title = el("h1");
    this.meta = el("div", { class: "meta" });
    this.again = el("button", { class: "button", type: "button", textContent: "Run again", onclick: () => this.act("retry") });
    this.cancel = el("button", { class: "button", type: "button", textContent: "Cancel", onclick: () => this.act("cancel") });
    this.head = el("div", { class: "head" },
      el("a", { class: "quiet back", href: "#", ariaLabel: "All jobs", textContent: "‹" }),
      el("div", { class: "words" }, this.title, this.meta), el("div", { class: "actions" }, this.again, this.cancel));
    this.number = el("span");
    this.left = el("span", { class: "left" });
    this.soFar = el("span", { class: "so-far" });
    this.bar = bar("Overall progress");
    this.overall = el("div", { class: "overall" }, el("div", { class: "big" }, this.number, el("small", { textContent: "%" })),
      el("div", { class: "line" }, this.left, this.soFar), this.bar);
    this.notice = el("div");
    this.now = new Now();
    this.nodeCount = el("h2");
    this.nodes = el("ul", { class: "nodes" });
    this.nodeCard = el("section", { class: "card" }, this.nodeCount, this.nodes);
    this.results = el("div", { class: "outputs" });
    this.resultCard = el("section", {}, el("h2", { textContent: "Results" }), this.results);
    parent.append(this.head, this.overall, this.notice, this.now.element, this.resultCard, this.nodeCard);
  }

  async act(what) {
    const id = this.id;
    try {
      await ask(`/v1/generations/${id}/${what}`, { method: "POST" });
    } catch (problem) {
      this.toast(problem);
    }
  }

  draw(job) {
    this.parent.hidden = !job;
    if (!job) return;
    if (this.id !== job.queueId) {
      this.id = job.queueId;
      this.outputs.clear();
      this.now.see(null);
      this.results.replaceChildren();
    }
    const ended = !["pending", "processing"].includes(job.status);
    const live = job.status === "processing";
    mark(this.head, words.state(job));
    text(this.title, job.title);
    const attempt = job.attempts?.length > 1 ? `attempt ${job.attempts.length}` : "";
    const began = job.startedAt ? `started ${words.clock(job.startedAt)}` : `sent ${words.clock(job.createdAt)}`;
    text(this.meta, [NAMES[job.status], job.instanceId, began, attempt, job.queueId.slice(0, 8)].filter(Boolean).join(" · "));
    this.cancel.hidden = ended && !job.retry;
    this.again.hidden = !ended;

    text(this.number, String(words.percent(job.overallPercentage)));
    const headline = live ? (job.eta ? words.left(job.eta) : "time left not known yet") : NAMES[job.status];
    text(this.left, job.status === "pending" ? job.message || headline : headline);
    const elapsed = ended ? job.durationMs : job.elapsedMs;
    text(this.soFar, elapsed === undefined ? "" : ended ? `took ${words.duration(elapsed)}` : `${words.duration(elapsed)} so far`);
    fill(this.bar, job.overallPercentage, live ? "live" : job.status === "failed" ? "bad" : "");
    this.tell(job);
    this.now.draw(live ? (job.nodes || []).filter((node) => node.state === "running") : [], job.message);
    this.list(job.nodes || []);
    this.show(job.outputs || []);
  }

  // Errors, retries, warnings: rebuilt only when they change.
  tell(job) {
    const key = JSON.stringify([job.error, job.retry, job.warnings, job.status === "failed"]);
    if (this.told === key) return;
    this.told = key;
    const parts = [];
    if (job.retry) {
      const { error, change, next } = job.retry;
      parts.push(el("div", { class: "notice retry" }, el("b", { textContent: `Trying again${change ? `: ${change}` : ""}` }),
        el("div", { textContent: `Last time: ${error.message}` }), next ? el("div", { textContent: next }) : null));
    } else if (job.error && job.status === "failed") {
      const { type, message, nodeTitle, traceback } = job.error;
      parts.push(el("div", { class: "notice fail", role: "alert" },
        el("b", { textContent: nodeTitle ? `Failed in ${nodeTitle}` : "Failed" }), el("div", { class: "mono type", textContent: type }),
        el("pre", { class: "mono", textContent: message.trim() }),
        traceback?.length ? el("details", {}, el("summary", { textContent: "Traceback" }), el("pre", { class: "mono", textContent: traceback.join("") })) : null));
    }
    for (const warning of job.warnings || []) {
      parts.push(el("div", { class: "notice retry", textContent: [warning.nodeTitle || warning.nodeId, warning.message].filter(Boolean).join(": ") }));
    }
    this.notice.replaceChildren(...parts);
    this.notice.hidden = parts.length === 0;
  }

  list(nodes) {
    this.nodeCard.hidden = nodes.length === 0;
    const ran = nodes.filter((node) => ["finished", "cached"].includes(node.state)).length;
    text(this.nodeCount, `Nodes, ${ran} of ${nodes.length} done`);
    while (this.nodes.children.length > nodes.length) this.nodes.lastChild.remove();
    nodes.forEach((node, index) => {
      const row = this.nodes.children[index] || this.nodes.appendChild(el("li", {}, el("span", { class: "name" }), el("span", { class: "time" })));
      mark(row, node.state);
      text(row.querySelector(".name"), node.title);
      const time = node.state === "cached" ? "cached" : node.durationMs === undefined ? "" : words.duration(node.durationMs);
      text(row.querySelector(".time"), node.state === "running" ? words.steps(node) : time);
    });
  }

  show(outputs) {
    this.resultCard.hidden = outputs.length === 0;
    for (const output of outputs) {
      const key = output.status;
      const known = this.outputs.get(output.mediaId);
      if (known?.key === key) continue;
      const element = tile(output);
      if (known) known.element.replaceWith(element);
      else this.results.append(element);
      this.outputs.set(output.mediaId, { key, element });
    }
  }
}

function tile(output) {
  const name = output.originalFilename || output.kind;
  if (output.status === "pending") return el("div", { class: "output waiting" }, el("p", { textContent: "storing" }));
  if (output.status === "failed") return el("div", { class: "output" }, el("p", { textContent: `${name}: ${output.reason || "could not be stored"}` }));
  if (output.text !== undefined && !output.url) return el("div", { class: "output wide" }, el("pre", { class: "mono", textContent: output.text }));
  const link = el("a", { class: "output", target: "_blank", rel: "noopener", href: output.url, title: name });
  const show = (element, url) => shownAt(url).then((src) => (element.src = src), () => {});
  if (output.kind === "image") {
    const image = el("img", { alt: name, loading: "lazy" });
    show(image, output.thumbnailUrl || output.url);
    link.append(image);
  } else if (output.kind === "video") {
    const video = el("video", { muted: true, loop: true, controls: true, preload: "metadata", playsInline: true });
    show(video, output.url);
    return el("div", { class: "output" }, video, el("p", { textContent: name }));
  } else if (output.kind === "audio") {
    const audio = el("audio", { controls: true, preload: "none" });
    show(audio, output.url);
    return el("div", { class: "output wide" }, audio, el("p", { textContent: name }));
  } else {
    link.download = name;
    link.append(el("p", { textContent: name }));
  }
  // With a token the link itself would be refused: the bytes are fetched when it is used.
  link.onclick = (event) => {
    if (link.href.startsWith("blob:")) return;
    event.preventDefault();
    shownAt(output.url).then((url) => {
      link.href = url;
      link.click();
      if (!url.startsWith("blob:")) link.href = url;
    }, () => {});
  };
  return link;
}

// The node that runs, and the lanes of those beside it.
class Now {
  constructor() {
    this.name = el("div", { class: "name" });
    this.class = el("div", { class: "class mono" });
    this.steps = el("span");
    this.percent = el("span");
    this.line = el("div", { class: "steps" }, this.steps, this.percent);
    this.bar = bar("Steps");
    this.message = el("p", { class: "message" });
    this.soFar = el("p", { class: "so-far" });
    this.lanes = el("div");
    this.picture = el("img", { alt: "", ariaHidden: "true", hidden: true });
    const label = el("div", { class: "label" }, el("span", { class: "pulse" }), "Currently Processing");
    this.element = el("section", { class: "card now", hidden: true }, this.picture,
      el("div", {}, label, this.name, this.class, this.line, this.bar, this.message, this.soFar, this.lanes));
  }

  // The newest preview, or none. The old one is let go when the new one is there, so nothing flickers.
  see(image) {
    const old = this.picture.src;
    this.picture.hidden = !image;
    if (image) this.picture.src = URL.createObjectURL(image);
    else this.picture.removeAttribute("src");
    if (old) this.picture.decode().catch(() => {}).finally(() => URL.revokeObjectURL(old));
  }

  draw(running, message) {
    const node = running[0];
    this.element.hidden = !node;
    if (!node) return this.picture.hidden || this.see(null);
    text(this.name, node.title);
    text(this.class, [node.classType, `node ${node.displayNodeId}`].filter(Boolean).join(", "));
    const steps = words.steps(node);
    this.line.hidden = this.bar.hidden = !steps;
    text(this.steps, steps);
    text(this.percent, `${words.percent(node.percentage)}%`);
    fill(this.bar, node.percentage || 0, "live");
    text(this.message, node.message || message || "");
    text(this.soFar, node.elapsedMs === undefined ? "" : `${words.duration(node.elapsedMs)} in this node`);
    const others = running.slice(1, 5);
    while (this.lanes.children.length > others.length) this.lanes.lastChild.remove();
    others.forEach((other, index) => {
      const lane = this.lanes.children[index] || this.lanes.appendChild(el("div", { class: "lane" }, el("span"), el("span"), bar("Steps")));
      text(lane.children[0], other.title);
      text(lane.children[1], words.steps(other));
      fill(lane.children[2], other.percentage || 0, "live");
    });
  }
}
