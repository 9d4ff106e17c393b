// A leader's log lines about its exports, one for each fact.

import type { Log } from "../../base/log.ts";
import type { ExportReport } from "./snapshot-schedule.ts";

interface Line {
  readonly level: "info" | "warn";
  readonly text: string;
}

const LINES: Readonly<Record<ExportReport["kind"], Line>> = {
  exported: { level: "info", text: "a snapshot was exported" },
  deleted: { level: "info", text: "a snapshot was deleted" },
  undeleted: { level: "warn", text: "an outdated snapshot could not be deleted" },
  failed: { level: "warn", text: "no snapshot could be exported" },
  damaged: { level: "warn", text: "an exported snapshot is damaged, and is ignored" },
  unproved: {
    level: "warn",
    text: "snapshots name this cluster, but no replica of it signed them: they are ignored, and not deleted",
  },
  resigned: { level: "info", text: "an exported snapshot was signed again with this replica's certificate" },
  unresigned: {
    level: "warn",
    text: "an exported snapshot could not be signed again; its signer's certificate ends",
  },
  vanished: { level: "warn", text: "all exported snapshots have vanished; see what is mounted there" },
  returned: { level: "info", text: "exported snapshots that had vanished are back" },
};

export function logExport(log: Log, to: string, { kind, ...fields }: ExportReport): void {
  const { level, text } = LINES[kind];
  log[level](text, { to, ...fields });
}
