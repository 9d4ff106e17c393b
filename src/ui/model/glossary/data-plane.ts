// What the columns about shards, clusters and what they have mean.
import type { DriftWord } from "../words.ts";
import type { Subject } from "./subject.ts";

const DRIFTS: Readonly<Record<DriftWord, string>> = {
  none: "The declared shard serves the cluster.",
  elsewhere: "Another shard serves it.",
  absent: "No shard serves it, and the declared one has reported.",
  double: "Two shards serve it, or a second agent dials.",
  migrating: "A rebind is moving it.",
  unknown: "The declared shard has not reported to this leader lately.",
};

const CLUSTER: Subject = {
  name: "cluster",
  is: "A Kubernetes cluster: the shard that should serve it, and the shards that do.",
  shownBy: ["cluster list"],
  columns: {
    cluster: "The cluster's name.",
    declared: "The shard that owns it in the coordinators' table.",
    observed: "The shards that report its session or its binding.",
    drift: { is: "The difference between declared and observed.", values: DRIFTS },
    migration: "The running move, and the shard it comes from.",
    version: "Version of the binding, for --expect-version.",
    since: "When the binding was declared or last moved.",
    index: "Log index of that change.",
    labels: "Labels by which operators select it (fleet cluster label).",
    by: "Who declared it.",
  },
};

const SHARD: Subject = {
  name: "shard",
  is: "A shard: what the coordinators declare to it beside what it reports.",
  shownBy: ["shard list"],
  columns: {
    shard: "The shard's name.",
    state: {
      is: "Whether the coordinators give it anything new.",
      values: {
        active: "It gets clusters, domains and migrations.",
        draining: "It keeps what it has and gets nothing new.",
        removed:
          "It left the fleet. It may register again after fleet shard activate. Once it has reported that it serves no cluster, only --state removed lists it.",
      },
    },
    liveness: {
      is: "Whether the leader hears it.",
      values: {
        alive: "Its reports are recent.",
        suspect: "No report for a while (30 s by default): its last report is ignored.",
        dead: "No report for longer (60 s by default). No binding changes by that alone.",
        unknown: "A new leader has not heard it yet.",
      },
    },
    region: "Region of its machines.",
    zone: "Zone of the shard itself.",
    address: "Where agents dial it, as host:port.",
    sessions: "Agents that are connected to it.",
    bound: "Clusters that it holds, with or without a session.",
    declared: "Clusters that the coordinators declare to it.",
    domains: "Topology domains that are assigned to it.",
    pending: "Instructions that it has not accepted.",
    report:
      'Age of its last report. "disobeys": it obeys a newer leader or another incarnation of the fleet.',
    shortfalls: "Demands of its clusters that it cannot meet.",
    machines: "Its free machines, and all of them.",
    epoch: "Rises with each start of the shard's process. Reports of an earlier start are refused.",
    version: "Version of its row, for --expect-version.",
    labels: "Labels by which operators select it (fleet shard label).",
    registered: "When it first registered.",
  },
};

const DOMAIN: Subject = {
  name: "domain",
  is: "A topology domain, such as zone=eu-1a, and the shard that it is assigned to.",
  shownBy: ["domain list"],
  columns: {
    key: "Kind of the domain, such as zone or rack.",
    value: "The domain's name among its kind.",
    shard: "The shard that it is assigned to.",
    confirmed: "Whether that shard has accepted it.",
    version: "Version of the assignment, for --expect-version.",
    since: "When the shard accepted it.",
  },
};

const INSTRUCTION: Subject = {
  name: "instruction",
  is: "An order to a shard about a domain, until the shard has accepted it.",
  shownBy: ["instruction list"],
  columns: {
    shard: "The shard that must obey.",
    action: { is: "The order.", values: { assign: "Take the domain.", unassign: "Release the domain." } },
    domain: "The domain, as KEY=VALUE.",
    outcome: {
      is: "The shard's answer.",
      values: {
        pending: "It has not answered.",
        "rejected-stale": "It obeys a newer order.",
        "rejected-invalid": "It cannot read the order.",
        failed: "It tried and failed; DETAIL says why.",
      },
    },
    detail: "The shard's reason.",
    since: "When the order was given.",
    id: "The order's id: a repeated order keeps it.",
  },
};

const SHORTFALL: Subject = {
  name: "shortfall",
  is: "Demand of a cluster that its shard cannot meet.",
  shownBy: ["shortfall list"],
  columns: {
    shard: "The shard that runs short.",
    cluster: "The cluster that asks.",
    priority: "A higher priority is served first.",
    cycles: "Rounds of the shard's scheduler that the shortfall has lasted.",
    deficit: "What is missing.",
    requirements: "What the machines must have.",
    same: "Whether all machines must be in one domain.",
    report: "Age of the shard's report.",
    penalty: "The class in which the shard put the demand, if it has such classes.",
  },
};

const PROVIDER: Subject = {
  name: "provider",
  is: "A provider of machines.",
  shownBy: ["provider list"],
  columns: {
    name: "The provider's name.",
    region: "Its region; empty for none.",
    address: "Where it is asked for machines.",
    quota: "Machines that it grants in all. The sum of its quotas never exceeds this.",
    version: "Version of its row, for --expect-version.",
  },
};

const QUOTA: Subject = {
  name: "quota",
  is: "Machines of one provider in one region, sliced among shards.",
  shownBy: ["quota list"],
  columns: {
    provider: "The provider's name.",
    region: "The region.",
    limit: "Machines in all.",
    sliced: "Sum of the slices.",
    unsliced: "Machines that no shard may use.",
    slices: "Each shard's slice.",
    version: "Version of the quota, for --expect-version.",
  },
};

export const DATA_PLANE: readonly Subject[] = [
  CLUSTER,
  SHARD,
  DOMAIN,
  INSTRUCTION,
  SHORTFALL,
  PROVIDER,
  QUOTA,
];
