// What a command does about a drill that was killed, before its own work: it heals what the drill left, or says how.
import type { HealResult } from "../../client/drill/heal.ts";
import type { FleetClient } from "../../client/fleet-client.ts";
import type { Line } from "../model/line.ts";
import { allowChange } from "./allow-change.ts";
import { localDeps } from "./local-deps.ts";

interface HealingCommand {
  readonly command: string;
  readonly isLookingOnly: boolean;
  readonly note: (text: string) => void;
}

/** `found`: the interrupted drills, for people. */
export async function healBefore(
  client: FleetClient,
  found: string,
  { command, isLookingOnly, note }: HealingCommand,
): Promise<Line> {
  const result = isLookingOnly ? null : await heal(client, command, note);
  const isHealed = result !== null && result.left.length === 0 && result.healed.length > 0;
  if (!isHealed) {
    return {
      text: `an interrupted drill may have left faults behind (${found}): fleet drill heal`,
      mark: "bad",
    };
  }
  const done = result.healed.flatMap((each) => each.done);
  return { text: `healed an interrupted drill (${found}): ${done.join(", ")}`, mark: "warn" };
}

async function heal(
  client: FleetClient,
  command: string,
  note: (text: string) => void,
): Promise<HealResult | null> {
  const [{ healFirst }, { handsOf }] = await Promise.all([
    import("../../client/drill/heal.ts"),
    import("../../client/drill/hands.ts"),
  ]);
  const deps = await localDeps(note);
  const hands = handsOf(client.target, deps);
  const allow = () => allowChange(client.target, command, "an interrupted drill is healed");
  return await healFirst(client, hands, deps.processes, { cwd: process.cwd(), allow });
}
