// The fleet behind a context. For a local fleet its own fleet.yaml says where the nodes are, not the context.
import { dirname, resolve } from "node:path";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { findLocalFleet } from "../local/local-fleet.ts";
import type { Context, Contexts } from "./contexts-file.ts";
import { formatEndpoints, localTarget, type Setting, type Target } from "./target.ts";

/** The target of the context called `name` in `file`. Throws CONTEXT_UNKNOWN, CONTEXT_STALE or CONFIG_INVALID. */
export async function contextTarget(
  file: string,
  contexts: Contexts,
  name: string,
  origin: string,
): Promise<Target> {
  const context = contexts.contexts.get(name);
  if (context === undefined) throw unknown(file, contexts, name, origin);
  const where = `${origin} in ${file}`;
  const base =
    context.directory === undefined
      ? remoteTarget(file, name, context, where)
      : await localContextTarget(name, context, context.directory, where);
  return {
    ...withTls(base, file, context, where),
    name,
    ...(context.readOnly === undefined ? {} : { readOnly: context.readOnly }),
  };
}

async function localContextTarget(
  name: string,
  context: Context,
  directory: string,
  origin: string,
): Promise<Target> {
  const fleet = await findLocalFleet(directory);
  if (fleet !== null) return localTarget(fleet, origin);
  throw new OperatorError("CONTEXT_STALE", {
    what: `context ${name} is a local fleet in ${directory}, and that folder has no fleet.yaml any more`,
    why: `it was moved or removed without fleet destroy (it listened on ${context.endpoints.join(", ")})`,
    next: "name another with --context, or give its new folder with --dir",
    exit: Exit.NotFound,
  });
}

function remoteTarget(file: string, name: string, context: Context, origin: string): Target {
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
    tls: "insecure-loopback",
    origin,
    settings: [{ key: "endpoints", value: formatEndpoints(endpoints), origin }],
  };
}
