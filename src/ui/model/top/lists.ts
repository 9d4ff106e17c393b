// The lists of the leader, and of the drills and logs here, as they arrive.

import type { Listed } from "../../../client/all-pages.ts";
import type {
  ListAuditResponse,
  ListClustersResponse,
  ListDomainsResponse,
  ListInstructionsResponse,
  ListProvidersResponse,
  ListQuotasResponse,
  ListSessionsResponse,
  ListShardsResponse,
  ListShortfallsResponse,
} from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { DrillBoard } from "./drill-board.ts";
import type { LocalLogs } from "./local-logs.ts";
import type { ListName } from "./views.ts";

export interface Lists extends Record<ListName, object> {
  readonly shards: Listed<ListShardsResponse>;
  readonly clusters: Listed<ListClustersResponse>;
  readonly domains: Listed<ListDomainsResponse>;
  readonly instructions: Listed<ListInstructionsResponse>;
  readonly shortfalls: Listed<ListShortfallsResponse>;
  readonly quotas: Listed<ListQuotasResponse>;
  readonly providers: Listed<ListProvidersResponse>;
  readonly sessions: Listed<ListSessionsResponse>;
  readonly audit: Listed<ListAuditResponse>;
  readonly drills: DrillBoard;
  readonly logs: LocalLogs;
}

export type ListEvent = {
  [Name in ListName]: {
    readonly kind: "list";
    readonly name: Name;
    readonly atMs: number;
    readonly reply: Lists[Name];
  };
}[ListName];
