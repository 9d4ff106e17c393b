// The committed list of replicated fields, with the version that brought each (replicated-fields.test.ts).

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface ListedField {
  readonly version: number;
  readonly field: string;
}

export function listedFields(list: string): ListedField[] {
  const text = readFileSync(fileURLToPath(new URL(list, import.meta.url)), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ version: Number.parseInt(line, 10), field: line.replace(/^\d+ /, "") }));
}

/** `$case`: as generated code names it. */
export function listedOperations(): { readonly $case: string; readonly version: number }[] {
  return listedFields("fleet.txt").flatMap(({ version, field }) => {
    const name = /^Operation\.(\w+) = /.exec(field)?.[1];
    const $case = name?.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    return $case === undefined ? [] : [{ $case, version }];
  });
}
