// The first page: all jobs and one of them, live; drop a workflow to run it.

import { el, text } from "./dom.js";
import { List } from "./list.js";
import { Live, ask, token } from "./live.js";
import { Stage } from "./stage.js";
import { percent } from "./words.js";

const $ = (id) => document.getElementById(id);
const main = document.querySelector("main");
const jobs = new Map();
const instances = new Map();
// The opened one, whole.
let opened = null;
let openedId = null;

const list = new List($("list"), $("no-jobs"));
const stage = new Stage($("stage"), toast);
const live = new Live({ hear, see, tell, locked });

// --- what happens

function hear(frame) {
  switch (frame.type) {
    case "snapshot":
      if (frame.queueId === "*") {
        list.known = true;
        jobs.clear();
        for (const job of frame.generations || []) jobs.set(job.queueId, job);
        instances.clear();
        for (const instance of frame.instances || []) instances.set(instance.instanceId, instance);
      } else if (frame.queueId === openedId) {
        opened = frame.generation;
        if (frame.truncated) refresh();
      }
      break;
    case "generation_update": {
      const known = jobs.get(frame.generation.queueId);
      if (!known || frame.generation.sequence >= known.sequence) jobs.set(frame.generation.queueId, frame.generation);
      break;
    }
    case "instance_update":
      instances.set(frame.instance.instanceId, frame.instance);
      break;
    case "error":
      toast(new Error(frame.message));
      break;
    default:
      if (frame.queueId === openedId) apply(frame);
  }
  draw();
}

function see(header, image) {
  if (header.queueId === openedId && !document.hidden) stage.now.see(image);
}

// A frame of the opened job. What changes more than a number is read again as a whole.
function apply(frame) {
  if (!opened) return refresh();
  if (frame.sequence < opened.sequence) return;
  opened.sequence = frame.sequence;
  opened.status = frame.status ?? opened.status;
  switch (frame.type) {
    case "job_queued":
    case "queue_update":
      Object.assign(opened, { queuePosition: frame.queuePosition, message: frame.message });
      break;
    case "job_progress": {
      Object.assign(opened, { overallPercentage: frame.overallPercentage, eta: frame.eta, elapsedMs: frame.elapsedMs, stalledSince: frame.stalledSince });
      const nodes = new Map(opened.nodes?.map((node) => [node.nodeId, node]));
      for (const progress of frame.nodes) {
        const { nodeState, currentNode, ...rest } = progress;
        const known = nodes.get(progress.nodeId);
        if (!known) return refresh();
        delete known.value, delete known.max, delete known.percentage;
        Object.assign(known, rest, { state: nodeState, title: currentNode });
      }
      if (frame.progressData) opened.message = frame.progressData.message;
      break;
    }
    case "node_executed": {
      const node = opened.nodes?.find((node) => node.nodeId === frame.nodeId);
      if (node) Object.assign(node, { state: frame.cached ? "cached" : "finished", durationMs: frame.durationMs });
      break;
    }
    case "outputs":
      merge(frame.outputs);
      break;
    default:
      refresh();
  }
}

function merge(outputs) {
  const all = new Map((opened.outputs || []).map((output) => [output.mediaId, output]));
  for (const output of outputs) all.set(output.mediaId, output);
  opened.outputs = [...all.values()];
}

// At most once a second, however many frames ask for it.
let reading = false;
const again = new Set();
async function refresh() {
  if (reading) return void again.add(openedId);
  if (!openedId) return;
  reading = true;
  const id = openedId;
  const pause = new Promise((done) => setTimeout(done, 1000));
  try {
    const read = await ask(`/v1/generations/${id}`);
    if (id === openedId && (!opened || read.sequence >= opened.sequence)) opened = read;
  } catch (problem) {
    // Followed before it exists: its frames will tell.
    if (problem.status !== 404) toast(problem);
  }
  draw();
  await pause;
  reading = false;
  if (again.delete(id)) refresh();
}

function open() {
  const id = location.hash.slice(1);
  if (id === openedId) return;
  if (openedId) live.leave(openedId);
  openedId = id || null;
  opened = null;
  if (openedId) live.follow(openedId);
  draw();
}

// --- what is shown

