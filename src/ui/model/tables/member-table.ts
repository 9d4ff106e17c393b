// One row per member: its wanted kind, its present role, and whether it keeps up.
import type { MemberView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Cell, Table } from "../table.ts";
import { memberKindWord, memberRoleWord } from "../words.ts";

export const memberTable: Table<MemberView> = {
  rowName: ({ member }) => member?.name ?? "",
  columns: [
    { name: "name", header: "NAME", value: ({ member }) => member?.name ?? null },
    { name: "id", header: "ID", value: ({ member }) => member?.nodeId ?? null },
    {
      name: "wanted",
      header: "WANTED",
      value: ({ member }) => (member ? memberKindWord(member.wanted) : null),
    },
    { name: "role", header: "ROLE", value: roleCell },
    { name: "answers", header: "ANSWERS", value: answersCell },
    { name: "lag", header: "LAG", value: ({ lag }) => lag ?? null },
    { name: "build", header: "BUILD", value: ({ build }) => (build === "" ? null : build) },
    {
      name: "knows",
      header: "KNOWS",
      value: ({ knownVersion }) => (knownVersion === 0 ? null : knownVersion),
    },
    { name: "address", header: "ADDRESS", value: ({ member }) => member?.address ?? null },
    { name: "since", header: "SINCE", value: sinceCell, wide: true },
    { name: "version", header: "VERSION", value: ({ member }) => member?.version ?? null, wide: true },
  ],
};

function roleCell({ member, role, leads }: MemberView): Cell {
  const word = memberRoleWord(role);
  const isAsWanted = member !== undefined && memberKindWord(member.wanted) === word;
  return { text: leads ? "leader" : word, mark: isAsWanted ? "good" : "warn" };
}

function answersCell({ answers, role }: MemberView): Cell {
  if (memberRoleWord(role) === "none") return null;
  return answers ? { text: "yes", mark: "good" } : { text: "no", mark: "bad" };
}

function sinceCell({ member }: MemberView): Cell {
  return member === undefined ? null : { atMs: member.sinceMs };
}
