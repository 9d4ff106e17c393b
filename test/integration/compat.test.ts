// The smoke of `npm run compat`. etcdctl prints the same on a fleet and on an etcd, histories are linearizable, and
// the npm client etcd3 works. A part that cannot run here says so and is skipped.

import { afterAll, beforeAll, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { ConcurrentClients } from "../compat/concurrent-clients.ts";
import { compareEtcdctl, isAsExpected } from "../compat/etcdctl.ts";
import { SMOKE_STEPS } from "../compat/etcdctl-steps.ts";
import { judge } from "../compat/histories.ts";
import { LoopbackFleet } from "../compat/loopback-fleet.ts";
import { compareRandom } from "../compat/random-beside.ts";
import { parseReport, renderReport, showSection } from "../compat/report.ts";
import { leaderOf, type Subject } from "../compat/subject.ts";
import { EtcdClients } from "./etcd-clients.ts";
import { lacksEtcd, RealEtcd } from "./real-etcd.ts";

const SEED = Number(process.env["FLEET_SEED"] ?? 52);
const OPERATIONS = 150;
/** Between two faults. */
const CALLS = 100;
const PATIENCE_MS = 10_000;
const isLeftOut = lacksEtcd();
let fleet: LoopbackFleet;

beforeAll(async () => {
  fleet = await LoopbackFleet.start(1);
});
afterAll(() => fleet.dispose());

const subject = (name: Subject["name"], endpoints: readonly string[]): Subject => ({
  ...{ name, endpoints, tls: null, kill: refuse, restart: refuse, pause: refuse, resume: refuse },
  panics: [],
  dispose: refuse,
});
const refuse = () => Promise.reject(new Error("this test kills nothing"));

test.skipIf(isLeftOut)(
  `etcdctl prints the same for ${SMOKE_STEPS.length} commands on a fleet and on an etcd`,
  async () => {
    const etcd = await RealEtcd.start();
    const wrong: unknown[] = [];
    try {
      const [ours, theirs] = [subject("fleet", fleet.endpoints), subject("etcd", [etcd.address])];
      await compareEtcdctl(ours, theirs, (each) => isAsExpected(each) || wrong.push(each), SMOKE_STEPS);
    } finally {
      await etcd.dispose();
    }
    expect(wrong).toEqual([]);
  },
  60_000,
);

test.skipIf(isLeftOut)(
  `random operations come to the same through the API of a fleet and of an etcd (seed ${SEED})`,
  async () => {
    const [own, etcd] = [await LoopbackFleet.start(1), await RealEtcd.start()];
    const [ours, theirs] = [
      own.endpoints.map((each) => new EtcdClients(each)),
      new EtcdClients(etcd.address),
    ];
    try {
      expect(await compareRandom(ours, theirs, SEED, OPERATIONS)).toBeNull();
    } finally {
      for (const clients of [...ours, theirs]) clients.close();
      await own.dispose();
      await etcd.dispose();
    }
  },
  60_000,
);

test("histories of concurrent clients are linearizable while the leader stops and starts again", async () => {
  const three = await LoopbackFleet.start(3);
  const members = three.endpoints.map((each) => new EtcdClients(each));
  try {
    const leader = present(
      three.members[await leaderOf(subject("fleet", three.endpoints))],
      "it is a member",
    );
    const clients = new ConcurrentClients(members, SEED, "history", PATIENCE_MS);
    await clients.untilAnswered(CALLS);
    await three.stop(leader);
    await clients.untilAnswered(CALLS);
    await three.start(leader);
    await clients.untilAnswered(CALLS);
    expect(judge("smoke", await clients.history())).toMatchObject({ outcome: "passed" });
  } finally {
    for (const clients of members) clients.close();
    await three.dispose();
  }
}, 120_000);

test("the npm client etcd3 reads, writes, locks and watches", async () => {
  const { Etcd3 } = await import("etcd3");
  const client = new Etcd3({ hosts: fleet.endpoints.map((each) => `http://${each}`) });
  try {
    const watcher = await client.watch().prefix("js/").create();
    const seen = new Promise<{ readonly value: Buffer }>((resolve) => watcher.on("put", resolve));
    const lock = await client.lock("js-lock").acquire();
    await client.put("js/a").value("1");
    expect(await client.get("js/a").string()).toBe("1");
    expect((await seen).value.toString()).toBe("1");
    await lock.release();
    await watcher.cancel();
  } finally {
    client.close();
  }
});

test("the report says what failed and what was left out, and a part replaces its own section", () => {
  const results = [
    { name: "put", outcome: "passed", detail: "" },
    { name: "get", outcome: "failed", detail: "a | b" },
  ] as const;
  const about = "Debian's client.";
  const one = showSection("A machine.", { title: "One", about, leftOut: null, results });
  const two = showSection("A machine.", { title: "Two", about, leftOut: "no go on the PATH", results: [] });
  const page = renderReport([one, two]);
  expect(page).toContain("| One | 1 passed, 1 failed |");
  expect(page).toContain("| get | failed | a \\| b |");
  expect(page).toContain("| Two | no go on the PATH |");
  expect(present(page.split("## Two")[1], "it has a section")).toContain("Left out: no go on the PATH.");
  expect(renderReport(parseReport(page))).toBe(page);
});
