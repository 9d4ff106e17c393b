// FROZEN: cluster version 1 keeps these words in its state, and replicas of older builds keep the same. Another letter
// here makes replicas differ in a rolling upgrade. Words that may change are in ../render-*.ts (ADR-0015). What must stay
// true is pinned by test/fixtures/format-1.

/** At most this many domains were named. */
const NAMED = 5;

type Metadata = Readonly<Record<string, string>>;

/** What was changed with an operation, in words; empty for nothing. */
export function effectsInWords(operation: string, facts: Metadata): string {
  if (Object.keys(facts).length === 0) return "";
  switch (operation) {
    case "removeShard":
      return `drops ${remainderInWords(facts)}`;
    case "unbindCluster":
      return lossInWords(facts);
    case "reconcileDomains":
      return reconciledInWords(facts);
    default:
      return "";
  }
}

/** "3 cluster bindings, 1 domain" */
export function remainderInWords(counts: Metadata): string {
  const parts = [
    counted(counts["clusters"], "cluster binding", "cluster bindings"),
    counted(counts["leaving"], "migration away", "migrations away"),
    counted(counts["domains"], "domain", "domains"),
    counted(counts["quotas"], "quota slice", "quota slices"),
    counted(counts["instructions"], "pending instruction", "pending instructions"),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function counted(count: string | undefined, one: string, many: string): string {
  if (count === undefined || count === "0") return "";
  return `${count} ${count === "1" ? one : many}`;
}

function lossInWords({ from, ended_migration, ended_from }: Metadata): string {
  const taken = `takes it from shard ${from}`;
  if (ended_migration === undefined) return taken;
  return `${taken} and ends migration ${ended_migration} from shard ${ended_from}`;
}

function reconciledInWords({ released, released_names, given, given_names }: Metadata): string {
  const parts = [
    ...(released === undefined ? [] : [`tells it to let go of ${listed(released, released_names)}`]),
    ...(given === undefined ? [] : [`tells it again to take ${listed(given, given_names)}`]),
  ];
  return parts.join(" and ");
}

function listed(count: string, names = ""): string {
  const others = Number(count) - NAMED;
  return others > 0 ? `${names} and ${others} more` : names;
}
