// One row per file of a data folder that `fleet verify` checked, and what to do about the damaged ones.
import type { Line } from "../line.ts";
import type { Mark, Table } from "../table.ts";

/** The storage's finding about one file, repeated here because the model may not import the storage. */
export interface FileFinding {
  readonly file: string;
  readonly state: "ok" | "torn" | "leftover" | "damaged";
  readonly offset: number | null;
  readonly found: string;
  readonly next: string | null;
}

interface FolderFindings {
  readonly directory: string;
  readonly files: readonly FileFinding[];
  readonly damaged: number;
}

const MARKS: Readonly<Record<FileFinding["state"], Mark>> = {
  ok: "good",
  torn: "warn",
  leftover: "warn",
  damaged: "bad",
};

export const verifyTable: Table<FileFinding> = {
  rowName: (finding) => finding.file,
  columns: [
    { name: "file", header: "FILE", value: (finding) => finding.file },
    { name: "state", header: "STATE", value: ({ state }) => ({ text: state, mark: MARKS[state] }) },
    { name: "offset", header: "OFFSET", value: (finding) => finding.offset },
    { name: "found", header: "FOUND", value: (finding) => finding.found },
    { name: "next", header: "NEXT", value: (finding) => finding.next, wide: true },
  ],
};

/** The verdict, and each thing to do once. */
export function verifyLines({ directory, files, damaged }: FolderFindings): Line[] {
  const bad = files.filter((finding) => finding.state === "damaged");
  if (bad.length === 0) return [{ text: `${directory}: all ${files.length} files are sound`, mark: "good" }];
  const advice = new Set(bad.flatMap((finding) => finding.next ?? []));
  return [
    { text: `${directory}: ${damaged} of ${files.length} files damaged`, mark: "bad" },
    ...[...advice].map((text): Line => ({ text, mark: "warn" })),
  ];
}
