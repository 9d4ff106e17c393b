// What a long-running role exposes about itself beside its gRPC port. Reading changes nothing and may happen
// at any time.

import type { Exposition } from "./exposition.ts";

/** Whether the role can do its work now; if not, why, in a sentence for an operator. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

export interface RoleMetrics {
  collect(into: Exposition): void | Promise<void>;
  readiness(): Readiness;
}
