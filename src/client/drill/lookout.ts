// Polls every coordinator separately, so that a dead or hung one delays nothing. It reports each fact about a
// recovery once, and records which replica had which role when.

import type { RoleChange } from "../../core/drill/observation.ts";
import type { DrillEvent } from "../../core/drill/timeline.ts";
import type { NodeStatus } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { Role } from "../../core/wire/gen/fleet/v1/views.ts";
import type { FleetClient, NodeAddress } from "../fleet-client.ts";

const LOOK_EVERY_MS = 20;
const NODE_TIMEOUT_MS = 250;

export interface LookoutOptions {
  readonly client: Pick<FleetClient, "observe">;
  readonly nodes: readonly NodeAddress[];
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onEvent: (event: DrillEvent) => void;
}

/** The fault, as it was made. */
interface Watched {
  readonly term: number;
  readonly victims: ReadonlySet<string>;
  readonly leader: string;
  readonly commitIndex: number;
}

export class Lookout {
  readonly #options: LookoutOptions;
  readonly #roles: RoleChange[] = [];
  readonly #last = new Map<string, string>();
  readonly #told = new Set<string>();
  readonly #loops: Promise<unknown>;
  #watched: Watched | null = null;
  #isOver = false;

  constructor(options: LookoutOptions) {
    this.#options = options;
    this.#loops = Promise.all(options.nodes.map((node) => this.#look(node)));
  }

  get roles(): readonly RoleChange[] {
    return this.#roles;
  }

  /** From now on events are reported. */
  watch(watched: Watched): void {
    this.#watched = watched;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loops;
  }

  async #look(node: NodeAddress): Promise<void> {
    const { client, sleep } = this.#options;
    while (!this.#isOver) {
      const { status } = await client.observe(node, { timeoutMs: NODE_TIMEOUT_MS });
      this.#noteRole(node.name, status);
      if (status !== null && this.#watched !== null) this.#notify(this.#watched, status);
      await sleep(LOOK_EVERY_MS);
    }
  }

  #noteRole(node: string, status: NodeStatus | null): void {
    const role = status === null ? "unreachable" : ROLES[status.role];
    const term = status?.term ?? null;
    const seen = `${role} ${term}`;
    if (this.#last.get(node) === seen) return;
    this.#last.set(node, seen);
    this.#roles.push({ atMs: this.#options.now(), node, role, term });
  }

  #notify(
    watched: Watched,
    { nodeName: node, role, term, leaderId, commitIndex, members }: NodeStatus,
  ): void {
    const atMs = this.#options.now();
    const followed = members.find(({ nodeId }) => nodeId === leaderId)?.name;
    const isNew = term > watched.term;
    if ((isNew || followed !== watched.leader) && !watched.victims.has(node))
      this.#once("detected", { kind: "detected", atMs, node });
    if (isNew && (role === Role.CANDIDATE || role === Role.LEADER))
      this.#once(`candidate ${term}`, { kind: "candidate", atMs, node, term });
    if (!isNew || role !== Role.LEADER) return;
    this.#once(`leader ${term}`, { kind: "leader", atMs, node, term });
    if (commitIndex > watched.commitIndex) this.#once(`committed ${term}`, { kind: "committed", atMs, term });
  }

  #once(what: string, event: DrillEvent): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#options.onEvent(event);
  }
}

const ROLES: Readonly<Record<Role, RoleChange["role"]>> = {
  [Role.UNSPECIFIED]: "unreachable",
  [Role.FOLLOWER]: "follower",
  [Role.PRE_CANDIDATE]: "candidate",
  [Role.CANDIDATE]: "candidate",
  [Role.LEADER]: "leader",
  [-1]: "unreachable",
};