let drawing = false;
function draw() {
  if (drawing) return;
  drawing = true;
  // A hidden tab draws nothing, but its title goes on.
  (document.hidden ? setTimeout : requestAnimationFrame)(() => {
    drawing = false;
    list.draw(jobs, openedId);
    main.classList.toggle("open", Boolean(openedId));
    stage.draw(openedId && (opened || jobs.get(openedId)));
    banners();
    headline();
  });
}

function headline() {
  const running = [...jobs.values()].filter((job) => job.status === "processing");
  const shown = opened?.status === "processing" ? opened : running[0];
  const done = shown ? percent(shown.overallPercentage) : 0;
  document.title = shown ? (running.length > 1 ? `${running.length} running, ${done}%` : `${done}% ${shown.title}`) : "ComfyUI Monitor";
  document.querySelector(".logo").classList.toggle("alive", Boolean(shown));
  $("logo-edge").style.strokeDasharray = `${done} 100`;
}

// Only when it changed: a banner holds a button that somebody may be about to press.
let told = "";
function banners() {
  const away = [...instances.values()].filter((instance) => !["connected", "polling"].includes(instance.state));
  const key = JSON.stringify(away.map((instance) => [instance.instanceId, instance.url, instance.reason]));
  if (key === told) return;
  told = key;
  $("banners").replaceChildren(...away.map((instance) => el("div", { class: "banner" },
    el("b", { textContent: `Waiting for ComfyUI at ${instance.url.replace(/^https?:\/\//, "").replace(/\/$/, "")}` }),
    el("p", { textContent: instance.reason || "Start ComfyUI and this page wakes up by itself. The address is COMFYUI_HOST, COMFYUI_PORT." }),
    el("button", { class: "button", type: "button", textContent: "Try now",
      onclick: () => ask(`/v1/instances/${encodeURIComponent(instance.instanceId)}/reconnect`, { method: "POST" }).catch(toast) }))));
}

function tell(state, wait) {
  $("connection").dataset.state = state;
  document.body.classList.toggle("offline", state === "offline");
  text($("connection"), { live: "Live", reconnecting: "Reconnecting" }[state] || `Offline, again in ${Math.ceil(wait / 1000)} s`);
}

function toast(error) {
  const details = error.nodeErrors?.map((complaint) => el("li", { textContent: [complaint.nodeTitle || complaint.nodeId, complaint.message].filter(Boolean).join(": ") }));
  const element = el("div", { class: "toast", role: "alert", title: "Close", onclick: () => element.remove() },
    el("b", { textContent: error.message }), details?.length ? el("ul", {}, details) : null);
  $("toasts").append(element);
  while ($("toasts").children.length > 3) $("toasts").firstChild.remove();
}

// --- what people do

function uuid() {
  // `randomUUID` is missing on plain http from another machine.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

async function submit(file) {
  const form = new FormData();
  form.set("file", file);
  form.set("queueId", uuid());
  // Followed before it exists: nothing of it is missed.
  location.hash = form.get("queueId");
  try {
    await ask("/v1/generations", { method: "POST", body: form });
  } catch (problem) {
    if (!problem.queueId) location.hash = "";
    toast(problem);
  }
}

function locked() {
  $("wrong").hidden = !token.get();
  $("connection").dataset.state = "offline";
  text($("connection"), "Locked");
  if (!$("ask").open) $("ask").showModal();
}

$("ask").addEventListener("cancel", (event) => event.preventDefault());
$("ask").addEventListener("close", () => {
  token.set($("token").value.trim());
  $("token").value = "";
  live.now();
});
$("file").addEventListener("change", ({ target }) => {
  if (target.files[0]) submit(target.files[0]);
  target.value = "";
});
const carries = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
addEventListener("dragover", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  $("drop").hidden = false;
});
addEventListener("dragleave", (event) => event.relatedTarget || ($("drop").hidden = true));
addEventListener("drop", (event) => {
  $("drop").hidden = true;
  if (!carries(event)) return;
  event.preventDefault();
  if (event.dataTransfer.files[0]) submit(event.dataTransfer.files[0]);
});
addEventListener("hashchange", open);

const THEME = "comfyui-monitor-theme";
const light = matchMedia("(prefers-color-scheme: light)");
const theme = () => (document.documentElement.dataset.theme = localStorage.getItem(THEME) || (light.matches ? "light" : "dark"));
light.addEventListener("change", theme);
$("theme").addEventListener("click", () => {
  localStorage.setItem(THEME, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  theme();
});

theme();
open();
live.now();
