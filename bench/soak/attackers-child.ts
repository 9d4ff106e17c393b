// The process of all hostile callers. It runs at the lowest priority, as on machines of its own: what is measured is what the
// fleet spends on it.

import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { ACTORS } from "./actors.ts";
import { gather } from "./crowd.ts";
import type { World } from "./world.ts";

const REST_MS = 20;

/** What it says of itself. */
export type Told =
  | { readonly kind: "gathered"; readonly connections: number; readonly streams: number }
  | {
      readonly kind: "stopped";
      readonly connections: number;
      readonly streams: number;
      readonly rounds: Readonly<Record<string, number>>;
    };

/** Linux shares the processor between sessions first, and then within each: this process leads a session of its own. */
function lowestPriority(): void {
  setPriority(19);
  try {
    writeFileSync("/proc/self/autogroup", "19");
  } catch {
    // A kernel without it shares between processes.
  }
}

async function attack(world: World): Promise<void> {
  const tell = (told: Told) => new Promise<void>((resolve) => process.send?.(told, () => resolve()));
  const stopping = new AbortController();
  await once(process, "message");
  const crowd = await gather(world);
  await tell({ kind: "gathered", connections: crowd.connections(), streams: crowd.streams() });
  await once(process, "message");
  process.once("message", () => stopping.abort());
  const chosen = Object.entries(ACTORS).filter(([name]) => world.attacks.includes(name));
  const rounds = Object.fromEntries(chosen.map(([name]) => [name, 0]));
  await Promise.all(
    chosen.map(async ([name, actor]) => {
      for (let round = 0; !stopping.signal.aborted; round += 1) {
        await actor(world, round);
        rounds[name] = round + 1;
        await sleep(REST_MS);
      }
    }),
  );
  await tell({ kind: "stopped", connections: crowd.connections(), streams: crowd.streams(), rounds });
  crowd.end();
}

lowestPriority();
await attack(JSON.parse(readFileSync(0, "utf8")));
process.disconnect?.();
