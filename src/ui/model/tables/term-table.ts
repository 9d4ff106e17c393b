// One row per term of the glossary.
import type { Term } from "../glossary/glossary.ts";
import type { Table } from "../table.ts";

export const termTable: Table<Term> = {
  rowName: ({ name }) => name,
  columns: [
    { name: "term", header: "TERM", value: ({ name }) => name },
    { name: "meaning", header: "MEANING", value: ({ meaning }) => meaning },
  ],
};
