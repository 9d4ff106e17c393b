// Deliberate bugs in applying a large entry in slices (ADR-0022).

import type { Mutation } from "./mutation.ts";

const COORDINATOR = "src/core/coordinator";
const MACHINE = `${COORDINATOR}/group/fleet-machine.ts`;

export const SLICES_MUTATIONS: readonly Mutation[] = [
  {
    name: "half-an-entry-seen",
    rule: "readers see the state before an entry until it is whole (ADR-0022)",
    edits: [
      {
        file: MACHINE,
        search: "const draft = before.draft();",
        replace: "const draft = before.draft();\n    this.#state = draft;",
      },
      {
        file: MACHINE,
        search: 'assert(this.#state === before, "a draft takes the place of the state that it was made of");',
        replace: "",
      },
    ],
  },
  {
    name: "half-an-entry-captured",
    rule: "a snapshot is of the state at the index that it says (ADR-0022)",
    edits: [
      {
        file: MACHINE,
        search: "  #applying: Slices<Outcome> | null = null;",
        replace: "  #applying: Slices<Outcome> | null = null;\n  #draft: FleetState | null = null;",
      },
      {
        file: MACHINE,
        search: "const draft = before.draft();",
        replace: "const draft = before.draft();\n    this.#draft = draft;",
      },
      {
        file: MACHINE,
        search: "const view = this.#state.capture();",
        replace: "const view = ((this.#applying && this.#draft) ?? this.#state).capture();",
      },
    ],
    test: {
      file: "test/unit/coordinator/group/amid-an-entry.test.ts",
      name: "a snapshot that is captured amid an entry is of the state before it",
    },
  },
  {
    name: "applied-with-its-first-slice",
    rule: "the core, and who waits for an index, hear of an entry once it is whole (ADR-0022)",
    edits: [
      {
        file: `${COORDINATOR}/group/applying.ts`,
        search: "if (this.#applier.isMidEntry || this.#begun < entries.length) return;",
        replace: "if (this.#begun < entries.length) return;",
      },
    ],
  },
  {
    name: "rows-counted-by-slice",
    rule: "how an entry is cut changes nothing of what it comes to (ADR-0022)",
    edits: [
      {
        file: "src/core/fleet/slices.ts",
        search: "work(row, at);",
        replace: "work(row, at % rowsPerSlice);",
      },
    ],
  },
];
