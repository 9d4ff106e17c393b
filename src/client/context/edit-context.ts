// Contexts that an operator adds, changes and deletes. Pure: what the file should have instead. What must stay true: `add`
// never replaces a context, and what was not named stays as it is.
import { resolve } from "node:path";
import { isAddress } from "../../core/base/address.ts";
import { Exit, OperatorError, usage } from "../../core/base/errors.ts";
import { isName, NAME_RULE, shownName } from "../../core/base/ids.ts";
import { quoted } from "../../core/base/printable.ts";
import type { Context, Contexts, ContextsChange } from "./contexts-file.ts";
import type { ContextColor } from "./target.ts";

/** Undefined: as it is. */
export interface ContextFields {
  readonly endpoints?: string | undefined;
  readonly dir?: string | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly readOnly?: boolean | undefined;
  readonly color?: ContextColor | undefined;
  readonly beforeChange?: string | undefined;
}

/** A fleet, or a plain etcd cluster. */
export interface NewContext extends ContextFields {
  readonly etcd?: string | undefined;
  /** The etcd cluster has no TLS. */
  readonly plaintext?: boolean | undefined;
}

interface Edit {
  readonly name: string;
  readonly context: Context;
  readonly change: ContextsChange;
}

/** The first fleet's context becomes the current one. Throws CONTEXT_EXISTS, USAGE or TLS_MISSING. */
export function addContext(contexts: Contexts, name: string, fields: NewContext, cwd: string): Edit {
  if (!isName(name)) throw usage(`${shownName(name)} cannot name a context`, NAME_RULE);
  if (contexts.contexts.has(name)) {
    throw new OperatorError("CONTEXT_EXISTS", {
      what: `there is a context ${name} already`,
      why: "this command never replaces a context",
      next: `change it with: fleet context set ${name}, or choose another name`,
      exit: Exit.Precondition,
    });
  }
  const context =
    fields.etcd === undefined
      ? withFields({ endpoints: [] }, fields, cwd)
      : etcdContext(fields.etcd, fields, cwd);
  const isFirst = contexts.current === null && context.kind === undefined;
  return { name, context, change: { ...(isFirst ? { current: name } : {}), set: { [name]: context } } };
}

/** Throws CONTEXT_UNKNOWN, USAGE or TLS_MISSING. */
export function setContext(contexts: Contexts, name: string, fields: ContextFields, cwd: string): Edit {
  if (Object.values(fields).every((value) => value === undefined))
    throw usage("nothing to change was given", "see the flags with: fleet context set --help");
  const context = withFields(known(contexts, name), fields, cwd);
  return { name, context, change: { set: { [name]: context } } };
}

/** No context is current afterwards, if this one was. Throws CONTEXT_UNKNOWN. */
export function deleteContext(contexts: Contexts, name: string): Edit {
  const context = known(contexts, name);
  const current = contexts.current === name ? { current: null } : {};
  return { name, context, change: { ...current, set: { [name]: null } } };
}

function withFields(before: Context, fields: ContextFields, cwd: string): Context {
  const { endpoints, dir, readOnly, color, beforeChange } = fields;
  const context: Context = {
    ...before,
    ...(endpoints === undefined ? {} : { endpoints: addressesIn("--endpoints", endpoints) }),
    ...(dir === undefined ? {} : { directory: resolve(cwd, dir) }),
    ...tlsOf(before, fields, cwd),
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(color === undefined ? {} : { color }),
    ...(beforeChange === undefined ? {} : { hooks: { ...before.hooks, beforeChange } }),
  };
  if (context.endpoints.length > 0 || context.directory !== undefined) return context;
  throw usage("a context needs a fleet", "name it with --endpoints host:port,… or --dir FOLDER");
}

/** An etcd cluster is reached by TLS, or in plaintext only when that was said. */
function etcdContext(etcd: string, fields: NewContext, cwd: string): Context {
  const { ca, cert, key, plaintext, readOnly, color } = fields;
  const endpoints = addressesIn("--etcd", etcd);
  const manner = {
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(color === undefined ? {} : { color }),
  };
  if (plaintext === true) return { kind: "etcd", endpoints, plaintext, ...manner };
  if (ca === undefined)
    throw usage("neither --ca nor --plaintext was given", "give --ca (and --cert, --key), or --plaintext");
  const pair =
    cert === undefined || key === undefined ? {} : { cert: resolve(cwd, cert), key: resolve(cwd, key) };
  return { kind: "etcd", endpoints, tls: { ca: resolve(cwd, ca), ...pair }, ...manner };
}

/** The three files come together, except that a context that has them may change one. */
function tlsOf({ kind, tls }: Context, fields: ContextFields, cwd: string): Pick<Context, "tls"> {
  const given = [fields.ca, fields.cert, fields.key];
  if (given.every((path) => path === undefined)) return {};
  const [ca, cert, key] = given.map((path) => (path === undefined ? undefined : resolve(cwd, path)));
  const files = { ca: ca ?? tls?.ca, cert: cert ?? tls?.cert, key: key ?? tls?.key };
  if (files.ca !== undefined && files.cert !== undefined && files.key !== undefined) {
    return { tls: { ca: files.ca, cert: files.cert, key: files.key } };
  }
  // An etcd cluster may ask for no client certificate.
  if (kind === "etcd" && files.ca !== undefined && files.cert === files.key) return { tls: { ca: files.ca } };
  throw new OperatorError("TLS_MISSING", {
    what: "--ca, --cert and --key belong together",
    next: "give all three",
    exit: Exit.Usage,
  });
}

function addressesIn(flag: string, text: string): string[] {
  const addresses = [...new Set(text.split(",").map((address) => address.trim()))];
  const wrong = addresses.find((address) => !isAddress(address));
  if (wrong === undefined) return addresses;
  throw usage(`${flag} has ${quoted(wrong)}, which is not host:port`, "give host:port,host:port,…");
}

function known({ contexts }: Contexts, name: string): Context {
  const context = contexts.get(name);
  if (context !== undefined) return context;
  throw new OperatorError("CONTEXT_UNKNOWN", {
    what: `there is no context ${shownName(name)}`,
    next: "see them with: fleet context list",
    exit: Exit.NotFound,
  });
}
