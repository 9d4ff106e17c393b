// Lists of the tables: each has a table, the filters that apply to its rows, and a page of them.

import { shardLabels } from "../../../base/label-selector.ts";
import { auditExportOf } from "../../../fleet/audit/audit.ts";
import { renderAuditEntry } from "../../../fleet/audit/render-audit.ts";
import { FEATURE_GATES } from "../../../fleet/feature-gates.ts";
import { domainKey, instructionKey, quotaKey } from "../../../fleet/tables/schema.ts";
import type { ReadonlyTable } from "../../../fleet/tables/table.ts";
import {
  type AuditEntry,
  type Instruction,
  type ShardRecord,
  ShardState,
} from "../../../wire/gen/fleet/v1/command.ts";
import type {
  FeatureGateView,
  ListAuditResponse,
  ListDomainsResponse,
  ListFeatureGatesResponse,
  ListFilter,
  ListInstructionsResponse,
  ListProvidersResponse,
  ListQuotasResponse,
  ListRequest,
  ListRevocationsResponse,
  ListSessionsResponse,
  ListShardsResponse,
} from "../../../wire/gen/fleet/v1/coordinator.ts";
import type { Caller } from "../../calls/caller.ts";
import type { ServiceContext } from "../../calls/context.ts";
import { filterOf, selectorOf, wants } from "../../calls/filter.ts";
import { isIndex, isText, pageOf, refuseToken } from "../../calls/page.ts";
import { readable, readableWithReports } from "../../calls/reads.ts";
import type { Observed } from "../../reports/observed.ts";
import { sightOf } from "../sight.ts";
import { sessionView, shardView } from "../views.ts";

type List<Response> = (context: ServiceContext, request: ListRequest, caller: Caller) => Promise<Response>;

export const shardsList: List<ListShardsResponse> = async (context, request, caller) => {
  const filter = filterOf(request, ["prefix", "region", "shardState", "labelSelector"]);
  const hasLabels = selectorOf(filter.labelSelector);
  const stamp = await readableWithReports(context, request, caller);
  const { machine, observed } = context;
  const { view, counts } = machine;
  const page = pageOf(request, {
    ...{ list: "shards", isKey: isText },
    from: (from) => view.tables.shards.rows(from),
    keyOf: (row) => row.shardId,
    matches: (row) =>
      row.shardId.startsWith(filter.prefix) &&
      wants(filter.region, row.region) &&
      wants(filter.shardState, row.state) &&
      hasLabels(shardLabels(row.labels?.entries, row.region, row.zone)) &&
      isShown(row, filter, observed),
  });
  const sight = sightOf(context);
  const shards = page.rows.map((shard) => shardView(shard, counts, sight));
  return { stamp, shards, nextPageToken: page.nextPageToken };
};

/** A removed shard that has left is shown when it is asked for, by its state or its whole name, or has something again. */
function isShown(
  { shardId, leftAtMs }: Readonly<ShardRecord>,
  { shardState, prefix }: ListFilter,
  observed: Observed,
): boolean {
  const isAskedFor = shardState === ShardState.REMOVED || prefix === shardId;
  return leftAtMs === undefined || isAskedFor || (observed.report(shardId)?.holdings ?? 0) > 0;
}

export const domainsList: List<ListDomainsResponse> = async (context, request, caller) => {
  const filter = filterOf(request, ["shardId", "key", "prefix"]);
  const stamp = await readable(context, request, caller);
  const { rows, nextPageToken } = pageOf(request, {
    ...{ list: "domains", isKey: isText },
    from: (from) => rowsAt(context.machine.view.tables.domains, filter.shardId, from),
    keyOf: (row) => domainKey(row.key, row.value),
    matches: (row) => wants(filter.key, row.key) && row.value.startsWith(filter.prefix),
  });
  return { stamp, domains: rows, nextPageToken };
};

/** Newest last, in log order, or newest first. */
export const auditList: List<ListAuditResponse> = async (context, request, caller) => {
  const filter = filterOf(request, ["afterIndex", "actor", "newestFirst"]);
  const stamp = await readable(context, request, caller);
  const { view } = context.machine;
  const { audit } = view.tables;
  const { rows, nextPageToken } = pageOf(request, {
    ...{ list: "audit", isKey: isIndex },
    from: (from) =>
      request.newestFirst
        ? above(filter.afterIndex, audit.rowsBack(from))
        : audit.rows(from ?? filter.afterIndex + 1),
    keyOf: (row) => row.index,
    matches: (row) => wants(filter.actor, row.actor),
  });
  return { stamp, entries: rows.map(renderAuditEntry), nextPageToken, export: { ...auditExportOf(view) } };
};

