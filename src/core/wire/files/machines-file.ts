// The file that says which machines a shard has: counts of equal ones.

import { readFile } from "node:fs/promises";
import { Exit, messageOf, OperatorError } from "../../base/errors.ts";
import { isCountedName } from "../report-limits.ts";
import type { YamlItem } from "./yaml-list.ts";
import { readYamlList } from "./yaml-list.ts";

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

const FIELDS = new Set(["instanceType", "zone", "count", "domain"]);
const A_TEXT = "a text of printable characters, of at most 253 bytes";
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

export async function readMachinesText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch((cause: unknown) => {
    throw new OperatorError("MACHINES_FILE_UNREADABLE", {
      what: `the machines file ${path} cannot be read`,
      why: messageOf(cause),
      next: "give the path of a file that lists a shard's machines",
      exit: Exit.NotFound,
      cause,
    });
  });
}

/** Parses `text`; `path` is for messages. Throws an OperatorError that names the line at fault. */
export function parseMachinesFile(text: string, path: string): readonly MachinePool[] {
  const each = "each pool is a map with instanceType, zone and count";
  const items = readYamlList(text, "machines", each, (line, why) => invalid(path, line, why));
  const lineOf = new Map<string, number>();
  return items.map((item) => {
    const pool = readPool(item, path);
    const name = JSON.stringify([pool.instanceType, pool.zone, pool.domain]);
    const twin = lineOf.get(name);
    if (twin !== undefined) {
      throw invalid(path, item.line, `${pool.instanceType} in zone ${pool.zone} is already on line ${twin}`);
    }
    lineOf.set(name, item.line);
    return pool;
  });
}

function readPool({ fields, line }: YamlItem, path: string): MachinePool {
  const stranger = Object.keys(fields).find((key) => !FIELDS.has(key));
  if (stranger !== undefined) throw invalid(path, line, `unknown field ${stranger}`);
  const { instanceType, zone, count, domain } = fields;
  if (!isCounted(instanceType)) throw invalid(path, line, `instanceType must be ${A_TEXT}`);
  if (!isCounted(zone)) throw invalid(path, line, `zone must be ${A_TEXT}`);
  if (typeof count !== "number" || !Number.isInteger(count) || count < 0 || count > COUNT_MAX) {
    throw invalid(path, line, `count must be a number from 0 to ${COUNT_MAX}`);
  }
  if (domain === undefined) return { instanceType, zone, count };
  const read = readDomain(domain);
  if (read === null) throw invalid(path, line, "domain must be a map of one text, such as {rack: r1}");
  if (OWN_LABELS.has(read.key)) throw invalid(path, line, `domain must not be one of ${read.key}`);
  if (read.key === "zone" && read.value !== zone) {
    throw invalid(path, line, `machines in zone ${zone} cannot be of domain zone=${read.value}`);
  }
  return { instanceType, zone, count, domain: read };
}

const isCounted = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && isCountedName(value);

function readDomain(given: unknown): TopologyDomain | null {
  if (typeof given !== "object" || given === null) return null;
  const [pair, ...more] = Object.entries(given);
  if (pair === undefined || more.length > 0) return null;
  const [key, value] = pair;
  return isCounted(key) && isCounted(value) ? { key, value } : null;
}

function invalid(path: string, line: number, why: string): OperatorError {
  return new OperatorError("MACHINES_FILE_INVALID", {
    what: `${path}:${line}: ${why}`,
    next: "correct the line, then start the shard again, or send it SIGHUP if it runs",
    exit: Exit.Usage,
  });
}
