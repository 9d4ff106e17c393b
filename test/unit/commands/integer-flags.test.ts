// Every whole number that a command takes, and the field that it goes into. What the field cannot hold is wrong
// usage, and never an error of the codec behind it.

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "@oclif/core/command";
import { describe, expect, test } from "vitest";
import { MEMBER_NUMBER_MAX } from "../../../src/core/base/ids.ts";
import { RangeRequest, WatchCreateRequest } from "../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import {
  AssignDomain,
  PlanPreconditions,
  PlanStrategy,
  Provider,
  Quota,
  SetFeatureGate,
  SetKeyRetention,
} from "../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  ChangeMembershipRequest,
  ListRequest,
  Shortfall,
  WatchRequest,
} from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { RaftFrame } from "../../../src/core/wire/gen/fleet/v1/raft.ts";
import { run } from "./harness.ts";

const COMMANDS = fileURLToPath(new URL("../../../src/commands", import.meta.url));
const UINT32 = 2 ** 32 - 1;
const SAFE = Number.MAX_SAFE_INTEGER;

/** Writes the number into its field; throws when it does not fit. */
type Field = (number: number) => Uint8Array;

const keyRevisions: Field = (n) => SetKeyRetention.encode({ windowMs: 0, revisionsMax: n }).finish();
const pageSize: Field = (n) => ListRequest.encode(ListRequest.fromPartial({ pageSize: n })).finish();
const afterIndex: Field = (n) =>
  ListRequest.encode(ListRequest.fromPartial({ filter: { afterIndex: n } })).finish();
const afterRevision: Field = (n) =>
  WatchRequest.encode(WatchRequest.fromPartial({ afterRevision: n })).finish();
const version: Field = (n) =>
  Uint8Array.of(
    ...AssignDomain.encode(AssignDomain.fromPartial({ expectedVersion: n })).finish(),
    ...SetFeatureGate.encode(SetFeatureGate.fromPartial({ expectedVersion: n })).finish(),
  );
const configurationIndex: Field = (n) =>
  ChangeMembershipRequest.encode(
    ChangeMembershipRequest.fromPartial({ expectedConfigurationIndex: n }),
  ).finish();
const ageCycles: Field = (n) => Shortfall.encode(Shortfall.fromPartial({ ageCycles: n })).finish();
const node: Field = (n) => RaftFrame.encode(RaftFrame.fromPartial({ from: n })).finish();
const declaredQuota: Field = (n) => Provider.encode(Provider.fromPartial({ declaredQuota: n })).finish();
const quotaLimit: Field = (n) => Quota.encode(Quota.fromPartial({ limit: n })).finish();
const strategy =
  (name: "canary" | "wave" | "maxUnavailable" | "throttleLag"): Field =>
  (n) =>
    PlanStrategy.encode(PlanStrategy.fromPartial({ [name]: n })).finish();
const conditions =
  (name: "quorumMargin" | "lagMax"): Field =>
  (n) =>
    PlanPreconditions.encode(PlanPreconditions.fromPartial({ [name]: n })).finish();
const keyLimit: Field = (n) => RangeRequest.encode(RangeRequest.fromPartial({ limit: n })).finish();
const keyRevision: Field = (n) =>
  Uint8Array.of(
    ...RangeRequest.encode(RangeRequest.fromPartial({ revision: n })).finish(),
    ...WatchCreateRequest.encode(WatchCreateRequest.fromPartial({ startRevision: n })).finish(),
  );
/** It travels nowhere. */
const none: Field = () => new Uint8Array();

