// contexts.yaml in the user's config folder (XDG): the fleets that this user knows, and which one is current.
// Edits keep the user's comments, order and unknown fields; the file is replaced whole or not at all. Absent:
// which context applies (resolve-target.ts).
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { Document, isMap, parseDocument } from "yaml";
import { createDirectoryDurably, writeFileDurably } from "../../core/base/durable-file.ts";
import { isErrno } from "../../core/base/system-error.ts";
import type { EtcdTlsFiles } from "../../core/wire/etcd/etcd-channel.ts";
import type { TlsFiles } from "../../core/wire/tls/tls.ts";
import { ConfigReader } from "../files/config-reader.ts";
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
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return "";
    throw error;
  }
}

function parseContexts(path: string, text: string): Contexts {
  if (text.trim() === "") return { current: null, contexts: new Map() };
  const root = ConfigReader.parse(path, text);
  const entries = root.field("contexts").optional((contexts) => contexts.entries()) ?? [];
  return {
    current: root.field("current").optional((current) => current.string()) ?? null,
    contexts: new Map(entries.map(([name, entry]) => [name, parseContext(entry)])),
  };
}

function parseContext(entry: ConfigReader): Context {
  const isEtcd = entry.field("kind").optional((value) => value.oneOf(CONTEXT_KINDS)) === "etcd";
  const tls = entry.field("tls").optional(isEtcd ? parseEtcdTls : parseTls);
  const plaintext = isEtcd ? entry.field("plaintext").optional((value) => value.boolean()) : undefined;
  const directory = entry.field("directory").optional((value) => value.string());
  const readOnly = entry.field("readOnly").optional((value) => value.boolean());
  const color = entry.field("color").optional((value) => value.oneOf(CONTEXT_COLORS));
  const hooks = entry.field("hooks").optional(parseHooks);
  return {
    ...(isEtcd ? { kind: "etcd" } : {}),
    endpoints: entry.field("endpoints").optional(parseAddresses) ?? [],
    ...(tls === undefined ? {} : { tls }),
    ...(plaintext === undefined ? {} : { plaintext }),
    ...(directory === undefined ? {} : { directory }),
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(color === undefined ? {} : { color }),
    ...(hooks === undefined ? {} : { hooks }),
  };
}

function parseHooks(hooks: ConfigReader): ContextHooks {
  const read = (name: keyof ContextHooks) => {
    const command = hooks.field(name).optional((value) => value.string());
    return command === undefined ? {} : { [name]: command };
  };
  return { ...read("beforeChange"), ...read("kill"), ...read("start") };
}

function parseAddresses(list: ConfigReader): string[] {
  return list.items().map((item) => item.address());
}

function parseTls(files: ConfigReader): TlsFiles {
  return {
    ca: files.field("ca").string(),
    cert: files.field("cert").string(),
    key: files.field("key").string(),
  };
}

/** The certificate and its key come together, or not at all. */
function parseEtcdTls(files: ConfigReader): EtcdTlsFiles {
  const ca = files.field("ca").string();
  const cert = files.field("cert").optional((value) => value.string());
  if (cert === undefined && files.field("key").optional((value) => value.string()) === undefined) {
    return { ca };
  }
  return { ca, cert: files.field("cert").string(), key: files.field("key").string() };
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
