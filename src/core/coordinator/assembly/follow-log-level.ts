// This replica's log level at run time: an entry of the audit log sets it, and a restart sets it back to the flag's.
import { logLevelNamed } from "../../base/log.ts";
import type { CoordinatorOptions } from "../coordinator-options.ts";
import type { LogLevelOrder } from "../group/node-orders.ts";

/** After each entry that changes a replica's level: another replica's is ignored. */
export function followLogLevel(
  { log, replicas, self }: Pick<CoordinatorOptions, "log" | "replicas" | "self">,
  { name, level: number, actor: by, reason }: LogLevelOrder,
): void {
  const level = logLevelNamed(number);
  const isMine = replicas.find(({ id }) => id === self)?.name === name;
  if (!isMine || level === null || log.level === undefined) return;
  // Written before a higher level leaves it out.
  log.warn("logs from another level on", { level, before: log.level, by, reason });
  log.level = level;
}
