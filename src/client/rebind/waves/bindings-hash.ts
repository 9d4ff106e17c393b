// One hash for all bindings of a fleet: equal hashes mean that no binding has changed.

import { sha256 } from "../../../core/base/sha-256.ts";
import type { Binding } from "../../../core/wire/gen/fleet/v1/command.ts";

const utf8 = new TextEncoder();

/** 64 hexadecimal digits. The order of the rows does not matter. */
export function bindingsHash(rows: Iterable<Readonly<Binding>>): string {
  // Names contain no control character, so no two sets of rows make the same text.
  const lines = [...rows].map(({ clusterId, shardId, version }) => `${clusterId}\0${shardId}\0${version}\n`);
  return sha256(utf8.encode(lines.sort().join("")));
}
