// Fields that several kinds of entries in fleet.yaml share.

import { isAbsolute } from "node:path";
import { Exit } from "../../core/base/errors.ts";
import { type Found, integer, name, problem, type Read, text, wrong } from "../../core/base/read-value.ts";
import { readConfig } from "../../core/wire/files/read-config.ts";

export const port = integer(1, 65_535);

/** A configuration file of this machine. Throws CONFIG_INVALID with every problem, its line and its path. */
export function readOwnConfig<T>(file: string, contents: string, read: Read<T>): T {
  const error = { code: "CONFIG_INVALID", next: `correct ${file}`, exit: Exit.NotFound };
  return readConfig(file, contents, error, read);
}

/** Where the node serves etcd's API; null = nowhere. */
export function etcdAddress({
  address,
  etcdPort,
}: {
  readonly address: string;
  readonly etcdPort?: number;
}): string | null {
  return etcdPort === undefined ? null : `${address.slice(0, address.lastIndexOf(":"))}:${etcdPort}`;
}

export function freeName(reserved: readonly string[]): Read<string> {
  return (found) => {
    const free = name(found);
    if (reserved.includes(free)) throw problem(found, `must not be any of ${reserved.join(", ")}`);
    return free;
  };
}

export function fullPath(found: Found): string {
  const path = text(found);
  if (!isAbsolute(path)) throw wrong(found, "a full path");
  return path;
}
