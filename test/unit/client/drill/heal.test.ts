// What is healed of drills that were killed, by fleet drill heal and before another command: never what another drill does.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { healAll, healFirst } from "../../../../src/client/drill/heal.ts";
import { interruptedDrills } from "../../../../src/client/drill/interrupted.ts";
import type { JournalEntry, Undo } from "../../../../src/client/drill/journal.ts";
import type { NodeControl } from "../../../../src/client/drill/node-control.ts";
import type { FleetClient } from "../../../../src/client/fleet-client.ts";
import { SystemProcesses } from "../../../../src/client/processes/system-processes.ts";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

const STARTED_AT = "2026-11-23T12:00:00.000Z";
const OWN_LOCK = Date.parse(STARTED_AT);
const OTHER_LOCK = OWN_LOCK + 5_000;
const UNDO: readonly Undo[] = [
  { kind: "start", node: "n2" },
  { kind: "clear-faults", node: "n2", address: "n2:7400" },
  { kind: "unlock" },
];

const GONE: Omit<JournalEntry, "drillId" | "fleet"> = {
  schemaVersion: 1,
  drill: "kill-leader",
  startedAt: STARTED_AT,
  host: hostname(),
  // No process has this start time.
  process: { pid: process.pid, startTime: "long ago" },
  undo: [{ kind: "start", node: "n2" }],
};

interface Given {
  /** As journals in the local fleet's folder. */
  readonly journals: readonly (Partial<JournalEntry> & { readonly drillId: string })[];
  /** The numbers of its rows. Null: there is no leader. */
  readonly lock?: readonly number[] | null;
  /** What starting a node does besides. */
  readonly onStart?: (world: { lock: readonly number[] | null; folder: string }) => Promise<void>;
}

async function world({ journals, lock = [], onStart }: Given) {
  const directory = join(await temporaryFolder(), ".fleet");
  const folder = join(directory, "drills");
  await mkdir(folder, { recursive: true });
  for (const journal of journals) {
    const entry = { ...GONE, fleet: "local", directory, ...journal };
    await writeFile(join(folder, `${journal.drillId}.journal.json`), JSON.stringify(entry));
  }
  const state = { lock, folder };
  const did: string[] = [];
  const control = {
    start: async (node: string) => {
      did.push(`start ${node}`);
      await onStart?.(state);
    },
  } as unknown as NodeControl;
  const client = {
    target: { name: "local", directory },
    listProbes: async (drill: string) => {
      if (state.lock === null)
        throw new OperatorError("NO_LEADER", { what: "no leader", exit: Exit.NoQuorum });
      return { probes: drill === GONE.drill ? state.lock.map((number) => ({ number })) : [] };
    },
    listFaults: async () => ({
      faults: [
        { id: 1, reason: "a" },
        { id: 2, reason: "another drill" },
      ],
    }),
    clearFaults: async (_: string, { ids }: { readonly ids: readonly number[] }) =>
      did.push(`clear ${ids.join(",")}`),
    submit: async () => did.push("unlock"),
  } as unknown as FleetClient;
  const processes = await SystemProcesses.open();
  const clock = { now: () => performance.now(), sleep: async () => undefined };
  const tools = { client, control, deps: { processes, clock } } as unknown as Parameters<typeof healAll>[0];
  const find = () => interruptedDrills(client.target, directory);
  const begun: string[] = [];
  return {
    ...{ did, state, begun, find, folder },
    left: async () => (await readdir(folder)).map((name) => name.replace(".journal.json", "")),
    heal: (otherHosts = false) => healAll(tools, { cwd: directory, otherHosts, limitMs: 100 }),
    /** As the next command does. */
    before: async (allow: () => Promise<void> = async () => undefined, found = find()) =>
      healFirst((await found)?.healable ?? [], tools, {
        allow,
        onBegin: ({ drillId }) => void begun.push(drillId),
      }),
  };
}

test("another fleet's drill, whose journal lies in the same folder, is left alone", async () => {
  const { heal, did, left } = await world({
    journals: [{ drillId: "a", directory: "/srv/local/.fleet" }, { drillId: "c" }],
  });
  expect((await heal()).healed.map(({ drillId }) => drillId)).toEqual(["c"]);
  expect(did).toEqual(["start n2"]);
  expect(await left()).toEqual(["a"]);
});

test("another host's drill may still run there: it is healed only when that is asked for", async () => {
  const { find, heal, before, left, did } = await world({ journals: [{ drillId: "a", host: "elsewhere" }] });
  expect(await find()).toMatchObject({
    healable: [],
    left: [expect.stringContaining("host elsewhere ran it")],
  });
  expect(await before()).toEqual({ healed: [], left: [] });
  const refused = await heal();
  expect(refused.left).toEqual([
    { what: "a of host elsewhere", why: expect.stringContaining("--other-hosts") },
  ]);
  expect([did, await left()]).toEqual([[], ["a"]]);
  await heal(true);
  expect(await left()).toEqual([]);
});

test("while another drill has the fleet's lock, nothing is undone and its lock stays", async () => {
  const given = { journals: [{ drillId: "a", undo: UNDO }], lock: [0, OTHER_LOCK] };
  const { heal, before, did, left, begun } = await world(given);
  const refused = [{ what: "a", why: expect.stringContaining("another drill is under way") }];
  expect(await before()).toEqual({ healed: [], left: refused });
  expect(begun).toEqual([]);
  const asked = await heal();
  expect(asked.left.map(({ why }) => why)).toEqual(UNDO.map(() => expect.stringContaining("under way")));
  expect([did, await left()]).toEqual([[], ["a"]]);
});

