// The fields of messages and the values of enums, as the contract's files declare them, with what they lead to.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** By the name of a message or enum, without its package: "Operation", "RangeRequest.SortOrder". */
type Declared = ReadonlyMap<string, readonly Field[]>;

interface Field {
  /** For example "repeated MemberRecord"; empty for a value of an enum. */
  readonly type: string;
  readonly name: string;
  readonly number: string;
}

const OPENS = /^(message|enum|oneof|service|extend)\s+(\w+)/;
const FIELD = /^(.*?)\b(\w+) = (-?\d+)\b[^;]*;/;

/** "Operation.note_fence = 43: NoteFence" of all that `roots` are made of, sorted. */
export function fieldsBelow(directory: string, roots: readonly string[]): string[] {
  const declared = declaredIn(directory);
  const lines: string[] = [];
  const reached = new Set(roots);
  for (const owner of reached) {
    for (const { type, name, number } of declared.get(owner) ?? []) {
      lines.push(`${owner}.${name} = ${number}${type === "" ? "" : `: ${type}`}`);
      for (const word of type.match(/[\w.]+/g) ?? []) {
        const bare = word.split(".").at(-1) ?? "";
        for (const known of [`${owner}.${bare}`, bare]) if (declared.has(known)) reached.add(known);
      }
    }
  }
  return lines.sort();
}

function declaredIn(directory: string): Declared {
  const declared = new Map<string, Field[]>();
  for (const path of globSync("**/*.proto", { cwd: directory })) {
    const open: { readonly kind: string; readonly name: string }[] = [];
    for (const line of readFileSync(join(directory, path), "utf8").split("\n")) {
      const code = line.replace(/\/\/.*/, "").trim();
      const [, kind, name = ""] = OPENS.exec(code) ?? [];
      const owner = open.filter(({ kind: of }) => of !== "oneof").map(({ name: of }) => of);
      if (kind !== undefined) {
        open.push({ kind, name });
        if (kind === "message" || kind === "enum") declared.set([...owner, name].join("."), []);
      }
      const [, type = "", field = "", number = ""] = FIELD.exec(code) ?? [];
      if (kind === undefined && field !== "")
        declared.get(owner.join("."))?.push({ type: type.trim(), name: field, number });
      if (code.endsWith("}")) open.pop();
    }
  }
  return declared;
}