/** By flag; of several commands when it means the same in all of them. `max` is the largest that is taken. */
const TABLE: Readonly<Record<string, { readonly max: number; readonly field: Field }>> = {
  "--limit": { max: UINT32, field: pageSize },
  "--expect-version": { max: SAFE, field: version },
  "--expect-index": { max: SAFE, field: configurationIndex },
  "audit list --tail": { max: UINT32, field: pageSize },
  "audit list --after": { max: SAFE, field: afterIndex },
  "watch --after": { max: SAFE, field: afterRevision },
  "kv get --limit": { max: SAFE, field: keyLimit },
  "--rev": { max: SAFE, field: keyRevision },
  "kv watch --count": { max: SAFE, field: none },
  "kv retention set --revisions": { max: SAFE, field: keyRevisions },
  "quota set --limit": { max: SAFE, field: quotaLimit },
  "provider set --declared-quota": { max: SAFE, field: declaredQuota },
  "--rate": { max: 2_000, field: none },
  "--runs": { max: 1_000, field: none },
  "member add --id": { max: 65_535, field: node },
  "serve coordinator --id": { max: MEMBER_NUMBER_MAX, field: node },
  "serve coordinator --groups": { max: 2_048, field: none },
  "serve coordinator --snapshot-every": { max: SAFE, field: none },
  "serve coordinator --snapshot-keep": { max: SAFE, field: none },
  "serve coordinator --first-contacts-max": { max: 1_000_000, field: none },
  "serve coordinator --audit-export-every": { max: 10_000, field: none },
  "serve shard --reclaim-percent": { max: 100, field: none },
  "rebalance plan --max-moves": { max: 10_000, field: none },
  "rebalance plan --min-age-cycles": { max: UINT32, field: ageCycles },
  "rebalance plan --cooldown-cycles": { max: UINT32, field: ageCycles },
  "--max-parallel": { max: 100_000, field: none },
  "--canary": { max: 50_000, field: strategy("canary") },
  "--wave": { max: 50_000, field: strategy("wave") },
  "--max-unavailable": { max: 50_000, field: strategy("maxUnavailable") },
  "--throttle-lag": { max: UINT32, field: strategy("throttleLag") },
  "--quorum-margin": { max: 100, field: conditions("quorumMargin") },
  "--lag-max": { max: UINT32, field: conditions("lagMax") },
  "bundle --tail": { max: 100_000, field: none },
  "events --tail": { max: 10_000, field: none },
  "logs --tail": { max: 100_000, field: none },
  "cert issue --id": { max: 65_535, field: none },
  "cert issue --days": { max: 36_500, field: none },
  "drill kill-leader --rate": { max: 2_000, field: none },
  "drill kill-leader --runs": { max: 1_000, field: none },
  "check perf --clients": { max: 1_000, field: none },
  "check perf --min-rate": { max: 1_000_000, field: none },
  "init --shards": { max: 64, field: none },
  "init --clusters": { max: 5_000, field: none },
  "lab --shards": { max: 1_000, field: none },
  "lab --clusters": { max: 100_000, field: none },
  "lab --domains": { max: 1_000_000, field: none },
  "lab --shortfalls": { max: 100_000, field: none },
  "lab --rate": { max: 1_000, field: none },
};

interface IntegerFlag {
  /** As typed: "audit list --tail". */
  readonly name: string;
  readonly read: (text: string) => Promise<unknown>;
}

/** Those flags of the command that take a whole number. */
async function integerFlags(path: string): Promise<IntegerFlag[]> {
  const { default: command }: { default: typeof Command } = await import(`${COMMANDS}/${path}`);
  const words = path.replace(/(\/index)?\.ts$/, "").replaceAll("/", " ");
  const found = await Promise.all(
    Object.entries(command.flags ?? {}).map(async ([flag, definition]): Promise<IntegerFlag[]> => {
      if (definition.type !== "option") return [];
      const read = async (text: string) => definition.parse(text, {} as never, definition as never);
      // No flag of ours is narrower than this, and what else a flag may be is not read as a number.
      const isInteger = typeof (await read("50").catch(() => null)) === "number";
      return isInteger ? [{ name: `${words} --${flag}`, read }] : [];
    }),
  );
  return found.flat();
}

const paths = readdirSync(COMMANDS, { recursive: true, encoding: "utf8" }).filter((path) =>
  path.endsWith(".ts"),
);
const flags = (await Promise.all(paths.map(integerFlags))).flat();
const rowNameOf = ({ name }: IntegerFlag) => (name in TABLE ? name : name.replace(/^.*(?=--)/, ""));

test("every flag that takes a whole number is in the table, and nothing else", () => {
  expect([...new Set(flags.map(rowNameOf))].sort()).toEqual(Object.keys(TABLE).sort());
});

describe.each(flags)("$name", (flag) => {
  const row = TABLE[rowNameOf(flag)] ?? { max: Number.NaN, field: none };

  test("takes what its field can hold", async () => {
    expect(await flag.read(String(row.max))).toBe(row.max);
    expect(() => row.field(row.max)).not.toThrow();
  });

  test("refuses more", async () => {
    await expect(flag.read(String(BigInt(row.max) + 1n))).rejects.toThrow(/less than or equal to/);
    await expect(flag.read("9".repeat(400))).rejects.toThrow(/less than or equal to/);
  });

  test("refuses less than nothing", async () => {
    await expect(flag.read("-1")).rejects.toThrow(/greater than or equal to/);
  });
});

test("a limit that no list has is wrong usage", async () => {
  const { default: ShardList } = await import("../../../src/commands/shard/list.ts");
  const { exit, stdout } = await run(ShardList, "shard:list", ["--limit", String(UINT32 + 1), "--json"]);
  expect({ exit, ...JSON.parse(stdout).error }).toMatchObject({
    ...{ exit: 2, code: "FLEET_E_USAGE" },
    what: expect.stringContaining("less than or equal to 4294967295"),
  });
});
