// Makes an audit entry's line, and the words for an operation's effects, from facts when they are read. These
// words may change with any build: no state stores them (ADR-0015). Code that applies entries must not import
// this.

import { exactDuration } from "../../base/duration.ts";
import { retentionWords } from "../../base/retention-rule.ts";
import type { Applied, AuditEntry } from "../../wire/gen/fleet/v1/command.ts";

type Metadata = Readonly<Record<string, string>>;
type Words = (facts: Metadata) => string;

/** If there are more domains, only this many are stored by name (apply-held-domains.ts). */
const DOMAINS_NAMED = 5;

const OPERATIONS: Readonly<Record<string, Words>> = {
  registerShard: ({ shard, address, epoch }) => `register shard ${shard} at ${address} in epoch ${epoch}`,
  bindCluster: ({ cluster, shard }) => `bind cluster ${cluster} to shard ${shard}`,
  unbindCluster: ({ cluster, force }) => `unbind cluster ${cluster}${byForce(force)}`,
  beginRebind: ({ migration_id, cluster, from_shard, to_shard, supersedes }) => {
    const instead = supersedes === undefined ? "" : ` in place of ${supersedes}`;
    return `begin migration ${migration_id} of cluster ${cluster} from shard ${from_shard} to shard ${to_shard}${instead}`;
  },
  settleRebind: ({ migration_id, cluster }) => `settle migration ${migration_id} of cluster ${cluster}`,
  assignDomain: ({ key, value, shard }) => `assign domain ${key}=${value} to shard ${shard}`,
  unassignDomain: ({ key, value }) => `unassign domain ${key}=${value}`,
  noteDrill: ({ drill, victims }) => `begin drill ${drill}${victims === "" ? "" : ` at ${victims}`}`,
  setKeyRetention: ({ window_ms, revisions_max }) =>
    `keep the history of keys ${retentionWords({ windowMs: Number(window_ms), revisionsMax: Number(revisions_max) }, exactDuration)}`,
  createGroup: ({ group, kind }) => `create group ${group} of kind ${kind}`,
  foundGroups: ({ groups, kind }) =>
    `list ${groups} groups of kind ${kind} that were bootstrapped with the fleet`,
  foundMembers: ({ names }) => `bootstrap the fleet with ${names}`,
  upsertMember: ({ name, node, address, wanted }) =>
    `want node ${name} (${node}) at ${address} as a ${wanted}`,
  removeMember: ({ node }) => `remove node ${node}`,
  recoverFleet: ({ node, former_cluster, new_cluster, committed, last }) => {
    const taken =
      Number(last) > Number(committed)
        ? `, entries ${Number(committed) + 1} to ${last} taken as committed`
        : "";
    return `recover from node ${node} as ${new_cluster}, formerly ${former_cluster}, after entry ${last}${taken}`;
  },
  adoptShard: ({ shard, given_up, given_up_term }) => {
    const other = given_up === "" ? "an unknown incarnation" : given_up;
    return `let shard ${shard} obey this fleet instead of ${other}, term ${given_up_term}`;
  },
  noteRebuild: ({ node }) => `rebuild node ${node} from the leader's state`,
  noteFence: ({ node }) => `fence node ${node}`,
  noteLogLevel: ({ node, level }) => `let node ${node} log from level ${level} on`,
  forgetShard: ({ shard }) => `forget shard ${shard}`,
  labelCluster: ({ cluster, labels }) => `label cluster ${cluster} ${labels}`,
  labelShard: ({ shard, labels }) => `label shard ${shard} ${labels}`,
  noteKeyRotation: ({ node }) => `rotate the data key of node ${node}`,
  revokeCertificate: ({ subject, holder }) => {
    if (isIdentity(subject)) return `revoke earlier certificates of ${subject}`;
    return `revoke certificate ${subject}${holder === undefined ? "" : ` of ${holder}`}`;
  },
  unrevokeCertificate: ({ subject }) => `unrevoke ${subject}`,
  keepRevocations: ({ revocations, subjects }) =>
    `keep ${revocations} revocations that the copy lacked: ${subjects}`,
  noteTransfer: ({ from_node, to_node }) => `hand leadership from ${from_node} to ${to_node}`,
  drainShard: ({ shard }) => `drain shard ${shard}`,
  activateShard: ({ shard }) => `activate shard ${shard}`,
  removeShard: ({ shard, force }) => `remove shard ${shard}${byForce(force)}`,
  moveDomains: ({ moves, targets, more_targets }) =>
    `move ${moves} domains to ${targets}${more_targets === undefined ? "" : " and others"}`,
  reconcileDomains: ({ shard }) => `reconcile the domains of shard ${shard}`,
  upsertProvider: ({ provider, address, declared }) =>
    `set provider ${provider} at ${address} with ${declared} in all`,
  removeProvider: ({ provider }) => `remove provider ${provider}`,
  setQuota: ({ provider, region, limit, slices }) =>
    `set quota ${provider}/${region} to ${limit} in ${slices} slices`,
  removeQuota: ({ provider, region }) => `remove quota ${provider}/${region}`,
  setFeatureGate: ({ gate, enabled }) => `turn feature gate ${gate} ${enabled === "true" ? "on" : "off"}`,
  setRole: ({ role, allows }) => `let role ${role} ${allows}`,
  deleteRole: ({ role }) => `delete role ${role}`,
  grantRole: ({ role, operator }) => `grant role ${role} to operator ${operator}`,
  revokeRole: ({ role, operator }) => `revoke role ${role} from operator ${operator}`,
  createPlan: ({ plan, steps }) => `create plan ${plan} of ${steps} steps`,
  takePlan: ({ plan, runner, roll_back }) =>
    `${roll_back === undefined ? "run" : "roll back"} plan ${plan} from ${runner}`,
  pausePlan: ({ plan, cause }) => `pause plan ${plan}${cause === undefined ? "" : ` (${cause})`}`,
  endPlan: ({ plan, state }) => `end plan ${plan} as ${state}`,
  advanceStep: ({ plan, cluster, step, from_shard, to_shard, failure }) => {
    const route = from_shard === undefined ? "" : ` from shard ${from_shard} to shard ${to_shard}`;
    const why = failure === undefined ? "" : ` (${failure})`;
    return `step of plan ${plan}: cluster ${cluster} ${step}${route}${why}`;
  },
  raiseClusterVersion: ({ version }) => `raise the cluster version to ${version}`,
};

