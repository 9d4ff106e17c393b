// Loaded before a server (node --import). It notes each long pass of the event loop, from one check phase to the
// next, in a file beside itself. A note is "end in milliseconds since 1970, CPU time, time". The CPU time is the main
// thread's, so that a busy machine does not change it much. An immediate without a reference does not keep the loop
// from waiting.

import { appendFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const NOTED_FROM_MS = 5;

const file = fileURLToPath(new URL(`${process.pid}.passes`, import.meta.url));
const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

let [fromCpuMs, fromMs] = [cpuMs(), performance.now()];
function passed(): void {
  const [toCpuMs, toMs] = [cpuMs(), performance.now()];
  const usedMs = toCpuMs - fromCpuMs;
  if (usedMs >= NOTED_FROM_MS)
    appendFileSync(file, `${Date.now()} ${usedMs.toFixed(1)} ${(toMs - fromMs).toFixed(1)}\n`);
  [fromCpuMs, fromMs] = [toCpuMs, toMs];
  setImmediate(passed).unref();
}
setImmediate(passed).unref();
