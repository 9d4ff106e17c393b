// The fleet behind a context. A local fleet's nodes are in its own fleet.yaml, not in the context.
import { dirname, resolve } from "node:path";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { findLocalFleet } from "../files/local-fleet.ts";
import type { Context, Contexts } from "./contexts-file.ts";
import { type EtcdTls, formatEndpoints, localTarget, type NamedFleet, type Setting } from "./target.ts";

/** The fleet of the context called `name` in `file`. Throws CONTEXT_UNKNOWN, CONTEXT_STALE or CONFIG_INVALID. */
export async function contextFleet(
  file: string,
  contexts: Contexts,
  name: string,
  origin: string,
): Promise<NamedFleet> {
  const context = contexts.contexts.get(name);
  if (context === undefined) throw unknown(file, contexts, name, origin);
  const where = `${origin} (${file})`;
  const fleet =
    context.directory === undefined
      ? remoteFleet(file, name, context, where)
      : await localFleet(name, context, context.directory, where);
  const tls = tlsSettings(file, context, where);
  const etcd = context.kind === "etcd" ? etcdTls(file, name, context, tls) : undefined;
  const { readOnly, color, hooks } = context;
  const command = hooks?.beforeChange;
  const others = fleet.settings.filter(({ key }) => !tls.some((own) => own.key === key));
  return {
    ...fleet,
    name,
    settings: [...others, ...tls, ...mannerSettings(context, where)],
    ...(etcd === undefined ? {} : { etcd }),
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(color === undefined ? {} : { color }),
    ...(command === undefined ? {} : { beforeChange: { command, directory: dirname(file) } }),
    ...drillHooks(hooks, dirname(file)),
  };
}

function drillHooks({ kill, start }: Context["hooks"] = {}, directory: string): Pick<NamedFleet, "hooks"> {
  if (kill === undefined && start === undefined) return {};
  return {
    hooks: {
      ...(kill === undefined ? {} : { kill }),
      ...(start === undefined ? {} : { start }),
      directory,
    },
  };
}

/** The settings for how the fleet is treated, as opposed to how it is reached. */
function mannerSettings({ readOnly, color, hooks }: Context, origin: string): Setting[] {
  const values = { readOnly, color, beforeChange: hooks?.beforeChange };
  return (["readOnly", "color", "beforeChange"] as const).flatMap((key) => {
    const value = values[key];
    return value === undefined ? [] : [{ key, value: String(value), origin }];
  });
}

async function localFleet(
  name: string,
  context: Context,
  directory: string,
  origin: string,
): Promise<NamedFleet> {
  const fleet = await findLocalFleet(directory);
  if (fleet !== null) return localTarget(fleet, origin);
  throw new OperatorError("CONTEXT_STALE", {
    what: `context ${name} is a local fleet in ${directory}, and that folder has no fleet.yaml any more`,
    why: `the folder was moved, or removed without fleet destroy (it listened on ${context.endpoints.join(", ")})`,
    next: "use another --context, or give the new folder with --dir",
    exit: Exit.NotFound,
  });
}

function remoteFleet(file: string, name: string, context: Context, origin: string): NamedFleet {
  if (context.endpoints.length === 0) {
    throw new OperatorError("CONFIG_INVALID", {
      what: `context ${name} has neither endpoints nor a directory`,
      next: `correct contexts.${name} in ${file}`,
      exit: Exit.NotFound,
    });
  }
  const endpoints = context.endpoints.map((address) => ({ address }));
  return {
    name,
    endpoints,
    origin,
    settings: [{ key: "endpoints", value: formatEndpoints(endpoints), origin }],
  };
}

/**
 * The context's own files take precedence over the administrator's of its local fleet. Paths are relative to
 * the file's folder.
 */
function tlsSettings(file: string, context: Context, origin: string): Setting[] {
  const { tls } = context;
  if (tls === undefined) return [];
  const base = dirname(file);
  return (["ca", "cert", "key"] as const).flatMap((key) => {
    const path = tls[key];
    return path === undefined ? [] : [{ key, value: resolve(base, path), origin }];
  });
}

/** Plaintext is never what is left when nothing was said. */
function etcdTls(file: string, name: string, context: Context, tls: readonly Setting[]): EtcdTls {
  const [ca, cert, key] = ["ca", "cert", "key"].map((key) => tls.find((own) => own.key === key)?.value);
  if (ca !== undefined && context.plaintext !== true) {
    return { ca, ...(cert === undefined || key === undefined ? {} : { cert, key }) };
  }
  if (ca === undefined && context.plaintext === true) return "plaintext";
  throw new OperatorError("CONFIG_INVALID", {
    what: `context ${name} ${ca === undefined ? "says neither tls nor plaintext: true" : "says both tls and plaintext: true"}`,
    why: "an etcd cluster is reached in plaintext only when its context says so",
    next: `correct contexts.${name} in ${file}`,
    exit: Exit.NotFound,
  });
}

function unknown(file: string, contexts: Contexts, name: string, origin: string): OperatorError {
  const known = [...contexts.contexts.keys()].sort().join(", ");
  return new OperatorError("CONTEXT_UNKNOWN", {
    what: `there is no context called ${name}`,
    why: `${origin} names it, and ${file} has ${known === "" ? "none" : known}`,
    next: "see the contexts with: fleet context list",
    exit: Exit.NotFound,
  });
}
