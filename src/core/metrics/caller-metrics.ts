// The callers of a gRPC port in numbers: by kind and reason, never by identity, because a tenant can have any
// number of identities.

import type { Exposition } from "./exposition.ts";

interface CallerCounts {
  readonly denied: ReadonlyMap<string, number>;
  readonly logins: ReadonlyMap<string, number>;
  readonly limited: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly slowed: ReadonlyMap<string, number>;
}

export function collectCallers(into: Exposition, { denied, logins, limited, slowed }: CallerCounts): void {
  for (const [reason, count] of denied) into.set("fleet_calls_denied_total", count, { reason });
  for (const [kind, count] of logins) into.set("fleet_logins_total", count, { kind });
  for (const [kind, reasons] of limited) {
    for (const [reason, count] of reasons) into.set("fleet_calls_limited_total", count, { kind, reason });
  }
  for (const [kind, count] of slowed) into.set("fleet_callers_slowed_total", count, { kind });
}
