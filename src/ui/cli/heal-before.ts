// What a command does about drills that were killed, before its own work: it heals what they left, or says how. It never
// fails the command that was asked for.
import type { HealResult } from "../../client/drill/heal.ts";
import type { Interrupted } from "../../client/drill/interrupted.ts";
import { drillWords } from "../../client/drill/interrupted.ts";
import type { FleetClient } from "../../client/fleet-client.ts";
import { messageOf } from "../../core/base/errors.ts";
import type { Mark } from "../model/table.ts";
import { allowChange } from "./allow-change.ts";
import { localDeps } from "./local-deps.ts";
import { endChange } from "./pipes.ts";

interface HealingCommand {
  readonly command: string;
  readonly isLookingOnly: boolean;
  readonly note: (text: string, mark?: Mark) => void;
}

export async function healBefore(
  client: FleetClient,
  { healable, left }: Interrupted,
  { command, isLookingOnly, note }: HealingCommand,
): Promise<void> {
  for (const each of left) note(`an interrupted drill may have left faults behind (${each})`, "bad");
  if (healable.length === 0) return;
  const named = healable.map(drillWords).join("; ");
  if (isLookingOnly) {
    note(`an interrupted drill may have left faults behind (${named}): fleet drill heal`, "bad");
    return;
  }
  try {
    noteOutcome(await heal(client, healable, command, note), note);
  } catch (error) {
    note(`an interrupted drill (${named}) was not healed: ${messageOf(error)}: fleet drill heal`, "bad");
  } finally {
    // The command that was asked for may be a read.
    endChange();
  }
}

/** What was done is said also when something is left. */
function noteOutcome(
  { healed, left }: Pick<HealResult, "healed" | "left">,
  note: HealingCommand["note"],
): void {
  for (const { drill, startedAt, done } of healed) {
    if (done.length === 0 && left.length > 0) continue;
    const steps = done.length === 0 ? "nothing was left of it" : done.join(", ");
    note(`healed an interrupted drill (${drill}, begun ${startedAt}): ${steps}`, "warn");
  }
  for (const { what, why } of left) note(`not healed: ${what} (${why}): fleet drill heal`, "bad");
}

async function heal(
  client: FleetClient,
  healable: Interrupted["healable"],
  command: string,
  note: HealingCommand["note"],
): Promise<Pick<HealResult, "healed" | "left">> {
  const [{ healFirst }, { nodeControlOf }] = await Promise.all([
    import("../../client/drill/heal.ts"),
    import("../../client/drill/node-control.ts"),
  ]);
  const deps = await localDeps(note);
  const control = nodeControlOf(client.target, deps);
  return await healFirst(
    healable,
    { client, control, deps },
    {
      allow: () => allowChange(client.target, command, "an interrupted drill is healed"),
      onBegin: (entry) =>
        note(`healing an interrupted drill first (${drillWords({ entry, path: "" })})`, "warn"),
    },
  );
}
