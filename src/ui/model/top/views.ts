// The views of the dashboard: their names, their order, and the fleet's list that each one shows.

/** In the order of their numbers; those after the ninth are reached by name. */
export const VIEWS = [
  "overview",
  "nodes",
  "groups",
  "shards",
  "clusters",
  "domains",
  "instructions",
  "shortfalls",
  "quotas",
  "sessions",
  "providers",
  "audit",
  "snapshots",
  "drills",
] as const;
export type ViewName = (typeof VIEWS)[number];

/** Views of rows: all but the overview. */
export type TableView = Exclude<ViewName, "overview">;

/** The lists of the leader, and of the drills and logs here. */
export type ListName = Exclude<ViewName, "overview" | "nodes" | "groups" | "snapshots"> | "logs";

/** From the nodes' own statuses: no list is requested. */
const LIST_OF: Readonly<Record<ViewName, ListName | null>> = {
  overview: null,
  nodes: null,
  groups: null,
  snapshots: null,
  shards: "shards",
  clusters: "clusters",
  domains: "domains",
  instructions: "instructions",
  shortfalls: "shortfalls",
  quotas: "quotas",
  providers: "providers",
  sessions: "sessions",
  audit: "audit",
  drills: "drills",
};
export const listOf = (view: ViewName): ListName | null => LIST_OF[view];

// The lists for the overview's counts and events, whichever view is shown.
const ALWAYS: readonly ListName[] = ["shards", "clusters", "audit"];

/** The lists to request while this view is shown. An open node shows the end of its log, an open cluster its demand. */
export function listsFor(view: ViewName): readonly ListName[] {
  const own = DETAILS[view] ?? listOf(view);
  return own === null || ALWAYS.includes(own) ? ALWAYS : [...ALWAYS, own];
}

/** Beside the view's own list, which is one of those that are always requested or none. */
const DETAILS: Readonly<Partial<Record<ViewName, ListName>>> = { nodes: "logs", clusters: "shortfalls" };

const ALIASES: Readonly<Record<string, ViewName>> = {
  bindings: "clusters",
  members: "nodes",
  events: "overview",
  q: "quotas",
};

/** The views that a typed text may mean, the best first. */
export function viewsNamed(text: string): readonly ViewName[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return VIEWS;
  const alias = ALIASES[wanted];
  const starting = VIEWS.filter((view) => view.startsWith(wanted));
  return alias === undefined ? starting : [alias, ...starting.filter((view) => view !== alias)];
}