/** The entry with its line. One from cluster version 1 has it already. */
export function renderAuditEntry(entry: Readonly<AuditEntry>): AuditEntry {
  if (entry.what !== "") return entry;
  const { operation, metadata } = entry;
  const effects = renderEffects(metadata);
  const what = Object.hasOwn(OPERATIONS, operation)
    ? (OPERATIONS[operation]?.(metadata) ?? operation)
    : operation;
  return { ...entry, what: effects === "" ? what : `${what}, which ${effects}` };
}

/** The outcome with its effects in words. One that was stored under cluster version 1 has them already. */
export function renderApplied(applied: Applied): Applied {
  if (applied.summary !== "" || Object.keys(applied.metadata).length === 0) return applied;
  return { ...applied, summary: renderEffects(applied.metadata) };
}

const isIdentity = (subject: string | undefined) => subject?.startsWith("fleet://") === true;

function byForce(force: string | undefined): string {
  return force === undefined ? "" : " by force";
}

// From the facts alone: a repeated write gets its first outcome, whatever it asks for now.
function renderEffects(facts: Metadata): string {
  if (facts["released"] !== undefined || facts["given"] !== undefined) return reconciledInWords(facts);
  if (facts["clusters"] !== undefined) return `drops ${renderRemainder(facts)}`;
  return facts["from"] === undefined ? "" : lossInWords(facts);
}

/** "3 cluster bindings, 1 domain" */
export function renderRemainder(counts: Metadata): string {
  const parts = [
    counted(counts["clusters"], "cluster binding", "cluster bindings"),
    counted(counts["leaving"], "migration away", "migrations away"),
    counted(counts["domains"], "domain", "domains"),
    counted(counts["quotas"], "quota slice", "quota slices"),
    counted(counts["instructions"], "pending instruction", "pending instructions"),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function counted(count: string | undefined, one: string, many: string): string {
  if (count === undefined || count === "0") return "";
  return `${count} ${count === "1" ? one : many}`;
}

function lossInWords({ from, ended_migration, ended_from }: Metadata): string {
  const taken = `takes it from shard ${from}`;
  if (ended_migration === undefined) return taken;
  return `${taken} and ends migration ${ended_migration} from shard ${ended_from}`;
}

function reconciledInWords({ released, released_names, given, given_names }: Metadata): string {
  const parts = [
    ...(released === undefined ? [] : [`tells it to release ${listed(released, released_names)}`]),
    ...(given === undefined ? [] : [`tells it again to take ${listed(given, given_names)}`]),
  ];
  return parts.join(" and ");
}

function listed(count: string, names = ""): string {
  const others = Number(count) - DOMAINS_NAMED;
  return others > 0 ? `${names} and ${others} more` : names;
}
