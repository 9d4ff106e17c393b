// Whether the processes of a local fleet answer. One that hangs runs and listens, since the kernel accepts connections for
// it. So neither its pid nor its port shows it, and a start would leave it as it is.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { adminFiles } from "../cert/holders.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import { inspectProcess } from "../processes/supervisor.ts";
import type { LocalDeps } from "./deps.ts";

/** A busy process answers within this time, also while it starts. */
const HUNG_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 200;

type Deps = Pick<LocalDeps, "processes" | "clock" | "isSilent">;

/** Throws NODES_HUNG with the running processes that have not answered in all that time. */
export async function refuseHung(fleet: LocalFleet, deps: Deps): Promise<void> {
  const endMs = deps.clock.now() + HUNG_AFTER_MS;
  const tls = adminFiles(fleet);
  let silent = fleet.processes;
  for (;;) {
    const looks = await Promise.all(
      silent.map(async ({ address }) => address !== null && (await deps.isSilent(address, tls))),
    );
    silent = silent.filter((_, at) => looks[at] === true);
    if (silent.length === 0) return;
    if (deps.clock.now() >= endMs) break;
    await deps.clock.sleep(LOOK_EVERY_MS);
  }
  const pids = await Promise.all(
    silent.map(async ({ files }) => {
      const state = await inspectProcess(files.pid, deps.processes);
      return state.kind === "running" ? [state.identity.pid] : [];
    }),
  );
  throw hung(
    silent.map(({ name }) => name),
    [...new Set(pids.flat())],
  );
}

function hung(names: readonly string[], pids: readonly number[]): OperatorError {
  const [run, answer] = names.length === 1 ? ["runs", "does not answer"] : ["run", "do not answer"];
  const which = pids.join(" ");
  const next =
    pids.length === 0
      ? "see what listens at its address (fleet status), end it, then: fleet up"
      : `continue it: kill -CONT ${which}; if it still does not answer: kill -KILL ${which}, then fleet up`;
  return new OperatorError("NODES_HUNG", {
    what: `${names.join(", ")} ${run} and ${answer}`,
    why: "a signal has paused it, or its disk blocks it; nothing was changed there",
    next,
    exit: Exit.NoQuorum,
  });
}
