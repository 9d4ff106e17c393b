// A command that runs another one while it holds a lock, or leads an election (fleet lock, fleet elect).
import { hostname } from "node:os";
import type { Held, Wanted } from "../../client/etcd/hold.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { bytesText } from "../model/byte-text.ts";
import { EtcdCommand, type StoreChangeValues, storeChangeFlags } from "./etcd-command.ts";
import { durationFlag } from "./fleet-flags.ts";

const TTL_MS = 15_000;
const GRACE_MS = 5_000;

export const holdFlags = {
  ...storeChangeFlags,
  ttl: durationFlag({
    summary: "How long the store waits for this process before it gives the lock to the next",
    default: TTL_MS,
    defaultHelp: async () => "15s",
  }),
  grace: durationFlag({
    summary: "Time that the command has to end, between SIGTERM and SIGKILL",
    default: GRACE_MS,
    defaultHelp: async () => "5s",
  }),
  within: durationFlag({
    summary: "Give up if it is not held after this long (default: wait without a limit)",
  }),
};

export const HOLD_DESCRIPTION =
  "The command gets FLEET_FENCING_TOKEN, FLEET_LEASE_ID and FLEET_LOCK_KEY in its environment. The token grows with each holder: systems that the command writes to should refuse smaller ones. If the lock is lost, the command gets SIGTERM, and SIGKILL after --grace: it ends before the lease does. Exits with the command's code, with 9 if the lock was lost, with 6 if --within passed.";

interface HoldValues extends StoreChangeValues {
  readonly ttl: number;
  readonly grace: number;
  readonly within: number | undefined;
}

export abstract class HoldCommand extends EtcdCommand {
  /** Runs `words` while this process is first in the queue called `name`. */
  protected async holdAndRun(
    flags: HoldValues,
    name: string,
    value: Uint8Array,
    words: readonly string[],
  ): Promise<void> {
    checkTimes(flags);
    const [{ hold, lockLost }, { runHeld }, { systemWaitClock: clock }] = await Promise.all([
      import("../../client/etcd/hold.ts"),
      import("../../client/etcd/held-command.ts"),
      import("../../core/base/wait-clock.ts"),
    ]);
    const client = await this.writableStore(flags);
    const stopped = new AbortController();
    const wanted: Wanted = {
      ...{ name, value, ttlMs: flags.ttl, graceMs: flags.grace, withinMs: flags.within ?? null },
      signal: stopped.signal,
      onWaiting: ({ key }) => this.note(`waiting: ${bytesText(key, { hex: false })} is before this one`),
    };
    const work = async ({ key, token, lease, lost }: Held) => {
      this.note(`${name} is held with fencing token ${token}, lease ${lease}`, "good");
      const facts = {
        FLEET_LOCK_KEY: Buffer.from(key).toString("utf8"),
        FLEET_FENCING_TOKEN: String(token),
        FLEET_LEASE_ID: lease,
      };
      const noteLoss = () => this.note(`lost ${name} (${lost.reason}): stopping the command`, "bad");
      lost.addEventListener("abort", noteLoss, { once: true });
      const end = await runHeld(words, facts, AbortSignal.any([lost, stopped.signal]), flags.grace, clock);
      if (lost.aborted) throw lockLost(name, String(lost.reason));
      return end;
    };
    const running = hold(client, wanted, work, clock);
    this.onInterrupt(async () => {
      stopped.abort();
      return await running.then(
        ({ wasReleased }) => (wasReleased ? `${name} was released` : notReleased(name, flags.ttl)),
        () => undefined,
      );
    });
    const { result, wasReleased } = await running;
    if (!wasReleased) this.note(notReleased(name, flags.ttl), "warn");
    process.exitCode = result.exit;
  }
}

/** What a leader says of itself if it was not told what to say. */
export const ownName = (): string => `${hostname()}:${process.pid}`;

function notReleased(name: string, ttlMs: number): string {
  return `the store did not answer: ${name} is free when its lease ends, within ${ttlMs / 1000} s`;
}

/** Ending must fit into the lease, with time left to renew it. */
function checkTimes({ ttl, grace }: HoldValues): void {
  if (ttl >= 2_000 && grace * 2 <= ttl) return;
  throw new OperatorError("USAGE", {
    what: `--ttl ${ttl / 1000}s and --grace ${grace / 1000}s leave no time to renew the lease`,
    next: "give a --ttl of at least 2s, and at least twice the --grace",
    exit: Exit.Usage,
  });
}

/** NAME, and the command behind it. Throws `OperatorError` (usage). */
export function nameAndCommand(argv: readonly unknown[]): { name: string; words: readonly string[] } {
  const [name, ...words] = argv.map(String);
  if (name !== undefined && !name.startsWith("-") && words.length > 0) return { name, words };
  throw new OperatorError("USAGE", {
    what: name === undefined ? "NAME is missing" : "no command was given",
    next: "give a name, and the command after --: fleet lock jobs -- make all",
    exit: Exit.Usage,
  });
}
