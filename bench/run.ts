// `npm run bench [-- NAME]`: measures what the issues ask numbers for, with the real program as its user runs it,
// and prints tables. `lab --beside 2`: beside two busy processes. `size --rows 10000,100000`: these sizes only.
// `profile --tls mutual`: of the fleet's own transport. `kv --rounds 1 --kills 0 --tls plaintext`: a part of it.
// `load --before ../old`, `cold --before ../old --rows 2000,30000`: the fleets of another built checkout as well, and
// starts after so many puts.
// `soak --only ranges,leases --seconds 20`: with these attacks alone. Machines are noisy: every number is a median,
// with its worst case or its rounds beside it.

import { cpus, loadavg, release, totalmem, type } from "node:os";
import { parseArgs } from "node:util";
import { benchApply } from "./apply.ts";
import { benchCold, COLD } from "./cold.ts";
import { benchDryRun } from "./dry-run.ts";
import { benchFailover } from "./failover.ts";
import { benchFairness } from "./fairness.ts";
import { benchGroups } from "./groups.ts";
import { benchKeysSize } from "./keys-size.ts";
import { benchKv, KV } from "./kv.ts";
import { benchLab } from "./lab.ts";
import { benchLoad } from "./load.ts";
import { benchProfile } from "./profile.ts";
import { benchRest } from "./rest.ts";
import { benchRestore } from "./restore.ts";
import { benchSize } from "./size.ts";
import { attacksWith, benchSoak, FULL } from "./soak.ts";
import { benchStart } from "./start.ts";
import { benchStatus } from "./status.ts";
import { benchStorm } from "./storm.ts";
import { formatTable, type Table } from "./table.ts";
import { benchTop } from "./top.ts";
import { benchWaves } from "./waves.ts";

const TEXT = { type: "string" } as const;
const options = {
  beside: TEXT,
  rows: TEXT,
  rounds: TEXT,
  kills: TEXT,
  tls: TEXT,
  before: TEXT,
  only: TEXT,
  seconds: TEXT,
};
const { values, positionals } = parseArgs({ options, allowPositionals: true });

const benches: Readonly<Record<string, () => Promise<readonly Table[]>>> = {
  start: benchStart,
  apply: benchApply,
  status: benchStatus,
  failover: benchFailover,
  load: () => benchLoad(values.before),
  groups: benchGroups,
  storm: benchStorm,
  lab: () => benchLab(Number(values.beside ?? 0)),
  size: () => benchSize(values.rows?.split(",").map(Number)),
  "keys-size": () => benchKeysSize(Number(values.rows ?? 1_000_000)),
  kv: () =>
    benchKv({
      ...KV,
      rounds: Number(values.rounds ?? KV.rounds),
      kills: Number(values.kills ?? KV.kills),
      tls: values.tls === undefined ? KV.tls : KV.tls.filter((tls) => tls === values.tls),
    }),
  cold: () =>
    benchCold({
      rounds: Number(values.rounds ?? COLD.rounds),
      puts: values.rows?.split(",").map(Number) ?? COLD.puts,
      tls: values.tls === "mutual" ? "mutual" : "plaintext",
      before: values.before ?? null,
    }),
  restore: () => benchRestore(),
  rest: () => benchRest(),
  soak: () =>
    benchSoak(
      { ...FULL, forMs: Number(values.seconds ?? FULL.forMs / 1_000) * 1_000 },
      attacksWith(values.only?.split(",")),
    ),
  fairness: () => benchFairness(),
  top: () => benchTop(),
  "dry-run": () => benchDryRun(values.rows === undefined ? undefined : Number(values.rows)),
  waves: () => benchWaves(values.rows === undefined ? undefined : Number(values.rows)),
};
// On request only.
const others: typeof benches = {
  profile: () => benchProfile(values.tls === "mutual" ? "mutual" : "plaintext"),
};

const [wanted] = positionals;
const chosen = wanted === undefined ? Object.keys(benches) : [wanted];
const known = { ...benches, ...others };
// Servers end with the process (load/server.ts); a signal alone would not let it say good-bye.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
const gigabytes = Math.round(totalmem() / 2 ** 30);
const machine = `${cpus().length} × ${cpus()[0]?.model}, ${gigabytes} GiB, ${type()} ${release()}`;
// A load before the bench has begun is another process's, and lowers every number.
const busy = `load average ${loadavg()[0]?.toFixed(1)} at the start`;
console.log(`${machine}, Node ${process.version}, ${new Date().toISOString()}, ${busy}\n`);
for (const name of chosen) {
  const bench = known[name];
  if (bench === undefined) {
    console.error(`no bench ${name}; there are: ${Object.keys(known).join(", ")}`);
    process.exit(2);
  }
  for (const table of await bench()) console.log(formatTable(table));
}
