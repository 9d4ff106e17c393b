// What each kind of group replicates, and how it runs: the one place where a kind gets its machine (ADR-0049).
// Another kind needs a row here, and its name in fleet/group-kind-name.ts.

import { halfDutyCycle } from "../../base/duty-cycle.ts";
import type { GroupId } from "../../base/ids.ts";
import type { GroupKindName } from "../../fleet/group-kind-name.ts";
import type { GroupDriver } from "./group-driver.ts";
import { KeysMachine, type KeysTrust } from "./keys-machine.ts";
import type { Machine } from "./machine.ts";
import { TallyMachine } from "./tally-machine.ts";

/** How a group of this kind shares the process with others. */
interface GroupKind<Result> {
  readonly machine: (trust?: KeysTrust) => Machine<Result>;
  /**
   * "idle": one of many. It has a share of the memory and slow clocks, and becomes quiescent. "urgent": as the
   * fleet's own group.
   */
  readonly pace: "idle" | "urgent";
}

const KINDS = {
  keys: { machine: (trust?: KeysTrust) => new KeysMachine(halfDutyCycle, trust), pace: "urgent" },
  tally: { machine: () => new TallyMachine(), pace: "idle" },
} satisfies { readonly [Name in GroupKindName]?: GroupKind<unknown> };

/** The kinds that this build can open. */
export type OpenKind = keyof typeof KINDS;
type MachineOf<Kind extends OpenKind> = ReturnType<(typeof KINDS)[Kind]["machine"]>;
type ResultOf<Kind extends OpenKind> = MachineOf<Kind> extends Machine<infer Result> ? Result : never;

/** An open group beside the fleet's own. */
export type HostedGroup<Kind extends OpenKind = OpenKind> = {
  readonly [Name in OpenKind]: {
    readonly kind: Name;
    readonly group: GroupId;
    readonly machine: MachineOf<Name>;
    readonly driver: GroupDriver<ResultOf<Name>>;
  };
}[Kind];

export const isOpenKind = (text: string): text is OpenKind => Object.hasOwn(KINDS, text);

/** `trust`: absent = the state is always trusted. */
export function machineOf<Kind extends OpenKind>(kind: Kind, trust?: KeysTrust): MachineOf<Kind> {
  return KINDS[kind].machine(trust) as MachineOf<Kind>;
}

export const paceOf = (kind: OpenKind): GroupKind<unknown>["pace"] => KINDS[kind].pace;
