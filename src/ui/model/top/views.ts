// The views of the dashboard: what they are called, in which order they come, and which list of the fleet each one shows.

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
] as const;
export type ViewName = (typeof VIEWS)[number];

/** Views of rows: all but the overview. */
export type TableView = Exclude<ViewName, "overview">;

/** What the leader lists. */
export type ListName = Exclude<ViewName, "overview" | "nodes" | "groups" | "snapshots">;

/** Of nodes' own words: no list is asked for. */
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
};
export const listOf = (view: ViewName): ListName | null => LIST_OF[view];

// What the overview counts and tells, whichever view is in front.
const ALWAYS: readonly ListName[] = ["shards", "clusters", "audit"];

/** What is asked for while this view is in front. */
export function listsFor(view: ViewName): readonly ListName[] {
  const own = listOf(view);
  return own === null || ALWAYS.includes(own) ? ALWAYS : [...ALWAYS, own];
}

const ALIASES: Readonly<Record<string, ViewName>> = {
  bindings: "clusters",
  members: "nodes",
  events: "overview",
  q: "quotas",
};

/** Views that what was typed may mean, the best first. */
export function viewsNamed(text: string): readonly ViewName[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return VIEWS;
  const alias = ALIASES[wanted];
  const starting = VIEWS.filter((view) => view.startsWith(wanted));
  return alias === undefined ? starting : [alias, ...starting.filter((view) => view !== alias)];
}
