// The npm client `etcd3` through the kill of the leader: locks, elections, transactions, watches, leases, namespaces.

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Etcd3, Namespace } from "etcd3";
import { turns } from "../turns.ts";
import type { CaseResult } from "./report.ts";
import { leaderOf, type Subject } from "./subject.ts";

const CASE_MS = 90_000;
const PAUSE_MS = 50;
const TURNS_OF_CASE = CASE_MS / PAUSE_MS;
/** With its default, this client takes two keys of different revisions for a conflict, on any server. */
const SERIALIZABLE = 1;

interface Run {
  readonly subject: Subject;
  connect(): Promise<Etcd3>;
  /** Kills the leader, and starts it again when `work` is done. */
  killing(work: () => Promise<void>): Promise<void>;
}

/** Why it cannot run here; null = it can. */
export function whyNoEtcd3(): Promise<string | null> {
  return import("etcd3").then(
    () => null,
    () => "the npm package etcd3 is not installed (npm ci)",
  );
}

export async function runEtcd3(subject: Subject, onResult: (result: CaseResult) => void): Promise<void> {
  for (const [name, work] of CASES) {
    const opened: Etcd3[] = [];
    const run: Run = {
      subject,
      connect: async () => {
        const client = await connect(subject);
        opened.push(client);
        return client;
      },
      killing: (busy) => killingLeader(subject, busy),
    };
    const failure = await bounded(work(run)).then(
      () => null,
      (error: unknown) => String(error),
    );
    for (const client of opened) client.close();
    const outcome = failure === null ? "passed" : "failed";
    onResult({ name, outcome, detail: failure ?? "" });
  }
}

async function connect({ endpoints, tls }: Subject): Promise<Etcd3> {
  const { Etcd3: Client } = await import("etcd3");
  if (tls === null) return new Client({ hosts: endpoints.map((each) => `http://${each}`) });
  const [rootCertificate, certChain, privateKey] = await Promise.all(
    [tls.ca, tls.cert, tls.key].map((file) => readFile(file)),
  );
  if (rootCertificate === undefined || certChain === undefined || privateKey === undefined)
    throw new Error("no files");
  const hosts = endpoints.map((each) => `https://${each}`);
  return new Client({ hosts, credentials: { rootCertificate, certChain, privateKey } });
}

const CASES: readonly (readonly [string, (run: Run) => Promise<void>])[] = [
  ["get, put, delete, ranges and comparisons", values],
  ["namespace: keys below a prefix", namespaces],
  ["lock: one holder at a time, through the kill of the leader", locks],
  ["stm: ten accounts keep their sum, through the kill of the leader", transfers],
  ["watch: each revision once and in order, through the kill of the leader", watches],
  ["lease: kept alive through the kill of the leader, and its key gone after revocation", leases],
  ["election: one leader at a time, observed, through the kill of the leader", elections],
];

async function values({ connect: open }: Run): Promise<void> {
  const client = await open();
  for (const [key, value] of [
    ["js/a", "1"],
    ["js/b", "2"],
    ["js/c", "3"],
  ] as const)
    await client.put(key).value(value);
  expectEqual(await client.get("js/b").string(), "2", "a value");
  expectEqual(await client.get("js/none").string(), null, "no value");
  expectEqual(
    await client.getAll().prefix("js/").strings(),
    { "js/a": "1", "js/b": "2", "js/c": "3" },
    "a range",
  );
  const swapped = await client
    .if("js/a", "Value", "==", "1")
    .then(client.put("js/a").value("9"))
    .else()
    .commit();
  expectEqual(swapped.succeeded, true, "a comparison");
  await client.delete().prefix("js/");
  expectEqual(await client.getAll().prefix("js/").count(), 0, "a deleted range");
}

async function namespaces({ connect: open }: Run): Promise<void> {
  const client = await open();
  const inner: Namespace = client.namespace("js-ns/");
  await inner.put("a").value("1");
  expectEqual(await client.get("js-ns/a").string(), "1", "the whole key");
  expectEqual(await inner.getAll().keys(), ["a"], "the short key");
  await inner.delete().all();
}

async function locks({ connect: open, killing }: Run): Promise<void> {
  let inside = 0;
  let turns = 0;
  const holder = async () => {
    const client = await open();
    for (let turn = 0; turn < 3; ) {
      const lock = client.lock("js-lock").ttl(60);
      // This client's lock does not wait: it fails if the key is held.
      const isHeld = await lock.acquire().then(
        () => true,
        () => false,
      );
      if (!isHeld) {
        await sleep(PAUSE_MS);
        continue;
      }
      inside += 1;
      expectEqual(inside, 1, "holders at once");
      await sleep(PAUSE_MS);
      inside -= 1;
      await untilDone(() => lock.release());
      turn += 1;
      turns += 1;
    }
  };
  await killing(async () => {
    await Promise.all([holder(), holder(), holder()]);
  });
  expectEqual(turns, 9, "turns");
}

