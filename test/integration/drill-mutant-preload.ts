// Loaded before coordinators (node --import), for tests of the drills only: makes a build with a deliberate bug, which a
// drill must find. The query of its address names it, since background processes get no FLEET_ variables. The product has
// no such code: lines of the built files are replaced as they are loaded. A line that is not there ends the process.

import { registerHooks } from "node:module";
import { unbundled } from "./unbundled.ts";

interface Mutant {
  /** The end of the file's path. */
  readonly file: string;
  readonly line: string;
  readonly instead: string;
}

const MUTANTS: Readonly<Record<string, Mutant>> = {
  // Acknowledged, and not there: some writes say that they changed a row, and change none.
  "lost-write": {
    file: "/core/fleet/apply/apply-probe.js",
    line: "    probes.put({ drillId, number, applications, firstIndex: row?.firstIndex ?? context.index });",
    instead:
      "    if (number % 10 !== 7) probes.put({ drillId, number, applications, firstIndex: row?.firstIndex ?? context.index });",
  },
  // A linearizable read answers from before, for up to 600 ms.
  "stale-read": {
    file: "/core/fleet/query.js",
    line: "export function listProbes(view, drillId, range = {}) {",
    instead: `const kept = new Map();
export function listProbes(view, drillId, range = {}) {
    const key = drillId + range.fromNumber;
    const before = kept.get(key);
    if (before !== undefined && performance.now() - before.atMs < 600) return before.rows;
    const rows = listProbesNow(view, drillId, range);
    kept.set(key, { atMs: performance.now(), rows });
    return rows;
}
function listProbesNow(view, drillId, range) {`,
  },
  // A retry is not known to be one: some writes apply twice.
  "applied-twice": {
    file: "/core/fleet/apply/apply-probe.js",
    line: "    const applications = current + 1;",
    instead: "    const applications = current + (number % 10 === 7 ? 2 : 1);",
  },
};

const name = new URL(import.meta.url).searchParams.get("mutant") ?? "";
const mutant = MUTANTS[name];
if (mutant === undefined) throw new Error(`no mutant ${name}`);

registerHooks({
  resolve: unbundled,
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(mutant.file)) return loaded;
    const text = Buffer.from(loaded.source as Uint8Array).toString();
    if (!text.includes(mutant.line))
      throw new Error(`the mutant ${name} does not fit ${mutant.file} any more`);
    return { ...loaded, source: text.replace(mutant.line, mutant.instead) };
  },
});
