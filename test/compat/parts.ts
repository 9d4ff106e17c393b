// The parts of `npm run compat`: each says what it runs, why it cannot run here, and what came of it.

import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { present } from "../../src/core/base/assert.ts";
import { runEtcd3, whyNoEtcd3 } from "./etcd3.ts";
import { compareEtcdctl, isAsExpected } from "./etcdctl.ts";
import { runGoClient } from "./go-client.ts";
import { runSuite, whyFailed } from "./go-suite.ts";
import { whyNoGo } from "./go-tools.ts";
import { runHistory } from "./histories.ts";
import { runLocks } from "./locks.ts";
import { compareRandom, type Difference } from "./random-beside.ts";
import type { CaseResult } from "./report.ts";
import { clientsOf, type Subject, startEtcd, startFleet } from "./subject.ts";
import { runTooz, whyNoTooz } from "./tooz.ts";

/** FLEET_SEED=N begins with another one. */
const FIRST_SEED = Number(process.env["FLEET_SEED"] ?? 1);
const SEEDS = 3;
const RANDOM_SEEDS = 20;
const OPERATIONS = 400;

const seeds = (count: number): number[] => Array.from({ length: count }, (_, at) => FIRST_SEED + at);

type Tell = (result: CaseResult) => void;

export interface Part {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  /** Why it cannot run here; null = it can. */
  whyNot(): Promise<string | null>;
  run(tell: Tell): Promise<void>;
}

async function whyNoProgram(name: string, from: string): Promise<string | null> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const isThere = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return null;
  }
  return `no ${name} on the PATH (apt-get install ${from})`;
}

const whyNoEtcd = async () =>
  (await whyNoProgram("etcd", "etcd-server")) ?? (await whyNoProgram("etcdctl", "etcd-client"));

async function onFleet(work: (fleet: Subject) => Promise<void>): Promise<void> {
  const fleet = await startFleet();
  await work(fleet).finally(() => fleet.dispose());
}

async function onBoth(work: (fleet: Subject, etcd: Subject) => Promise<void>): Promise<void> {
  await onFleet(async (fleet) => {
    const etcd = await startEtcd();
    await work(fleet, etcd).finally(() => etcd.dispose());
  });
}

/** On fresh members. */
async function randomCase(seed: number): Promise<CaseResult> {
  const found: Difference[] = [];
  const panics: string[] = [];
  await onBoth(async (fleet, etcd) => {
    const [ours, theirs] = [clientsOf(fleet), clientsOf(etcd)];
    const other = present(theirs[0], "an etcd has members");
    const difference = await compareRandom(ours, other, seed, OPERATIONS).finally(() => {
      for (const clients of [...ours, ...theirs]) clients.close();
    });
    if (difference !== null) found.push(difference);
    panics.push(...etcd.panics);
  });
  const name = `seed ${seed}, ${OPERATIONS} operations`;
  if (found.length === 0) return { name, outcome: "passed", detail: "" };
  const [panic] = panics;
  if (panic !== undefined)
    return { name, outcome: "differs", detail: `the etcd ended itself: panic: ${panic}` };
  return { name, outcome: "failed", detail: JSON.stringify(found) };
}

/** Tests of etcd's own sources whose names match. Each part ends within minutes. */
function suitePart(name: string, title: string, wanted: RegExp): Part {
  return {
    name,
    title: `etcd's own tests ${title}`,
    about:
      "The packages `clientv3/integration` and `integration` (`v3_*`) of the same sources, unchanged. A fleet is in the place of etcd's servers (`test/compat/suite/cluster.go`): each test has one of its own. Most wait for seconds of the wall clock: one that fails is tried again, three times in all, and is listed.",
    whyNot: whyNoGo,
    run: (tell) =>
      runSuite(
        (test) => wanted.test(test),
        ({ name: test, outcome, output, failedBefore }) => {
          const attempts = failedBefore.map((each) => `an attempt failed: ${whyFailed(each)}`);
          const detail = outcome === "failed" ? [...attempts, whyFailed(output)] : attempts;
          tell({ name: test, outcome, detail: detail.join("; ") });
        },
        (test, reason) => tell({ name: test, outcome: "differs", detail: reason }),
      ),
  };
}

