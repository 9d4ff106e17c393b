// Which arguments and flags are the name of something in a fleet, and of what. Arguments and flags have the same meaning in
// every command, except those in OWN.

import type { NameKind } from "../../../client/completion/names.ts";

/** "files": a path. "list": several names with commas between them. */
export interface Wanted {
  readonly kind: NameKind | "files";
  readonly list?: boolean;
}

const SHARDS: Wanted = { kind: "shard", list: true };
const FILES: Wanted = { kind: "files" };

/** By argument. */
const ARGUMENTS: Readonly<Record<string, Wanted>> = {
  shard: { kind: "shard" },
  cluster: { kind: "cluster" },
  node: { kind: "node" },
  old: { kind: "node" },
  provider: { kind: "provider" },
  role: { kind: "role" },
  gate: { kind: "gate" },
  plan: { kind: "plan" },
  file: FILES,
  folder: FILES,
  path: FILES,
  snapshot: FILES,
  before: FILES,
  after: FILES,
};

/** By flag without its dashes. */
const FLAGS: Readonly<Record<string, Wanted>> = {
  context: { kind: "context" },
  shard: { kind: "shard" },
  cluster: { kind: "cluster" },
  node: { kind: "node" },
  provider: { kind: "provider" },
  to: SHARDS,
  from: FILES,
  ...Object.fromEntries(
    [
      ...["dir", "ca", "cert", "key", "archive", "file", "junit", "html", "report", "history", "edn", "out"],
      ...["record", "replay", "data", "encryption-key-file", "compare", "agent-ca", "shard-ca", "peer-ca"],
      ...["operator-ca", "machines", "revocations-from", "snapshot-to"],
    ].map((name) => [name, FILES] as const),
  ),
};

/** By command, for what has another meaning there: ARGUMENT, or --FLAG; null = no name that is known. */
const OWN: Readonly<Record<string, Wanted | null>> = {
  "context:delete name": { kind: "context" },
  "context:set name": { kind: "context" },
  "context:use name": { kind: "context" },
  "drill:run name": { kind: "drill" },
  "kv:copy from": { kind: "context" },
  "kv:copy to": { kind: "context" },
  "leader:transfer --to": { kind: "node" },
  "cluster:bind --to": { kind: "shard" },
  "domain:assign --to": { kind: "shard" },
  "rebind --to": { kind: "shard" },
  "shard:activate shard": { kind: "any-shard" },
  "shard:forget shard": { kind: "any-shard" },
  "rebind:plan --from": { kind: "shard" },
  "member:promote --name": { kind: "node" },
  "member:remove --name": { kind: "node" },
  "role:grant --to": null,
  "snapshot:save --to": FILES,
  "member:add node": null,
  "shard:adopt shard": null,
};

/** What an argument of a command names; null: nothing that is known. `command` is its id. */
export const wantedByArgument = (command: string, name: string): Wanted | null =>
  lookUp(`${command} ${name}`, ARGUMENTS[name]);

/** The same for a flag's value. */
export const wantedByFlag = (command: string, name: string): Wanted | null =>
  lookUp(`${command} --${name}`, FLAGS[name]);

function lookUp(own: string, common: Wanted | undefined): Wanted | null {
  const found = OWN[own];
  return found === undefined ? (common ?? null) : found;
}
