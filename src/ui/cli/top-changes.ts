// Makes the dashboard's changes, and their dry runs, by the very functions of the commands that do the same. What they print is what
// the dashboard shows. A context that is read-only refuses, and one with a hook asks it, as for a command.
import type { FleetClient } from "../../client/fleet-client.ts";
import type { ShardHoldings } from "../../client/shard-holdings.ts";
import { OperatorError } from "../../core/base/errors.ts";
import type { RebindPlan } from "../../core/rebind/plan.ts";
import type { WavePlan } from "../../core/rebind/waves/wave-plan.ts";
import type { Change, ChangeCheck, ChangeOutcome } from "../model/top/change.ts";
import { allowChange } from "./allow-change.ts";
import { type ChangeTools, shownLines } from "./change-tools.ts";
import { labelWrite } from "./label-change.ts";
import { transferLeadership, transferView } from "./leader-command.ts";
import { activateWrite, drainView, drainWrite } from "./shard-writes.ts";
import { checkDrill, performDrill } from "./top-drill.ts";
import { checkEvacuation, performEvacuation } from "./top-evacuate.ts";
import { checkRebind, performRebind } from "./top-rebind.ts";
import type { View } from "./view.ts";
import { performWrite, writeView } from "./write-command.ts";

const CALL_MS = 5_000;

/** What a change is called by its command, for hooks. */
function commandOf(change: Change): string {
  switch (change.kind) {
    case "transfer":
      return "leader transfer";
    case "drain":
    case "activate":
    case "evacuate":
      return `shard ${change.kind}`;
    case "label":
      return `${change.subject} label`;
    case "rebind":
      return "rebind";
    case "drill":
      return "drill run";
  }
}

/** Changes that are one call of the fleet. */
type Called = Extract<Change, { kind: "transfer" | "drain" | "activate" | "label" }>;

export class TopChanges {
  readonly #tools: ChangeTools;
  /** What was shown is what is done. */
  readonly #plans = new WeakMap<Change, RebindPlan>();
  readonly #evacuations = new WeakMap<Change, WavePlan>();

  constructor(tools: ChangeTools) {
    this.#tools = tools;
  }

  readonly check = async (change: Change): Promise<ChangeCheck> => {
    switch (change.kind) {
      case "drill":
        return await checkDrill(this.#tools, change.name);
      case "rebind": {
        const { plan, ...check } = await checkRebind(this.#tools, change);
        this.#plans.set(change, plan);
        return check;
      }
      case "evacuate": {
        const { plan, ...check } = await checkEvacuation(this.#tools, change.shard);
        this.#evacuations.set(change, plan);
        return check;
      }
      case "transfer":
      case "drain":
      case "activate":
      case "label":
        return await this.#called(change, true);
    }
  };

  readonly perform = async (
    change: Change,
    notify: (line: string) => void,
    signal: AbortSignal,
  ): Promise<ChangeOutcome> => {
    const { client, reason } = this.#tools;
    if (client.target.beforeChange !== undefined) notify("asking the context's hook");
    await allowChange(client.target, commandOf(change), reason);
    switch (change.kind) {
      case "drill":
        return await performDrill(this.#tools, change.name, notify, signal);
      case "rebind": {
        const plan = this.#plans.get(change) ?? (await checkRebind(this.#tools, change)).plan;
        return await performRebind(this.#tools, plan, notify, signal);
      }
      case "evacuate": {
        const plan = this.#evacuations.get(change) ?? (await checkEvacuation(this.#tools, change.shard)).plan;
        return await performEvacuation(this.#tools, plan, notify, signal);
      }
      case "transfer":
      case "drain":
      case "activate":
      case "label": {
        const { lines } = await orLeft(signal, this.#called(change, false));
        return { isDone: !signal.aborted, lines };
      }
    }
  };

  /** One call of the fleet, or its dry run. */
  async #called(change: Called, dryRun: boolean): Promise<ChangeCheck> {
    const { client, reason } = this.#tools;
    const flags = { reason, timeout: CALL_MS, "dry-run": dryRun };
    switch (change.kind) {
      case "transfer":
        return await this.#shown(await transferLeadership(client, flags, { to: change.to }), transferView);
      case "activate":
        return await this.#shown(await performWrite(client, flags, activateWrite(change.shard)), writeView);
      case "label": {
        const { subject, name, labels } = change;
        const write = labelWrite(subject, [name, ...labels], false);
        return await this.#shown(await performWrite(client, flags, write), writeView);
      }
      case "drain": {
        const report = await performWrite(client, flags, drainWrite(change.shard));
        const remains = await remainsAt(client, change.shard);
        return await this.#shown({ ...report, remains }, drainView);
      }
    }
  }

  async #shown<Report extends { readonly changed: boolean }, Row extends object>(
    report: Report,
    view: View<Report, Row>,
  ): Promise<ChangeCheck> {
    return {
      finding: report.changed ? "ask" : "nothing",
      lines: await shownLines(this.#tools, report, view),
    };
  }
}

// What was written is written: that what remains could not be read is no failure of the drain.
async function remainsAt(client: FleetClient, shard: string): Promise<ShardHoldings | null> {
  const { holdingsOf } = await import("../../client/shard-holdings.ts");
  return await holdingsOf(client, shard).catch((error: unknown) => {
    if (!(error instanceof OperatorError)) throw error;
    return null;
  });
}

/** A call that is cancelled may have arrived: nothing but a look at the fleet tells what became of it. */
async function orLeft(signal: AbortSignal, call: Promise<ChangeCheck>): Promise<ChangeCheck> {
  const left = Promise.withResolvers<ChangeCheck>();
  const leave = () =>
    left.resolve({
      finding: "refused",
      lines: ["the dashboard no longer waits for it: it may still be done"],
    });
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  try {
    return await Promise.race([call, left.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
    call.catch(() => undefined);
  }
}
