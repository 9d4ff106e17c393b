// What a long-running role shows of itself beside its gRPC port. Looking changes nothing, and may be done at any time.

import type { Exposition } from "./exposition.ts";

/** Whether the role can do its work now; if not, why, in a sentence for an operator. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

export interface RoleMetrics {
  collect(into: Exposition): void | Promise<void>;
  readiness(): Readiness;
}