function* above(index: number, newestFirst: Iterable<Readonly<AuditEntry>>): Iterable<Readonly<AuditEntry>> {
  for (const row of newestFirst) {
    if (row.index <= index) return;
    yield row;
  }
}

export const quotasList: List<ListQuotasResponse> = async (context, request, caller) => {
  const filter = filterOf(request, ["provider", "region", "shardId"]);
  const stamp = await readable(context, request, caller);
  const { rows, nextPageToken } = pageOf(request, {
    ...{ list: "quotas", isKey: isText },
    from: (from) => rowsAt(context.machine.view.tables.quotas, filter.shardId, from),
    keyOf: (row) => quotaKey(row.provider, row.region),
    matches: (row) => wants(filter.provider, row.provider) && wants(filter.region, row.region),
  });
  return { stamp, quotas: rows, nextPageToken };
};

export const providersList: List<ListProvidersResponse> = async (context, request, caller) => {
  const filter = filterOf(request, ["prefix", "region"]);
  const stamp = await readable(context, request, caller);
  const { rows, nextPageToken } = pageOf(request, {
    ...{ list: "providers", isKey: isText },
    from: (from) => context.machine.view.tables.providers.rows(from),
    keyOf: (row) => row.name,
    matches: (row) => row.name.startsWith(filter.prefix) && wants(filter.region, row.region),
  });
  return { stamp, providers: rows, nextPageToken };
};

export const revocationsList: List<ListRevocationsResponse> = async (context, request, caller) => {
  const filter = filterOf(request, ["prefix"]);
  const stamp = await readable(context, request, caller);
  const { rows, nextPageToken } = pageOf(request, {
    ...{ list: "revocations", isKey: isText },
    from: (from) => context.machine.view.tables.revocations.rows(from),
    keyOf: (row) => row.subject,
    matches: (row) => row.subject.startsWith(filter.prefix),
  });
  return { stamp, revocations: rows, nextPageToken };
};

/** In the order in which they were opened. */
export const sessionsList: List<ListSessionsResponse> = async (context, request, caller) => {
  filterOf(request, []);
  const stamp = await readable(context, request, caller);
  const { rows, nextPageToken } = pageOf(request, {
    ...{ list: "sessions", isKey: isIndex },
    from: (from) => context.machine.view.tables.sessions.rows(from),
    keyOf: (row) => row.sessionId,
    matches: () => true,
  });
  return { stamp, sessions: rows.map(sessionView), nextPageToken };
};

export const featureGatesList: List<ListFeatureGatesResponse> = async (context, request, caller) => {
  filterOf(request, []);
  refuseToken(request);
  const stamp = await readable(context, request, caller);
  const { gates } = context.machine.view.tables;
  const views = Object.entries(FEATURE_GATES).map(([name, gate]): FeatureGateView => {
    const set = gates.get(name);
    return { name, enabled: set?.enabled ?? gate.default, description: gate.description, set };
  });
  return { stamp, gates: views };
};

export const instructionsList: List<ListInstructionsResponse> = async (context, request, caller) => {
  const filter = filterOf(request, ["shardId", "key"]);
  const stamp = await readable(context, request, caller);
  const { rows, nextPageToken } = pageOf(request, {
    ...{ list: "instructions", isKey: isText },
    from: (from) => instructionsAt(context, filter.shardId, from),
    keyOf: (row) => instructionKey(row.shardId, row.key, row.value),
    matches: (row) => wants(filter.key, row.key),
  });
  return { stamp, instructions: rows, nextPageToken };
};

/** The rows that name the shard, if one is given, without reading the others. */
function rowsAt<Row>(
  table: Pick<ReadonlyTable<string, Row>, "rows" | "rowsOf">,
  shardId: string,
  from: string | undefined,
): Iterable<Readonly<Row>> {
  return shardId === "" ? table.rows(from) : table.rowsOf(shardId, from);
}

/** Like `rowsAt`: a shard's instructions are adjacent. */
function* instructionsAt(
  { machine }: ServiceContext,
  shardId: string,
  from: string | undefined,
): Iterable<Readonly<Instruction>> {
  const first = shardId === "" ? "" : instructionKey(shardId, "", "");
  const start = from !== undefined && from > first ? from : first;
  for (const row of machine.view.tables.instructions.rows(start)) {
    if (!wants(shardId, row.shardId)) return;
    yield row;
  }
}
