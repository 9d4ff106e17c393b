// The file that says which machines a shard has: counts of equal ones.

import { readFile } from "node:fs/promises";
import { Exit, messageOf, OperatorError } from "../../base/errors.ts";
import {
  entries,
  type Found,
  fieldOf,
  fieldsOnly,
  integer,
  list,
  optional,
  problem,
  wrong,
} from "../../base/read-value.ts";
import { isCountedName } from "../report-limits.ts";
import { readConfig } from "./read-config.ts";

export interface MachinePool {
  readonly instanceType: string;
  readonly zone: string;
  readonly count: number;
  /**
   * These machines belong to whichever shard has this topology domain; absent = to the shard that lists them.
   */
  readonly domain?: TopologyDomain;
}

interface TopologyDomain {
  readonly key: string;
  readonly value: string;
}

/**
 * Labels that every machine has. A zone is one of them and may also be a domain: that of its own machines.
 */
const OWN_LABELS = new Set(["instance-type", "region"]);
/**
 * For one pool: a hundred times all machines of the largest fleet, and small enough that every sum is exact.
 */
const COUNT_MAX = 1_000_000_000;

/** Throws an OperatorError: MACHINES_FILE_UNREADABLE, or those of `parseMachinesFile`. */
export async function readMachinesFile(path: string): Promise<readonly MachinePool[]> {
  return parseMachinesFile(await readMachinesText(path), path);
}

/** `read`: how the file's text is obtained. */
export async function readMachinesText(
  path: string,
  read: (path: string) => Promise<string> = (file) => readFile(file, "utf8"),
): Promise<string> {
  return await read(path).catch((cause: unknown) => {
    throw new OperatorError("MACHINES_FILE_UNREADABLE", {
      what: `the machines file ${path} cannot be read`,
      why: messageOf(cause),
      next: "give the path of a file that lists a shard's machines",
      exit: Exit.NotFound,
      cause,
    });
  });
}

/** Parses `text`; `path` is for messages. Throws an OperatorError with every problem and its line. */
export function parseMachinesFile(text: string, path: string): readonly MachinePool[] {
  return readConfig(path, text, INVALID, fieldsOnly({ machines: list(pool, { unique: POOL }) })).machines;
}

const INVALID = {
  code: "MACHINES_FILE_INVALID",
  next: "correct the file, then start the shard again, or send it SIGHUP if it runs",
  exit: Exit.Usage,
};

const POOL = {
  "": ({ instanceType, zone, domain }: MachinePool) => JSON.stringify([instanceType, zone, domain]),
};

function pool(found: Found): MachinePool {
  const read = fieldsOnly({
    instanceType: counted,
    zone: counted,
    count: integer(0, COUNT_MAX),
    domain: optional(topologyDomain),
  })(found);
  const { zone, domain } = read;
  if (domain?.key === "zone" && domain.value !== zone) {
    throw problem(fieldOf(found, "domain"), `can't be zone=${domain.value} for machines in zone ${zone}`);
  }
  return read;
}

function counted(found: Found): string {
  const { value } = found;
  if (typeof value === "string" && value !== "" && isCountedName(value)) return value;
  throw wrong(found, "a text of printable characters, of at most 253 bytes");
}

function topologyDomain(found: Found): TopologyDomain {
  const [domain, ...more] = entries(counted)(found);
  if (domain === undefined || more.length > 0 || !isCountedName(domain[0])) {
    throw wrong(found, "a mapping of one text, such as {rack: r1}");
  }
  const [key, value] = domain;
  if (OWN_LABELS.has(key)) throw problem(found, `must not have the key ${key}: every machine has that label`);
  return { key, value };
}
