/** Chromium, and what it complains of. */
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type JSHandle, type Page } from "playwright-core";
import { PATIENCE } from "./process.js";
import { programs } from "./programs.js";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // The same figures everywhere.
  "--enable-precise-memory-info",
  "--force-color-profile=srgb",
];

export const SIZES = {
  desktop: { width: 1440, height: 900 },
  tablet: { width: 1024, height: 768 },
  phone: { width: 390, height: 844 },
} as const;

export type Size = keyof typeof SIZES;
export const SIZE_NAMES = Object.keys(SIZES) as Size[];

export const THEMES = ["dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

/** Every theme in every size. */
export const LOOKS = THEMES.flatMap((theme) => SIZE_NAMES.map((size) => ({ theme, size })));

export interface Window extends BrowserContextOptions {
  size?: Size;
  theme?: Theme;
}

export interface Dragged {
  name: string;
  type: string;
  bytes: Buffer | string;
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: programs.chromium, args: FLAGS, headless: true });
}

/** A profile of its own, in which nothing is remembered. */
export async function open(browser: Browser, complaints: string[], window: Window = {}): Promise<BrowserContext> {
  const { size = "desktop", theme = "dark", ...rest } = window;
  const context = await browser.newContext({ viewport: SIZES[size], colorScheme: theme, hasTouch: size === "phone", locale: "en-GB", ...rest });
  context.setDefaultTimeout(PATIENCE);
  context.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (error) => complaints.push(`uncaught: ${error.error().stack ?? error.error().message}`));
  return context;
}

/** A drag with a file from outside, held over the page. Gives what is dragged. */
export async function drag(page: Page, file: Dragged): Promise<JSHandle<DataTransfer>> {
  const transfer = await page.evaluateHandle(
    ({ name, type, base64 }) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], name, { type }));
      return data;
    },
    { name: file.name, type: file.type, base64: Buffer.from(file.bytes).toString("base64") },
  );
  for (const kind of ["dragenter", "dragover"]) await page.dispatchEvent("body", kind, { dataTransfer: transfer });
  return transfer;
}

/** The same, let go. */
export async function drop(page: Page, file: Dragged): Promise<void> {
  const dataTransfer = await drag(page, file);
  await page.dispatchEvent("body", "drop", { dataTransfer });
}
