// Parts of one replica that parts made before them call: messages of peers reach the groups, and groups send to peers.
// What must stay true: such a call happens only after the part is made. Each part is made once.

import { assert, present } from "../../base/assert.ts";
import type { Outcome } from "../../wire/gen/fleet/v1/command.ts";
import type { ComparedGroups } from "../divergence/compared-groups.ts";
import type { StateChecks } from "../divergence/state-checks.ts";
import type { HostedGroup } from "../group/group-kinds.ts";
import type { GroupPort } from "../group/group-port.ts";
import type { Host } from "../host/host.ts";
import type { OpenGroups } from "../membership/open-groups.ts";
import type { Replica } from "../membership/replica.ts";
import type { Roster } from "../membership/roster.ts";

class Late<Part> {
  #part: Part | null = null;

  get part(): Part {
    return present(this.#part, "a part is called once it is made");
  }

  made(part: Part): Part {
    assert(this.#part === null, "a part is made once");
    this.#part = part;
    return part;
  }
}

export class LateParts {
  readonly host = new Late<Host>();
  readonly driver = new Late<GroupPort<Outcome>>();
  readonly checks = new Late<StateChecks>();
  readonly compared = new Late<ComparedGroups>();
  readonly roster = new Late<Roster>();
  readonly replica = new Late<Replica<Outcome>>();
  readonly openGroups = new Late<OpenGroups<HostedGroup>>();
}
