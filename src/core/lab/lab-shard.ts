// One shard of the lab with the agents that dial it. It has a real shard's rules for clusters and domains,
// without its process, disk and network. It reports and obeys like a real one. What must stay true: the
// answer to an instruction is repeated until a coordinator accepted a report with it. An answer from an older
// leader changes nothing.

import { type Binding, contact, obey, readInstruction, sessionEnded } from "../shard/binding-table.ts";
import { type DomainRecord, domainName, followDomain } from "../shard/domain-table.ts";
import { heldDomains, shardBindings } from "../shard/report.ts";
import type { Instruction, InstructionAck } from "../wire/gen/fleet/v1/command.ts";
import type {
  BindingInstruction,
  ReportShardRequest,
  ReportShardResponse,
  ShardSummary,
  Shortfall,
} from "../wire/gen/fleet/v1/coordinator.ts";
import { range } from "./size.ts";

const MACHINES_TOTAL = 5_000;
const MACHINES_FREE = 400;
const PRIORITIES = 10;
const CYCLE_MS = 10_000;

export interface LabShardOptions {
  readonly id: string;
  readonly address: string;
  readonly epoch: number;
  readonly shortfalls: number;
}

/** A report and the shard's answers that it carries. */
export interface Report {
  readonly request: ReportShardRequest;
  readonly acks: readonly InstructionAck[];
}

export class LabShard {
  readonly id: string;
  readonly #options: LabShardOptions;
  readonly #bindings = new Map<string, Binding>();
  readonly #sessions = new Set<string>();
  readonly #domains = new Map<string, DomainRecord>();
  #acks: readonly InstructionAck[] = [];
  #coordinatorTerm = 0;
  #cycle = 0;
  #isAskedForDomains = false;

  constructor(options: LabShardOptions) {
    this.id = options.id;
    this.#options = options;
  }

  get clusters(): readonly string[] {
    return [...this.#sessions];
  }

  /** Adopts the rows that coordinators hold already from an earlier run of the lab. */
  resume(cluster: string, version: number): void {
    this.#bindings.set(cluster, { kind: "bound", version });
    this.#sessions.add(cluster);
  }

  /** An agent dials this shard. False: it is refused, because the cluster was released. */
  dial(cluster: string): boolean {
    const met = contact(this.#bindings.get(cluster));
    if (met.kind === "refused") return false;
    this.#bindings.set(cluster, met.binding);
    this.#sessions.add(cluster);
    return true;
  }

  hangUp(cluster: string): void {
    this.#sessions.delete(cluster);
    const binding = this.#bindings.get(cluster);
    if (binding !== undefined) this.#bindings.set(cluster, sessionEnded(binding));
  }

  report(): Report {
    const { id, address, epoch, shortfalls } = this.#options;
    this.#cycle += 1;
    const acks = this.#acks;
    const request: ReportShardRequest = {
      ...{ shardId: id, address, epoch, cycle: this.#cycle, region: "lab-region", zone: "lab-zone" },
      bindings: shardBindings(this.#bindings, (cluster) => this.#sessions.has(cluster)),
      summary: summaryOf(),
      shortfalls: shortfallsOf(this.clusters, shortfalls, this.#cycle),
      acks: [...acks],
      doubleDials: [],
      ...{ shortfallsLeftOut: 0, doubleDialsLeftOut: 0 },
      heldDomains: this.#isAskedForDomains ? heldDomains(this.#domains) : undefined,
      coordinatorTerm: this.#coordinatorTerm,
    };
    return { request, acks };
  }

  /** Follows the coordinator's answer to `report`. */
  taken(report: Report, answer: ReportShardResponse): void {
    if (this.#acks === report.acks) this.#acks = [];
    if (answer.coordinatorTerm < this.#coordinatorTerm) return;
    this.#coordinatorTerm = answer.coordinatorTerm;
    this.#isAskedForDomains = answer.askDomains;
    for (const instruction of answer.instructions) this.#follow(instruction);
    this.#acks = answer.domainInstructions.map((instruction) => this.#followDomain(instruction));
  }

  #followDomain(instruction: Instruction): InstructionAck {
    const { key, value, sequence } = instruction;
    const name = domainName(instruction);
    const { record, outcome, detail } = followDomain(this.#domains.get(name), instruction);
    if (record !== null) this.#domains.set(name, record);
    return { key, value, sequence, outcome, detail };
  }

  #follow(wire: BindingInstruction): void {
    const instruction = readInstruction(wire);
    if (instruction === null) return;
    const { clusterId } = wire;
    const after = obey(this.#bindings.get(clusterId), instruction, this.#sessions.has(clusterId));
    if (after === undefined) this.#bindings.delete(clusterId);
    else this.#bindings.set(clusterId, after);
  }
}

function summaryOf(): ShardSummary {
  return {
    machinesTotal: MACHINES_TOTAL,
    machinesFree: MACHINES_FREE,
    freeByInstanceType: { "m5.large": 300, "m5.4xlarge": 80, "p4d.24xlarge": 20 },
    freeByZone: { "lab-zone-a": 150, "lab-zone-b": 150, "lab-zone-c": 100 },
    ...{ cycleMs: CYCLE_MS, domains: [] },
  };
}

/** The gravest first, as a report requires. */
function shortfallsOf(clusters: readonly string[], count: number, cycle: number): Shortfall[] {
  return range(count).map((number) => ({
    clusterId: clusters[number % Math.max(1, clusters.length)] ?? "",
    requirements: { "instance-type": number % 2 === 0 ? "m5.large" : "p4d.24xlarge" },
    deficit: { machines: 1 + (number % 7) },
    priority: PRIORITIES - Math.floor((number * PRIORITIES) / count),
    ageCycles: cycle,
    penaltyBucket: "lab",
    sameDomain: number % 5 === 0,
  }));
}