test("a drill's own faults and its own lock are taken away, and no others", async () => {
  const given = { journals: [{ drillId: "a", undo: UNDO }], lock: [0, OWN_LOCK] };
  const { before, did, left, begun } = await world(given);
  expect((await before()).left).toEqual([]);
  expect(did).toEqual(["start n2", "clear 1", "unlock"]);
  expect([begun, await left()]).toEqual([["a"], []]);
});

test("a drill that takes the lock in the meantime ends the healing", async () => {
  const { before, did, left } = await world({
    journals: [{ drillId: "a", undo: UNDO }],
    onStart: async (state) => {
      state.lock = [0, OTHER_LOCK];
    },
  });
  const { healed, left: notDone } = await before();
  // What was done is said with what is left.
  expect(healed).toMatchObject([{ done: ["started n2"] }]);
  expect(notDone).toHaveLength(2);
  expect(did).toEqual(["start n2"]);
  expect(await left()).toEqual(["a"]);
});

test("a drill that another process heals, or has healed, is not healed twice", async () => {
  const { find, before, folder, did } = await world({ journals: [{ drillId: "a" }] });
  const found = find();
  await found;
  const claim = join(folder, "a.journal.json.healing");
  const self = await (await SystemProcesses.open()).self();
  const { formatPidFile } = await import("../../../../src/client/processes/pid-file.ts");
  await writeFile(claim, formatPidFile(self));
  expect(await before(undefined, found)).toEqual({
    healed: [],
    left: [{ what: "a", why: "another command heals it now" }],
  });
  await rm(claim);
  await rm(join(folder, "a.journal.json"));
  expect(await before(undefined, found)).toEqual({ healed: [], left: [] });
  expect(did).toEqual([]);
});

test("the claim of a process that is gone is taken over", async () => {
  const { heal, folder, left } = await world({ journals: [{ drillId: "a" }] });
  const { formatPidFile } = await import("../../../../src/client/processes/pid-file.ts");
  await writeFile(join(folder, "a.journal.json.healing"), formatPidFile(GONE.process));
  expect((await heal()).left).toEqual([]);
  expect(await left()).toEqual([]);
});

test("without a leader the next command leaves it, and fleet drill heal starts what may bring one", async () => {
  const { before, heal, did, begun } = await world({
    journals: [{ drillId: "a", undo: UNDO }],
    lock: null,
    onStart: async (state) => {
      state.lock = [0, OWN_LOCK];
    },
  });
  expect((await before()).left).toEqual([{ what: "a", why: "no leader" }]);
  expect([did, begun]).toEqual([[], []]);
  expect((await heal()).left).toEqual([]);
  expect(did).toEqual(["start n2", "clear 1", "unlock"]);
});

test("the next command tries once: what it could not heal is left to fleet drill heal", async () => {
  const denied = new OperatorError("GRANT_MISSING", { what: "no grant", exit: Exit.Authentication });
  const { before, find, heal, did, left } = await world({
    journals: [{ drillId: "a" }],
    onStart: async () => {
      if (did.length === 1) throw denied;
    },
  });
  expect((await before()).left).toEqual([{ what: "a: started n2", why: "no grant" }]);
  expect(did).toEqual(["start n2"]);
  expect(await find()).toMatchObject({ healable: [], left: [expect.stringContaining("fleet drill heal")] });
  expect((await heal()).left).toEqual([]);
  expect(await left()).toEqual([]);
});

test("a context that refuses changes is not changed, and the journal stays as it is", async () => {
  const { before, did, folder, find } = await world({ journals: [{ drillId: "a" }] });
  const text = await readFile(join(folder, "a.journal.json"), "utf8");
  expect(await before(() => Promise.reject(new Error("frozen")))).toEqual({
    healed: [],
    left: [{ what: "a", why: "frozen" }],
  });
  expect(did).toEqual([]);
  expect(await readFile(join(folder, "a.journal.json"), "utf8")).toBe(text);
  expect((await find())?.healable).toHaveLength(1);
});

test("beside a drill that runs here nothing is healed", async () => {
  const self = await (await SystemProcesses.open()).self();
  const { find, heal, did } = await world({ journals: [{ drillId: "a" }, { drillId: "b", process: self }] });
  expect(await find()).toMatchObject({
    healable: [],
    left: [expect.stringContaining("another drill is running")],
  });
  expect(await heal()).toMatchObject({
    running: ["b"],
    left: [{ what: "a", why: "b runs: wait for its end" }],
  });
  expect(did).toEqual([]);
});

test("a drill that was killed just as it had begun leaves only its lock", async () => {
  const { before, did, left } = await world({ journals: [{ drillId: "a", undo: [] }], lock: [0, OWN_LOCK] });
  expect((await before()).healed).toMatchObject([{ done: ["unlocked the fleet for drills"] }]);
  expect([did, await left()]).toEqual([["unlock"], []]);
});

test("a file that is no journal, or one whose steps are the context's hooks, is left with the reason", async () => {
  const cwd = await temporaryFolder();
  const folder = join(cwd, ".fleet", "drills");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "a.journal.json"), "{");
  await writeFile(join(folder, "b.journal.json"), JSON.stringify({ ...GONE, drillId: "b", fleet: "prod" }));
  expect(await interruptedDrills({ name: "prod" }, cwd)).toEqual({
    healable: [],
    left: [expect.stringContaining("cannot be read"), expect.stringContaining("hooks")],
  });
});
