// contexts.yaml in the user's config folder (XDG): the fleets that this user knows, and which one is current.
// Edits keep the user's comments, order and unknown fields; the file is replaced whole or not at all. Absent:
// which context applies (resolve-target.ts).
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { Document, isMap, parseDocument } from "yaml";
import { createDirectoryDurably, writeFileDurably } from "../../core/base/durable-file.ts";
import {
  address,
  entries,
  type Found,
  fieldOf,
  fields,
  flag,
  list,
  oneOf,
  optional,
  text,
  withDefault,
} from "../../core/base/read-value.ts";
import { ifNoPath } from "../../core/base/system-error.ts";
import type { EtcdTlsFiles } from "../../core/wire/etcd/etcd-channel.ts";
import type { TlsFiles } from "../../core/wire/tls/tls.ts";
import { readOwnConfig } from "../files/entry-fields.ts";
import { withLock } from "../processes/lock.ts";
import type { SupervisorDeps } from "../processes/supervisor.ts";
import { CONTEXT_COLORS, type ContextColor } from "./target.ts";

interface ContextHooks {
  readonly beforeChange?: string;
  /** Commands that end and start the process of the node FLEET_HOOK_NODE, for drills. */
  readonly kill?: string;
  readonly start?: string;
}

const CONTEXT_KINDS = ["fleet", "etcd"] as const;

export interface Context {
  /** A plain etcd cluster; absent: a fleet. */
  readonly kind?: "etcd";
  readonly endpoints: readonly string[];
  /** A fleet's files are complete; an etcd cluster may ask for no client certificate. */
  readonly tls?: TlsFiles | EtcdTlsFiles;
  /** An etcd cluster without TLS. */
  readonly plaintext?: boolean;
  /** The folder of a local fleet; its fleet.yaml then says where the nodes are. */
  readonly directory?: string;
  readonly readOnly?: boolean;
  readonly color?: ContextColor;
  readonly hooks?: ContextHooks;
}

export interface Contexts {
  readonly current: string | null;
  readonly contexts: ReadonlyMap<string, Context>;
}

/** A change of the file: each entry sets a context, or removes it when null. */
export interface ContextsChange {
  readonly current?: string | null;
  readonly set: Readonly<Record<string, Context | null>>;
}

/**
 * The path of contexts.yaml: in XDG_CONFIG_HOME, which counts only when absolute (XDG base directories), or
 * in ~/.config.
 */
export function contextsFilePath(env: NodeJS.ProcessEnv): string {
  const configured = env["XDG_CONFIG_HOME"] ?? "";
  const base = isAbsolute(configured) ? configured : join(env["HOME"] || homedir(), ".config");
  return join(base, "fleet", "contexts.yaml");
}

/** Reads the file; an absent one contains no contexts. Throws CONFIG_INVALID. */
export async function loadContexts(path: string): Promise<Contexts> {
  return parseContexts(path, await readText(path));
}

/** Changes the file as `decide` says after reading it; only one process does this at a time. */
export async function changeContexts<Decision extends { readonly change: ContextsChange | null }>(
  path: string,
  deps: SupervisorDeps,
  decide: (contexts: Contexts) => Decision | Promise<Decision>,
): Promise<Decision> {
  await createDirectoryDurably(dirname(path));
  return withLock(`${path}.lock`, deps, async () => {
    const text = await readText(path);
    const decision = await decide(parseContexts(path, text));
    if (decision.change !== null) await writeFileDurably(path, Buffer.from(edit(text, decision.change)));
    return decision;
  });
}

async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch(ifNoPath(""));
}

const TLS = fields({ ca: text, cert: text, key: text });
const HOOKS = fields({ beforeChange: optional(text), kill: optional(text), start: optional(text) });
const COMMON = {
  endpoints: withDefault(list(address), []),
  directory: optional(text),
  readOnly: optional(flag),
  color: optional(oneOf(...CONTEXT_COLORS)),
  hooks: optional(HOOKS),
};
const FLEET = fields({ ...COMMON, tls: optional(TLS) });
const ETCD = fields({
  kind: oneOf("etcd"),
  ...COMMON,
  tls: optional(etcdTls),
  plaintext: optional(flag),
});
const FILE = fields({ current: optional(text), contexts: withDefault(entries(context), []) });

function parseContexts(path: string, contents: string): Contexts {
  if (contents.trim() === "") return { current: null, contexts: new Map() };
  const read = readOwnConfig(path, contents, FILE);
  return { current: read.current ?? null, contexts: new Map(read.contexts) };
}

function context(found: Found): Context {
  return optional(oneOf(...CONTEXT_KINDS))(fieldOf(found, "kind")) === "etcd" ? ETCD(found) : FLEET(found);
}

/** The certificate and its key come together, or not at all. */
function etcdTls(found: Found): EtcdTlsFiles {
  const { ca, cert, key } = fields({ ca: text, cert: optional(text), key: optional(text) })(found);
  return cert === undefined && key === undefined ? { ca } : TLS(found);
}

function edit(text: string, change: ContextsChange): string {
  const document = text.trim() === "" ? new Document({ contexts: {} }) : parseDocument(text);
  if (change.current !== undefined) {
    if (change.current === null) document.delete("current");
    else document.set("current", change.current);
  }
  // An empty map is written as {}, and additions to it would all be on that line.
  const contexts = document.get("contexts");
  if (isMap(contexts) && contexts.items.length === 0) contexts.flow = false;
  for (const [name, context] of Object.entries(change.set)) {
    if (context === null) document.deleteIn(["contexts", name]);
    else document.setIn(["contexts", name], context);
  }
  return document.toString();
}
