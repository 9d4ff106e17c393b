// Which fleet a command talks to, value by value: flag > FLEET_* variable > a .fleet folder here > the
// current context. Single values (endpoints, TLS files) complete each other. Once a folder or context names a
// whole fleet, lower levels are ignored. So two fleets never mix unless an operator typed it.
import { resolve } from "node:path";
import { isAddress } from "../../core/base/address.ts";
import { Exit, OperatorError, usage } from "../../core/base/errors.ts";
import type { TlsChoice } from "../../core/wire/tls/tls.ts";
import { findLocalFleet, loadLocalFleet } from "../files/local-fleet.ts";
import { contextFleet } from "./context-fleet.ts";
import { contextsFilePath, loadContexts } from "./contexts-file.ts";
import {
  type Endpoint,
  type EtcdTls,
  localTarget,
  type NamedFleet,
  type Setting,
  type Target,
} from "./target.ts";

/**
 * A command's options: absent or undefined = not given. An empty value is refused, never treated as absent.
 */
export interface TargetInput {
  readonly dir?: string | undefined;
  readonly context?: string | undefined;
  /** host:port, comma-separated. */
  readonly endpoints?: string | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Plaintext, which connections then allow on loopback only. */
  readonly insecureLoopback?: boolean | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** One level of precedence: its values, and their names for messages. */
interface Level {
  readonly values: Readonly<Record<"dir" | "context" | SingleKey, string>>;
  readonly origin: (key: "dir" | "context" | SingleKey) => string;
  readonly isPlain: boolean;
}

const TLS_KEYS = ["ca", "cert", "key"] as const;
const SINGLE_KEYS = ["endpoints", ...TLS_KEYS] as const;
type SingleKey = (typeof SINGLE_KEYS)[number];
type Singles = ReadonlyMap<SingleKey, Setting>;

/** Throws an OperatorError: CONTEXT_MISSING when nothing names a fleet, USAGE, CONTEXT_UNKNOWN, TLS_MISSING, … */
export async function resolveTarget(input: TargetInput): Promise<Target> {
  const flags = flagLevel(input);
  const named = await namedFleet(flags, input);
  // A fleet named by a flag is above every variable; otherwise variables complete the flags.
  const levels = named === null ? [flags, envLevel(input)] : [flags];
  const singles = mergeSingles(levels);
  const isPlain = levels.some((level) => level.isPlain);
  const isEnough = singles.has("endpoints") && (isPlain || TLS_KEYS.every((key) => singles.has(key)));
  const whole =
    named ?? (await namedFleet(envLevel(input), input)) ?? (isEnough ? null : await impliedFleet(input));
  return combine(singles, isPlain, whole);
}

function flagLevel(input: TargetInput): Level {
  const { dir = "", context = "", endpoints = "", ca = "", cert = "", key = "" } = input;
  const values = { dir, context, endpoints, ca, cert, key };
  for (const name of [...SINGLE_KEYS, "dir", "context"] as const) {
    // Most likely an unset shell variable: the lower levels could name another fleet than intended.
    if (input[name] === "") throw usage(`--${name} is empty`, `give it a value, or leave --${name} out`);
  }
  return {
    values,
    origin: (name) => `--${name}`,
    isPlain: input.insecureLoopback === true,
  };
}

function envLevel(input: TargetInput): Level {
  const read = (key: string): string => input.env[`FLEET_${key}`] ?? "";
  return {
    values: {
      dir: read("DIR"),
      context: read("CONTEXT"),
      endpoints: read("ENDPOINTS"),
      ca: read("CA"),
      cert: read("CERT"),
      key: read("KEY"),
    },
    origin: (name) => `FLEET_${name.toUpperCase()}`,
    isPlain: ["1", "true"].includes(read("INSECURE_LOOPBACK")),
  };
}

function mergeSingles(levels: readonly Level[]): Singles {
  const singles = new Map<SingleKey, Setting>();
  for (const { values, origin } of levels) {
    for (const key of SINGLE_KEYS) {
      const value = values[key];
      if (value !== "" && !singles.has(key)) singles.set(key, { key, value, origin: origin(key) });
    }
  }
  return singles;
}

/** The fleet that a level names by folder or context; null when it names none. */
async function namedFleet(level: Level, input: TargetInput): Promise<NamedFleet | null> {
  const { dir, context } = level.values;
  if (dir !== "" && context !== "") {
    const both = `${level.origin("dir")} and ${level.origin("context")}`;
    throw usage(`${both} each name a fleet`, "give one of them");
  }
  if (dir !== "") return localTarget(await loadLocalFleet(resolve(input.cwd, dir)), level.origin("dir"));
  if (context === "") return null;
  const file = contextsFilePath(input.env);
  return contextFleet(file, await loadContexts(file), context, level.origin("context"));
}

async function impliedFleet(input: TargetInput): Promise<NamedFleet | null> {
  const here = await findLocalFleet(input.cwd);
  if (here !== null) return localTarget(here, `the fleet in ${here.directory}`);
  const file = contextsFilePath(input.env);
  const contexts = await loadContexts(file);
  if (contexts.current === null) return null;
  return contextFleet(file, contexts, contexts.current, `current context ${contexts.current}`);
}

function combine(singles: Singles, isPlain: boolean, whole: NamedFleet | null): Target {
  const given = singles.get("endpoints");
  if (given === undefined && whole === null) throw contextMissing();
  const { endpoints, owner, name } = chooseEndpoints(given, whole);
  const origin = given?.origin ?? whole?.origin ?? "";
  const settings = [...singles.values()];
  for (const setting of whole?.settings ?? []) {
    const isOverridden = settings.some((other) => other.key === setting.key);
    const isForeign = setting.key === "directory" && owner === null;
    if (!isOverridden && !isForeign) settings.push(setting);
  }
  const etcd = etcdOf(settings, isPlain, whole);
  const tls = etcd === undefined ? chooseTls(settings, isPlain) : "insecure-loopback";
  const shown = settings.filter(({ key }) => !isPlain || !isTlsKey(key));
  return {
    ...(etcd === undefined ? {} : { etcd }),
    ...(owner === null ? {} : identityOf(owner)),
    ...mannerOf(whole),
    ...{ name, endpoints, tls, origin, settings: shown },
  };
}

/** Typed endpoints belong to the whole fleet only if it has every one of them; otherwise `owner` is null. */
function chooseEndpoints(
  given: Setting | undefined,
  whole: NamedFleet | null,
): { endpoints: readonly Endpoint[]; owner: NamedFleet | null; name: string } {
  if (given === undefined)
    return { endpoints: whole?.endpoints ?? [], owner: whole, name: whole?.name ?? "" };
  const endpoints = parseEndpoints(given).map(
    (address): Endpoint => whole?.endpoints.find((known) => known.address === address) ?? { address },
  );
  const isWhole = whole !== null && endpoints.every((endpoint) => whole.endpoints.includes(endpoint));
  return isWhole
    ? { endpoints, owner: whole, name: whole.name }
    : { endpoints, owner: null, name: given.value };
}

function parseEndpoints(given: Setting): string[] {
  const addresses = given.value.split(",").map((address) => address.trim());
  const wrong = addresses.find((address) => !isAddress(address));
  if (wrong === undefined) return [...new Set(addresses)];
  throw usage(`${given.origin} has "${wrong}", which is not host:port`, "give host:port,host:port,…");
}

function chooseTls(settings: readonly Setting[], isPlain: boolean): TlsChoice {
  if (isPlain) return "insecure-loopback";
  const pathOf = (key: SingleKey): string | undefined =>
    settings.find((setting) => setting.key === key)?.value;
  const [ca, cert, key] = [pathOf("ca"), pathOf("cert"), pathOf("key")];
  if (ca !== undefined && cert !== undefined && key !== undefined) return { ca, cert, key };
  const missing = TLS_KEYS.filter((name) => pathOf(name) === undefined);
  throw new OperatorError("TLS_MISSING", {
    what: `no TLS files are known for these endpoints: ${missing.map((name) => `--${name}`).join(", ")} missing`,
    why: "every port of a fleet uses mutual TLS",
    next: "give --ca, --cert and --key, or a --context that has them",
    exit: Exit.Authentication,
  });
}

/** A context's etcd cluster, with the files and the plaintext that flags chose. Undefined: it is a fleet. */
function etcdOf(
  settings: readonly Setting[],
  isPlain: boolean,
  whole: NamedFleet | null,
): EtcdTls | undefined {
  if (whole?.etcd === undefined) return undefined;
  if (isPlain) return "insecure-loopback";
  const [ca, cert, key] = TLS_KEYS.map((name) => settings.find((setting) => setting.key === name)?.value);
  if (ca === undefined) return whole.etcd;
  return { ca, ...(cert === undefined || key === undefined ? {} : { cert, key }) };
}

function identityOf(owner: NamedFleet): Pick<Target, "directory" | "clusterName"> {
  return {
    ...(owner.directory === undefined ? {} : { directory: owner.directory }),
    ...(owner.clusterName === undefined ? {} : { clusterName: owner.clusterName }),
  };
}

/**
 * A context's settings apply even when the endpoints were typed: an operator who names a context wants its
 * protection.
 */
function mannerOf(whole: NamedFleet | null): Pick<Target, "readOnly" | "color" | "beforeChange" | "hooks"> {
  const { readOnly, color, beforeChange, hooks } = whole ?? {};
  return {
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(color === undefined ? {} : { color }),
    ...(beforeChange === undefined ? {} : { beforeChange }),
    ...(hooks === undefined ? {} : { hooks }),
  };
}

const isTlsKey = (key: string): boolean => TLS_KEYS.some((name) => name === key);

function contextMissing(): OperatorError {
  return new OperatorError("CONTEXT_MISSING", {
    what: "no fleet was named, and there is no current one",
    why: "no flag, FLEET_* variable or .fleet folder names a fleet, and no context is current",
    next: "make one with: fleet init, or name one with: --endpoints host:port,…",
    exit: Exit.NotFound,
  });
}
