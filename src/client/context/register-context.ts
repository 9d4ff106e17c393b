// The contexts of local fleets: `fleet init` adds one for its fleet, `fleet destroy` removes it. What must
// stay true: another fleet's context is never overwritten, unless its folder is gone.
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import { ADMIN, holderTls } from "../files/layout.ts";
import { findLocalFleet, type LocalFleet } from "../files/local-fleet.ts";
import { requireWritable } from "../files/writable.ts";
import type { SupervisorDeps } from "../processes/supervisor.ts";
import { type Context, type Contexts, changeContexts, loadContexts } from "./contexts-file.ts";

export interface Registered {
  /** The context's name. */
  readonly name: string;
  readonly notes: readonly string[];
}

export interface RegisterOptions {
  /** A new fleet becomes the current context, as with kind and minikube; a restarted one does not. */
  readonly isNew: boolean;
  readonly lockDeps: SupervisorDeps;
}

/** Throws CONTEXTS_NOT_WRITABLE if this user cannot write the file. It makes nothing. */
export async function requireContexts(file: string): Promise<void> {
  await requireWritable(dirname(file)).catch((cause) => {
    throw new OperatorError("CONTEXTS_NOT_WRITABLE", {
      what: `the contexts cannot be written to ${file}; nothing was changed`,
      why: messageOf(cause),
      next: "set HOME to a folder that you can write to, or XDG_CONFIG_HOME (contexts) and XDG_STATE_HOME (ports)",
      exit: Exit.Precondition,
      cause,
    });
  });
}

/** Adds a context for `fleet` to `file`, or brings its context up to date. */
export async function registerContext(
  file: string,
  fleet: LocalFleet,
  options: RegisterOptions,
): Promise<Registered> {
  return changeContexts(file, options.lockDeps, async (contexts) => {
    const name = await chooseName(contexts, fleet);
    const context = { ...contexts.contexts.get(name), ...contextOf(fleet) };
    const current = options.isNew || contexts.current === null ? name : contexts.current;
    const isSame = current === contexts.current && isDeepStrictEqual(contexts.contexts.get(name), context);
    const notes = [
      ...(name === fleet.file.name
        ? []
        : [`the context is called ${name}, because another fleet's context is called ${fleet.file.name}`]),
      ...(contexts.current === null || current === contexts.current
        ? []
        : [`the current context was ${contexts.current} and is now ${current}`]),
    ];
    return { name, notes, change: isSame ? null : { current, set: { [name]: context } } };
  });
}

/** Removes every context of the local fleet in `directory`; returns their names. Without one, nothing is written. */
export async function unregisterContexts(
  file: string,
  directory: string,
  lockDeps: SupervisorDeps,
): Promise<readonly string[]> {
  const known = [...(await loadContexts(file)).contexts.values()];
  if (known.every((context) => context.directory !== directory)) return [];
  const { removed } = await changeContexts(file, lockDeps, (contexts) => {
    const removed = [...contexts.contexts].flatMap(([name, context]) =>
      context.directory === directory ? [name] : [],
    );
    if (removed.length === 0) return { removed, change: null };
    const set = Object.fromEntries(removed.map((name) => [name, null]));
    const isCurrent = contexts.current !== null && removed.includes(contexts.current);
    return { removed, change: isCurrent ? { current: null, set } : { set } };
  });
  return removed;
}

/** The name of the fleet's existing context, or its own name with the first free number. */
async function chooseName(contexts: Contexts, fleet: LocalFleet): Promise<string> {
  for (const [name, context] of contexts.contexts) {
    if (context.directory === fleet.directory) return name;
  }
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? fleet.file.name : `${fleet.file.name}-${number}`;
    const holder = contexts.contexts.get(name);
    if (holder === undefined || (await isGone(holder))) return name;
  }
}

async function isGone(context: Context): Promise<boolean> {
  return context.directory !== undefined && (await findLocalFleet(context.directory)) === null;
}

function contextOf(fleet: LocalFleet): Context {
  return {
    endpoints: fleet.file.nodes.map((node) => node.address),
    tls: holderTls(fleet.directory, ADMIN),
    directory: fleet.directory,
  };
}
