// What `--record` keeps is what `--replay` shows: at any moment, at any speed, and as far as a file goes that was cut off.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UNICODE } from "../../src/ui/model/symbols.ts";
import { act } from "../../src/ui/model/top/actions.ts";
import { topFrame } from "../../src/ui/model/top/frame.ts";
import { observe } from "../../src/ui/model/top/observe.ts";
import { type DataEvent, initialTopState, type TopState } from "../../src/ui/model/top/state.ts";
import { readRecording } from "../../src/ui/read-recording.ts";
import { TopPlayer } from "../../src/ui/top-player.ts";
import { TopRecorder } from "../../src/ui/top-recorder.ts";
import { TopStore } from "../../src/ui/top-store.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import {
  clustersReply,
  clusterView,
  downNode,
  fleetReply,
  listed,
  upNode,
} from "../unit/ui/model/fixtures.ts";

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => removeFolder(folder));

const BEGAN = 5_000;
const noFailure = (message: string): void => {
  throw new Error(message);
};

/** A minute: the second node dies after 30 s, and a cluster comes each 10 s. */
const minute = (): DataEvent[] =>
  Array.from({ length: 61 }, (_, second): DataEvent[] => {
    const atMs = BEGAN + 1_000 * second;
    const second2 = second < 30 ? upNode(2) : downNode(2);
    const reply = fleetReply([upNode(1, { commitIndex: 100 + 10 * second }), second2]);
    const clusters = Array.from({ length: 1 + Math.floor(second / 10) }, (_none, at) =>
      clusterView(`c${at}`),
    );
    return [
      { kind: "fleet", atMs, reply },
      { ...listed("clusters", clustersReply(...clusters)), atMs },
    ];
  }).flat();

async function recorded(name: string, events = minute()): Promise<string> {
  const path = join(folder, name);
  const recorder = await TopRecorder.open(
    path,
    { version: "test", atMs: 1_000_000, nowMs: BEGAN },
    noFailure,
  );
  for (const event of events) recorder.note(event);
  await recorder.close();
  return path;
}

async function player(path: string) {
  const recording = await readRecording(path);
  const store = new TopStore(0, recording.head.atMs);
  return { store, recording, player: new TopPlayer(path, recording, store) };
}

const drawn = (state: TopState): string => {
  const { header, body } = topFrame(state, { columns: 120, rows: 30 }, UNICODE);
  return [...header, ...body].map((line) => line.map(({ text }) => text).join("")).join("\n");
};

const shown = ({ nodes, lists, wallMs, measured }: TopState) => ({
  second: nodes.find(({ reply }) => reply.name === "n2")?.reply.reachable,
  clusters: lists.clusters?.value.clusters.length,
  wallMs,
  rate: Math.round(measured.at(-1)?.commitsPerSecond ?? 0),
});

test("each moment shows what the dashboard showed then", async () => {
  const { store, recording, player: play } = await player(await recorded("minute"));
  expect(recording.lengthMs).toBe(60_000);
  play.seek(25_000);
  expect(shown(store.snapshot())).toEqual({ second: true, clusters: 3, wallMs: 1_025_000, rate: 10 });
  play.seek(45_000);
  expect(shown(store.snapshot())).toEqual({ second: false, clusters: 5, wallMs: 1_045_000, rate: 10 });
  play.seek(5_000);
  expect(shown(store.snapshot())).toMatchObject({ second: true, clusters: 1, wallMs: 1_005_000 });
  play.seek(1e9);
  expect(store.snapshot().playing).toEqual({ atMs: 60_000, lengthMs: 60_000, speed: 1, isCut: false });
});

test("what came when is told as events", async () => {
  const { store, player: play } = await player(await recorded("events"));
  play.seek(60_000);
  expect(store.snapshot().events.map(({ text }) => text)).toContain("n2 is down: connection refused");
});

test("a seek keeps the view, and pause holds still what is shown", async () => {
  const { store, player: play } = await player(await recorded("keys"));
  play.seek(10_000);
  store.replace((state) =>
    act(act(state, { kind: "show-view", view: "clusters" }), { kind: "toggle-pause" }),
  );
  play.act({ kind: "seek", byMs: 20_000 });
  expect(store.snapshot()).toMatchObject({ view: "clusters", paused: true, playing: { atMs: 30_000 } });
  expect(shown(store.snapshot())).toMatchObject({ second: false, clusters: 4 });
  play.act({ kind: "speed", by: 1 });
  play.act({ kind: "speed", by: 1 });
  expect(store.snapshot().playing?.speed).toBe(5);
});

