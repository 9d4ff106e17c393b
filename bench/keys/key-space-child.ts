// A key space in a process of its own. Commands fill it as they come from the log, it is captured and encoded while
// writes continue, and the file restores it. Prints what it took as one line of JSON.

import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { halfDutyCycle } from "../../src/core/base/duty-cycle.ts";
import { logIndex } from "../../src/core/base/ids.ts";
import { decodeKeyCommand, encodeKeyCommand } from "../../src/core/kv/command-codec.ts";
import { KeySpace } from "../../src/core/kv/key-space.ts";
import { encodeKeySpace, KeySpaceReader } from "../../src/core/kv/snapshot.ts";
import { benchKey, VALUE } from "./keys.ts";

const PUTS_PER_TURN = 100;
const PUTS_PER_PART = 10;
const NS_PER_MS = 1e6;

export interface KeySpaceSize {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly putMicros: number;
  readonly overwriteMicros: number;
  readonly snapshotBytes: number;
  readonly snapshotMs: number;
  readonly longestTurnMs: number;
  readonly restoreMs: number;
  readonly longestRestoreTurnMs: number;
}

class Filler {
  #index = 0;
  readonly space = new KeySpace();
  putMs = 0;

  put(key: Uint8Array): void {
    this.#index += 1;
    const flags = { lease: "0", prevKv: false, ignoreValue: false, ignoreLease: false };
    const put = { key, value: VALUE, ...flags };
    const entry = encodeKeyCommand({
      atMs: this.#index,
      operations: [{ kind: { $case: "put", value: put }, leasesSeenAt: 0 }],
    });
    const startedMs = performance.now();
    this.space.apply(decodeKeyCommand(logIndex(this.#index), entry));
    this.putMs += performance.now() - startedMs;
  }

  /** How long each put of these keys takes, in microseconds. */
  async putAll(count: number, keyOf: (at: number) => Uint8Array): Promise<number> {
    this.putMs = 0;
    for (let at = 0; at < count; at += 1) {
      this.put(keyOf(at));
      if (at % PUTS_PER_TURN === 0) await nextTurn();
    }
    return (this.putMs * 1_000) / count;
  }
}

async function measure(count: number, file: string): Promise<KeySpaceSize> {
  const filler = new Filler();
  const putMicros = await filler.putAll(count, (at) => benchKey(at, count));
  const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage();
  const overwriteMicros = await filler.putAll(count / 10, (at) => benchKey(at * 7, count));
  const snapshot = await takeSnapshot(filler, count, file);
  const { space } = filler;
  const restored = await restore(file);
  if (restored.space.digest !== snapshot.digest) throw new Error("the snapshot came back as another state");
  const { bytes: snapshotBytes, tookMs: snapshotMs, longestTurnMs } = snapshot;
  const { tookMs: restoreMs, longestTurnMs: longestRestoreTurnMs } = restored;
  if (space.currentRevision < count) throw new Error("keys are missing");
  const memory = { rssBytes, heapBytes, putMicros, overwriteMicros };
  return { ...memory, snapshotBytes, snapshotMs, longestTurnMs, restoreMs, longestRestoreTurnMs };
}

/** Writes continue between the slices, as on a coordinator. */
async function takeSnapshot(filler: Filler, count: number, file: string) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await nextTurn();
  delay.enable();
  const startedMs = performance.now();
  const { digest } = filler.space;
  const view = filler.space.capture();
  const pause = halfDutyCycle();
  const out = openSync(file, "w");
  let bytes = 0;
  let put = 0;
  for (const part of encodeKeySpace(view)) {
    writeSync(out, part);
    bytes += part.length;
    for (let at = 0; at < PUTS_PER_PART; at += 1) filler.put(benchKey(put + at, count));
    put += PUTS_PER_PART;
    await pause();
  }
  closeSync(out);
  delay.disable();
  return { digest, bytes, tookMs: performance.now() - startedMs, longestTurnMs: delay.max / NS_PER_MS };
}

async function restore(file: string) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await nextTurn();
  delay.enable();
  const startedMs = performance.now();
  const reader = new KeySpaceReader();
  for await (const part of createReadStream(file)) {
    const wrong = reader.add(part as Buffer);
    if (wrong !== null) throw new Error(wrong.message);
  }
  const whole = reader.finish();
  if (!whole.ok) throw new Error(whole.message);
  const tookMs = performance.now() - startedMs;
  await nextTurn();
  delay.disable();
  return { space: whole.keySpace, tookMs, longestTurnMs: delay.max / NS_PER_MS };
}

const [count, file] = process.argv.slice(2);
console.log(JSON.stringify(await measure(Number(count), file ?? "")));