async function transfers({ connect: open, killing }: Run): Promise<void> {
  const client = await open();
  const account = (at: number) => `js-account/${at % 10}`;
  for (let at = 0; at < 10; at += 1) await client.put(account(at)).value("100");
  const worker = async (who: number) => {
    const own = await open();
    for (let round = 0; round < 10; round += 1) {
      const [from, to] = [account(who + round), account(who + 3 * round + 1)];
      if (from === to) continue;
      // One whose answer was lost may be made twice: the sum is the same.
      await untilDone(() =>
        own.stm({ isolation: SERIALIZABLE }).transact(async (tx) => {
          const [a, b] = [Number(await tx.get(from).string()), Number(await tx.get(to).string())];
          await tx.put(from).value(String(a - 1));
          await tx.put(to).value(String(b + 1));
        }),
      );
    }
  };
  await killing(async () => {
    await Promise.all([0, 1, 2].map(worker));
  });
  const rows = await untilDone(() => client.getAll().prefix("js-account/").strings());
  expectEqual(
    Object.values(rows).reduce((sum, value) => sum + Number(value), 0),
    1_000,
    "the sum",
  );
}

async function watches({ connect: open, killing }: Run): Promise<void> {
  const [client, watching] = [await open(), await open()];
  const watcher = await watching.watch().prefix("js-watch/").create();
  const seen: { readonly key: string; readonly revision: number }[] = [];
  watcher.on("put", (kv: { readonly key: Buffer; readonly mod_revision: string }) =>
    seen.push({ key: kv.key.toString(), revision: Number(kv.mod_revision) }),
  );
  const keys = Array.from({ length: 40 }, (_, at) => `js-watch/${String(at).padStart(3, "0")}`);
  await killing(async () => {
    for (const key of keys) await untilDone(() => client.put(key).value("x").exec());
  });
  const turn = turns(`all ${keys.length} keys at the watch`, TURNS_OF_CASE);
  while (new Set(seen.map(({ key }) => key)).size < keys.length) {
    turn();
    await sleep(PAUSE_MS);
  }
  const revisions = seen.map(({ revision }) => revision);
  expectEqual(
    revisions,
    [...new Set(revisions)].sort((one, other) => one - other),
    "revisions",
  );
  await watcher.cancel();
}

async function leases({ connect: open, killing }: Run): Promise<void> {
  const client = await open();
  const lease = client.lease(20);
  let isLost = false;
  lease.on("lost", () => {
    isLost = true;
  });
  await lease.put("js-leased").value("1").exec();
  await killing(() => sleep(3_000));
  const { TTL } = await untilDone(() => lease.keepaliveOnce());
  expectEqual([isLost, Number(TTL)], [false, 20], "lost, and the time to live");
  await lease.revoke();
  expectEqual(await client.get("js-leased").string(), null, "the key of a revoked lease");
}

async function elections({ connect: open, killing }: Run): Promise<void> {
  const observer = await (await open()).election("js-post", 30).observe();
  let leading = 0;
  const order: string[] = [];
  const candidate = async (name: string) => {
    const campaign = (await open()).election("js-post", 30).campaign(name);
    campaign.on("error", () => undefined);
    await campaign.wait();
    leading += 1;
    order.push(name);
    expectEqual(leading, 1, "leaders at once");
    const turn = turns(`${name} at the observer`, TURNS_OF_CASE);
    while (observer.leader() !== name) {
      turn();
      await sleep(PAUSE_MS);
    }
    leading -= 1;
    await untilDone(() => campaign.resign());
  };
  await killing(async () => {
    await Promise.all(["one", "two", "three"].map(candidate));
  });
  expectEqual([...order].sort(), ["one", "three", "two"], "leaders");
  await observer.cancel();
}

async function killingLeader(subject: Subject, work: () => Promise<void>): Promise<void> {
  const done = work();
  // A failure before the kill is thrown below.
  done.catch(() => undefined);
  await sleep(300);
  const leader = await leaderOf(subject);
  await subject.kill(leader);
  try {
    await done;
  } finally {
    await subject.restart(leader);
    await leaderOf(subject);
  }
}

/** For what has the same result however often it is done; a case has its limit. */
async function untilDone<Result>(work: () => PromiseLike<Result>): Promise<Result> {
  for (let tries = 0; ; tries += 1) {
    const done = await Promise.resolve(work()).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    if ("result" in done) return done.result;
    if (tries === 200) throw done.error;
    await sleep(PAUSE_MS);
  }
}

async function bounded(work: Promise<void>): Promise<void> {
  const limit = new AbortController();
  const late = sleep(CASE_MS, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`it was not done after ${CASE_MS / 1_000} s`);
  });
  late.catch(() => undefined);
  await Promise.race([work, late]).finally(() => limit.abort());
}

function expectEqual(found: unknown, wanted: unknown, what: string): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${what}: ${one}, expected ${other}`);
}