const SUITES: readonly Part[] = [
  suitePart("go-leases", "of clientv3: leases and leasing", /^clientv3.*\.TestLea(?!singSessionExpire)/),
  suitePart(
    "go-expiry",
    "of clientv3: leasing whose session expires",
    /^clientv3.*\.TestLeasingSessionExpire/,
  ),
  suitePart("go-faults", "of clientv3: faults and watches", /^clientv3.*\.Test(Balancer|Watch)/),
  suitePart("go-rest", "of clientv3: the rest", /^clientv3.*\.Test(?!Lea|Balancer|Watch)/),
  suitePart("go-api", "of the API", /^integration\./),
];

export const PARTS: readonly Part[] = [
  {
    name: "etcdctl",
    title: "etcdctl 3.4, command by command",
    about:
      "Debian's `etcdctl` on a fleet of three over TLS, and on three etcds in plaintext: what it prints, and its exit code.",
    whyNot: whyNoEtcd,
    run: (tell) =>
      onBoth((fleet, etcd) =>
        compareEtcdctl(fleet, etcd, (compared) => {
          const { step, fleet: ours, etcd: theirs } = compared;
          const name = `\`${step.words}\``;
          if (!isAsExpected(compared)) {
            const detail =
              ours === theirs ? `the same as etcd, although: ${step.reason}` : `${ours} — etcd: ${theirs}`;
            tell({ name, outcome: "failed", detail });
          } else {
            tell({
              name,
              outcome: step.reason === undefined ? "passed" : "differs",
              detail: step.reason ?? "",
            });
          }
        }),
      ),
  },
  {
    name: "random",
    title: "Random operations, answer by answer",
    about:
      "Ranges, puts, deletions, nested transactions, compactions and leases by seed. Each goes through any member of a fleet of three, and to an etcd. Compared are answers, revisions, errors, events, leases and HashKV.",
    whyNot: whyNoEtcd,
    run: async (tell) => {
      for (const seed of seeds(RANDOM_SEEDS)) tell(await randomCase(seed));
    },
  },
  {
    name: "histories",
    title: "Histories of concurrent clients, judged for linearizability",
    about:
      "Eight clients get, put, delete and compare-and-put a few keys at once through any of three members. Meanwhile the leader is killed (SIGKILL) and paused (SIGSTOP, 3 s) in turn. The checker of `src/core/check` judges each key.",
    whyNot: whyNoEtcd,
    run: (tell) =>
      onBoth(async (fleet, etcd) => {
        for (const subject of [fleet, etcd]) {
          for (const seed of seeds(SEEDS)) tell(await runHistory(subject, seed));
        }
      }),
  },
  {
    name: "locks",
    title: "A counter behind a lock, its holder paused beyond its lease",
    about:
      "Processes take a lock of etcd's Lock service, read a counter, and write it back plus one. One is paused (SIGSTOP) between the two until another has had the lock. With fencing it writes in a transaction that compares the mod revision of its lock's key.",
    whyNot: whyNoEtcd,
    run: (tell) =>
      onBoth(async (fleet, etcd) => {
        for (const subject of [fleet, etcd]) {
          for (const isFenced of [true, false]) tell(await runLocks(subject, isFenced));
        }
      }),
  },
  {
    name: "etcd3",
    title: "The npm client etcd3",
    about: "Version 1.1.2 on a fleet of three over TLS; the leader is killed by SIGKILL in most cases.",
    whyNot: whyNoEtcd3,
    run: (tell) => onFleet((fleet) => runEtcd3(fleet, tell)),
  },
  {
    name: "tooz",
    title: "Python: OpenStack's tooz with python-etcd3",
    about:
      "Debian's `python3-tooz` with its own tests (`tooz.tests.test_coordination`) on a fleet of three over TLS: locks, groups, members that end, leaders. Tests that its etcd3 driver does not implement are left out.",
    whyNot: whyNoTooz,
    run: (tell) => onFleet((fleet) => runTooz(fleet, tell)),
  },
  {
    name: "go",
    title: "Go's clientv3 through kills",
    about:
      "Debian's `golang-etcd-server-dev` (3.4.23): a program of our own (`test/compat/client`) on a fleet of three over TLS. The leader is killed by SIGKILL where a case says so.",
    whyNot: whyNoGo,
    run: (tell) => onFleet((fleet) => runGoClient(fleet, tell)),
  },
  ...SUITES,
];
