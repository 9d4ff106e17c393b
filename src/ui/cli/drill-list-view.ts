// How the list of drills, and what healing came to, are shown.
import type { HealResult } from "../../client/drill/heal.ts";
import type { DrillSpec } from "../../core/drill/drill-spec.ts";
import type { Column } from "../model/table.ts";
import type { TextView, View } from "./view.ts";

interface DrillRow extends Pick<DrillSpec, "name" | "summary" | "victims" | "expects"> {
  /** Null: it is possible. */
  readonly whyNot: string | null;
}

export interface DrillList {
  readonly drills: readonly DrillRow[];
}

export type HealReport = HealResult;

export const EXPECTS: Readonly<Record<DrillSpec["expects"], string>> = {
  "new-leader": "another leads",
  "no-stop": "writes continue",
  stop: "writes stop until healed",
};

const columns: readonly Column<DrillRow>[] = [
  { name: "name", header: "DRILL", value: ({ name }) => name },
  {
    name: "possible",
    header: "POSSIBLE",
    value: ({ whyNot }) => (whyNot === null ? { text: "yes", mark: "good" } : { text: "no", mark: "bad" }),
  },
  { name: "expects", header: "EXPECTED", value: ({ expects }) => EXPECTS[expects] },
  { name: "summary", header: "WHAT IT DOES", value: ({ summary }) => summary },
  { name: "why-not", header: "WHY NOT", value: ({ whyNot }) => whyNot, wide: true },
];

export const drillListView: View<DrillList, DrillRow> = {
  kind: "DrillList",
  rowKind: "Drill",
  table: { rowName: ({ name }) => name, columns },
  rows: ({ drills }) => drills,
  empty: "no drills",
};

export const healView: TextView<HealReport> = {
  kind: "DrillHeal",
  text: ({ healed, running }) => {
    if (healed.length === 0 && running.length === 0) return ["nothing to heal"];
    return [
      ...healed.flatMap(({ drillId, done }) => [`healed ${drillId}`, ...done.map((line) => `  ${line}`)]),
      ...running.map((drillId) => `${drillId} still runs, and is left alone`),
    ];
  },
  name: ({ healed }) => healed.map(({ drillId }) => drillId).join(","),
};
