// `npm run bench [-- NAME]`: measures what the issues ask numbers for, with the real program as its user runs it,
// and prints one table. Machines are noisy: every number is a median with its worst case beside it.

import { cpus, totalmem } from "node:os";
import { benchFailover } from "./failover.ts";
import type { Measurement } from "./measurement.ts";
import { benchStart } from "./start.ts";
import { benchStatus } from "./status.ts";

const benches: Readonly<Record<string, () => Promise<readonly Measurement[]>>> = {
  start: benchStart,
  status: benchStatus,
  failover: benchFailover,
};

const [wanted] = process.argv.slice(2);
const chosen = wanted === undefined ? Object.keys(benches) : [wanted];
const gigabytes = Math.round(totalmem() / 2 ** 30);
console.log(
  `${cpus().length} cores, ${gigabytes} GiB, Node ${process.version}, ${new Date().toISOString()}\n`,
);
console.log("| what | runs | median | worst | to reach |\n|---|---|---|---|---|");
for (const name of chosen) {
  const bench = benches[name];
  if (bench === undefined) {
    console.error(`no bench ${name}; there are: ${Object.keys(benches).join(", ")}`);
    process.exit(2);
  }
  for (const { what, runsMs, goal } of await bench()) {
    const sorted = runsMs.toSorted((left, right) => left - right);
    const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
    console.log(
      `| ${what} | ${sorted.length} | ${ms(median)} | ${ms(sorted.at(-1) ?? Number.NaN)} | ${goal} |`,
    );
  }
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