test("it plays by itself, and stands still at its end", async () => {
  const { store, player: play } = await player(await recorded("plays"));
  for (let press = 0; press < 5; press += 1) play.act({ kind: "speed", by: 1 });
  const stop = new AbortController();
  const playing = play.run(stop.signal);
  await expect.poll(() => store.snapshot().playing?.atMs, { timeout: 20_000 }).toBe(60_000);
  stop.abort();
  await playing;
  expect(store.snapshot().running).toBe("yes");
});

test("nodes' words are kept once a second, and at once when one goes", async () => {
  const at = (atMs: number, isUp: boolean): DataEvent => ({
    kind: "fleet",
    atMs: BEGAN + atMs,
    reply: fleetReply([upNode(1), isUp ? upNode(2) : downNode(2)]),
  });
  const events = [at(0, true), at(100, true), at(200, false), at(300, false), at(1_200, false)];
  const { events: kept } = await readRecording(await recorded("paced", events));
  expect(kept.map(({ atMs }) => atMs)).toEqual([0, 200, 1_200]);
});

describe("files", () => {
  test("one that was cut off is played as far as it goes", async () => {
    const whole = await readFile(await recorded("whole"));
    const path = join(folder, "cut");
    await writeFile(path, whole.subarray(0, Math.floor(whole.length / 2)));
    const { store, recording, player: play } = await player(path);
    expect(recording.events.length).toBeGreaterThan(0);
    expect(recording.events.length).toBeLessThan(122);
    play.seek(0);
    expect(drawn(store.snapshot())).not.toContain("cut off");
    play.seek(1e9);
    expect(drawn(store.snapshot())).toContain("the recording is cut off here");
  });

  test("of one that was cut off before its first event no fleet is shown as being asked", async () => {
    const path = join(folder, "stump");
    const whole = await readFile(await recorded("short", []));
    await writeFile(path, whole.subarray(0, -1));
    const { store, player: play } = await player(path);
    play.seek(0);
    expect(drawn(store.snapshot())).toMatch(
      /^fleet · REPLAY 0ms of 0ms · the recording is cut off here · not recorded/,
    );
    expect(drawn(store.snapshot())).not.toContain("asking");
  });

  test("a file that is there is not written over", async () => {
    const path = await recorded("there");
    const again = TopRecorder.open(path, { version: "test", atMs: 0, nowMs: 0 }, noFailure);
    await expect(again).rejects.toMatchObject({ code: "RECORDING_NOT_MADE" });
  });

  const head = (fields: object) =>
    gzipSync(`${JSON.stringify({ kind: "FleetTopRecording", schemaVersion: 1, atMs: 0, ...fields })}\n`);
  test.each([
    { name: "none", bytes: null, why: "is not there" },
    { name: "plain", bytes: Buffer.from("hello"), why: "is no gzip" },
    { name: "other", bytes: gzipSync("{}\n"), why: "is something else" },
    { name: "newer", bytes: head({ schemaVersion: 2 }), why: "is of a newer version" },
    { name: "dateless", bytes: head({ atMs: "yesterday" }), why: "does not say when it began" },
  ])("one that $why is refused", async ({ name, bytes }) => {
    const path = join(folder, name);
    if (bytes !== null) await writeFile(path, bytes);
    await expect(readRecording(path)).rejects.toMatchObject({ code: "RECORDING_INVALID" });
  });

  test("a line that is no event is refused when it is played", async () => {
    const path = join(folder, "strange");
    const lines = [
      '{"kind":"FleetTopRecording","schemaVersion":1,"version":"x","atMs":0}',
      '{"t":5,"event":{"kind":"virus"}}',
    ];
    await writeFile(path, gzipSync(`${lines.join("\n")}\n`));
    const { player: play } = await player(path);
    expect(() => play.seek(10)).toThrow("cannot be played");
  });
});

test("a state that was rewound has heard nothing", () => {
  const state = observe(initialTopState(0), { kind: "tick", atMs: 5, wallMs: 5 });
  expect(state.fleet).toBeNull();
});
