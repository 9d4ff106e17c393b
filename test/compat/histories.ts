// Whether the answers of a fleet or an etcd are linearizable per key (src/core/check) while its leader is killed and
// paused.

import { setTimeout as sleep } from "node:timers/promises";
import { explain } from "../../src/core/check/explain.ts";
import { registers } from "../../src/core/check/models/registers.ts";
import { checkLinearizability } from "../../src/core/check/verdict.ts";
import { ConcurrentClients, type RegisterHistory } from "./concurrent-clients.ts";
import type { CaseResult } from "./report.ts";
import { clientsOf, leaderOf, type Subject } from "./subject.ts";

const ROUNDS = 3;
const CALM_MS = 1_500;
const FAULT_MS = 3_000;
/** Shorter than a pause: a client continues through another member. */
const PATIENCE_MS = 1_000;

/** In turn: the leader killed and started again, the leader paused and continued. */
export async function runHistory(subject: Subject, seed: number): Promise<CaseResult> {
  const members = clientsOf(subject);
  try {
    const clients = new ConcurrentClients(members, seed, `history-${seed}`, PATIENCE_MS);
    // Its clients would ask for ever.
    const harmed = await harm(subject).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    const history = await clients.history();
    if (harmed !== null) throw harmed.error;
    return judge(
      `${subject.name}, seed ${seed}: ${ROUNDS} kills and ${ROUNDS} pauses of the leader`,
      history,
    );
  } finally {
    for (const clients of members) clients.close();
  }
}

async function harm(subject: Subject): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    await sleep(CALM_MS);
    const killed = await leaderOf(subject);
    await subject.kill(killed);
    await sleep(FAULT_MS);
    await subject.restart(killed);
    const paused = await leaderOf(subject);
    await sleep(CALM_MS);
    subject.pause(paused);
    await sleep(FAULT_MS);
    subject.resume(paused);
    await leaderOf(subject);
  }
}

export function judge(name: string, history: RegisterHistory): CaseResult {
  const open = history.filter(({ completion }) => completion === null).length;
  const verdict = checkLinearizability(registers, history);
  const what = `${history.length} operations, ${open} of unknown outcome`;
  switch (verdict.kind) {
    case "linearizable":
      return { name, outcome: "passed", detail: `${what}: linearizable` };
    case "unknown":
      return { name, outcome: "failed", detail: `${what}: the checker's budget was too small` };
    case "not-linearizable":
      return { name, outcome: "failed", detail: [what, ...explain(registers, verdict.evidence)].join("\n") };
  }
}
