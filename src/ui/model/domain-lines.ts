// The lines of a rebind about its plan's domains, below the table of clusters: how many are as planned, and
// each that is not.
import type { Line } from "./line.ts";

interface DomainRow {
  readonly key: string;
  readonly value: string;
  readonly from: string;
  readonly to: string;
  readonly result: "done" | "blocked" | "not-started";
  readonly why: string;
}

const SHOWN_MAX = 20;

export function domainLines(rows: readonly DomainRow[]): Line[] {
  if (rows.length === 0) return [];
  const done = rows.filter(({ result }) => result === "done").length;
  const blocked = rows.filter(({ result }) => result === "blocked");
  const all = `${rows.length} ${rows.length === 1 ? "domain" : "domains"}`;
  const waiting = rows.length - done - blocked.length;
  const counts = [`${done} where the plan has them`, `${waiting} to move`, `${blocked.length} blocked`];
  const told = counts.filter((text) => !text.startsWith("0 ")).join(", ");
  const mark = blocked.length > 0 ? "bad" : waiting > 0 ? "unknown" : "good";
  const more = blocked.length - SHOWN_MAX;
  return [
    { text: `${all}: ${told}`, mark },
    ...blocked.slice(0, SHOWN_MAX).map(({ key, value, from, to, why }) => ({
      text: `${key}=${value} from ${from} to ${to}: ${why}`,
      mark: "bad" as const,
    })),
    ...(more > 0 ? [{ text: `${more} more are blocked`, mark: "bad" as const }] : []),
  ];
}
