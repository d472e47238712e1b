// The list of jobs: what runs, what waits, what has ended. A row is made once and then only patched.

import { bar, el, fill, mark, text } from "./dom.js";
import { shownAt } from "./live.js";
import * as words from "./words.js";

const GROUPS = [
  ["Running", (job) => job.status === "processing", (a, b) => (a.createdAt < b.createdAt ? 1 : -1)],
  ["Waiting", (job) => job.status === "pending", (a, b) => (a.createdAt < b.createdAt ? -1 : 1)],
  ["Ended", (job) => !["processing", "pending"].includes(job.status), (a, b) => (a.createdAt < b.createdAt ? 1 : -1)],
];

class Row {
  constructor(id) {
    this.thumb = el("div", { class: "thumb" });
    this.title = el("div", { class: "title" });
    this.what = el("div", { class: "what" });
    this.percent = el("div", { class: "percent" });
    this.time = el("div", { class: "time" });
    this.bar = bar("Progress");
    this.element = el("a", { class: "job", href: `#${id}` }, this.thumb, el("div", {}, this.title, this.what),
      el("div", { class: "right" }, this.percent, this.time), this.bar);
  }

  patch(job, current) {
    mark(this.element, words.state(job));
    this.element.setAttribute("aria-current", current);
    text(this.title, job.title);
    text(this.what, words.what(job));
    const live = job.status === "processing";
    text(this.percent, job.status === "pending" || job.status === "completed" ? "" : `${words.percent(job.overallPercentage)}%`);
    text(this.time, live ? (job.eta ? words.left(job.eta) : "") : this.ended(job));
    this.bar.hidden = job.status === "pending";
    fill(this.bar, job.overallPercentage, live ? "live" : job.status === "failed" ? "bad" : "");
    this.picture(job.thumbnailUrl);
  }

  ended(job) {
    if (job.status === "pending") return words.clock(job.createdAt);
    const took = job.durationMs === undefined ? "" : words.duration(job.durationMs);
    return [took, words.clock(job.completedAt || job.createdAt)].filter(Boolean).join(", ");
  }

  picture(url) {
    if (this.url === url) return;
    this.url = url;
    this.thumb.replaceChildren();
    if (url) shownAt(url).then((src) => this.url === url && this.thumb.replaceChildren(el("img", { src, alt: "" })), () => {});
  }
}

export class List {
  constructor(parent, empty) {
    Object.assign(this, { parent, empty, rows: new Map(), known: false });
    this.heads = GROUPS.map(([name]) => {
      const count = el("span");
      return { count, element: el("div", { class: "group" }, name, count) };
    });
  }

  draw(jobs, current) {
    // Before the first snapshot nothing is known, not even that there is nothing.
    this.empty.hidden = !this.known || jobs.size > 0;
    for (const [id, row] of this.rows) {
      if (!jobs.has(id)) {
        row.element.remove();
        this.rows.delete(id);
      }
    }
    const order = [];
    GROUPS.forEach(([, belongs, compare], index) => {
      const members = [...jobs.values()].filter(belongs).sort(compare);
      const head = this.heads[index];
      head.element.hidden = members.length === 0;
      text(head.count, String(members.length));
      order.push(head.element);
      for (const job of members) {
        if (!this.rows.has(job.queueId)) this.rows.set(job.queueId, new Row(job.queueId));
        const row = this.rows.get(job.queueId);
        row.patch(job, job.queueId === current);
        order.push(row.element);
      }
    });
    // Moving an element that is in its place would take the focus from it.
    order.forEach((element, index) => {
      const there = this.parent.children[index];
      if (there !== element) this.parent.insertBefore(element, there || null);
    });
  }
}
