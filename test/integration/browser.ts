// A page as a real browser lays it out. Chromium runs without a window, the page is in a frame of a given width, and
// a probe beside it measures. What must stay true: the page itself is unchanged, but for the frame's width and the
// medium.

import { spawn, spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../temporary-folder.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const PATIENCE_MS = 60_000;

const browser =
  NAMES.find((name) => spawnSync(name, ["--version"], { timeout: PATIENCE_MS }).status === 0) ?? null;

export const hasBrowser = browser !== null;

export interface Seen {
  /** How far it could be scrolled to the right. */
  readonly overflowPx: number;
  /** What is wider than the page and cannot be scrolled by itself. */
  readonly wide: readonly string[];
  /** Width and height of each chart. */
  readonly charts: readonly (readonly [number, number])[];
  /** Words in charts that are not wholly in sight. */
  readonly cut: readonly string[];
  readonly text: string;
}

/** Runs in the frame's parent, once the frame has loaded. */
const PROBE = `
  const page = document.querySelector("iframe").contentDocument;
  const root = page.documentElement;
  const scrolls = (element) => element !== null && element !== page.body &&
    (getComputedStyle(element).overflowX === "auto" || scrolls(element.parentElement));
  const wide = [...page.body.querySelectorAll("*")].filter((element) =>
    element.getBoundingClientRect().right > root.clientWidth + 1 && !scrolls(element));
  const charts = [...page.querySelectorAll("svg")].map((svg) => {
    const { width, height } = svg.getBoundingClientRect();
    return [Math.round(width), Math.round(height)];
  });
  const cut = [...page.querySelectorAll("svg text")].filter((text) => {
    const [own, chart] = [text.getBoundingClientRect(), text.closest("svg").getBoundingClientRect()];
    return own.left < chart.left - 1 || own.right > chart.right + 1;
  }).map(({ textContent }) => textContent);
  const seen = { cut, overflowPx: root.scrollWidth - root.clientWidth, wide: wide.map(({ outerHTML }) => outerHTML.slice(0, 80)), charts, text: page.body.innerText };
  document.getElementById("seen").textContent = btoa(unescape(encodeURIComponent(JSON.stringify(seen))));
`;

/** Throws what the page wrote to its console: a page of a report writes nothing. */
export async function look(page: string, widthPx: number): Promise<Seen> {
  const folder = await temporaryFolder();
  const file = join(folder, "frame.html");
  const quoted = page.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const frame = `<iframe style="border:0;width:${widthPx}px;height:4000px" srcdoc="${quoted}"></iframe>`;
  const script = `<script>addEventListener("load", () => {${PROBE}});</script>`;
  await writeFile(file, `<!doctype html><meta charset="utf-8">${frame}<div id="seen"></div>${script}`);
  const { stdout, stderr } = await chromium(folder, "--dump-dom", `file://${file}`);
  const spoken = stderr.split("\n").filter((line) => line.includes("CONSOLE"));
  if (spoken.length > 0) throw new Error(`the page wrote to its console: ${spoken.join("\n")}`);
  const found = /<div id="seen">([^<]+)</.exec(stdout)?.[1];
  if (found === undefined) throw new Error(`chromium has measured nothing: ${stderr}`);
  return JSON.parse(Buffer.from(found, "base64").toString("utf8"));
}

/** As it is printed, a PDF. */
export async function print(page: string): Promise<Buffer> {
  const folder = await temporaryFolder();
  const [file, pdf] = [join(folder, "page.html"), join(folder, "page.pdf")];
  await writeFile(file, page);
  await chromium(folder, `--print-to-pdf=${pdf}`, `file://${file}`);
  return await readFile(pdf);
}

function chromium(folder: string, ...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  // In containers there are no namespaces for its sandbox; the page is our own.
  const usual = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  const own = [`--user-data-dir=${join(folder, "profile")}`, "--enable-logging=stderr", "--log-level=0"];
  // It leaves lock files in the folder of temporary files: its own folder takes them.
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(browser ?? "chromium", [...usual, ...own, ...args], { timeout: PATIENCE_MS, env });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => (said.stdout += String(data)));
  child.stderr.on("data", (data) => (said.stderr += String(data)));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(said) : reject(new Error(`chromium exits with ${code}: ${said.stderr}`)),
    );
  });
}
