import type { TabSign } from "./tab.js";

/** Colours as the theme has them: a favicon is a document of its own and knows no custom properties. */
export interface FaviconColours {
  ring: string;
  core: string;
  live: string;
  done: string;
  failed: string;
}

/** As in the logo: a square with round corners, from top centre, clockwise. */
const EDGE = "M12 2.6h4.2a5.2 5.2 0 0 1 5.2 5.2v8.4a5.2 5.2 0 0 1-5.2 5.2H7.8a5.2 5.2 0 0 1-5.2-5.2V7.8a5.2 5.2 0 0 1 5.2-5.2z";
const TICK = "m7.8 12.3 2.9 2.9 5.5-6";
const CROSS = "m8.9 8.9 6.2 6.2m0-6.2-6.2 6.2";

/** The logo at the size of a favicon, as an SVG document. */
export function faviconSvg({ state, percentage = 0 }: TabSign, colours: FaviconColours): string {
  const ended = state === "done" || state === "failed";
  const stroke = (path: string, colour: string, more = "") =>
    `<path d="${path}" stroke="${colour}" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"${more}/>`;
  const parts = [stroke(EDGE, ended ? colours[state] : colours.ring)];
  if (state === "running") parts.push(stroke(EDGE, colours.live, ` pathLength="100" stroke-dasharray="${Math.floor(percentage)} 200"`));
  if (ended) parts.push(stroke(state === "done" ? TICK : CROSS, colours[state]));
  else parts.push(`<circle cx="12" cy="12" r="3.8" fill="${state === "running" ? colours.live : colours.core}"/>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none">${parts.join("")}</svg>`;
}

/** Puts it on the document. */
export function showFavicon(sign: TabSign): void {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--cm-${name}`).trim();
  const svg = faviconSvg(sign, {
    ring: token("control"),
    core: token("text-3"),
    live: token("amber"),
    done: token("state-done"),
    failed: token("state-failed"),
  });
  const href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]") ?? document.head.appendChild(document.createElement("link"));
  if (link.href === href) return;
  link.rel = "icon";
  link.type = "image/svg+xml";
  link.href = href;
}
