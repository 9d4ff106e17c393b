// The project's own TypeScript files and what they import, for the rules that are kept by tests.

import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Files that match, generated code left out. */
export function sourceFiles(pattern: string): SourceFile[] {
  return globSync(pattern, { cwd: root })
    .filter((path) => !path.includes("node_modules") && !path.startsWith("dist") && !path.includes("/gen/"))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

export interface Import {
  /** A repository path for a relative import, else the package's name as written. */
  readonly target: string;
  readonly isLocal: boolean;
  readonly isTypeOnly: boolean;
}

const STATIC = /^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm;
const DYNAMIC = /\bimport\("([^"]+)"\)/g;

export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  for (const [, type, from, bare] of file.text.matchAll(STATIC)) {
    found.push(toImport(file, from ?? bare ?? "", type !== undefined));
  }
  for (const [, from] of file.text.matchAll(DYNAMIC)) found.push(toImport(file, from ?? "", false));
  return found;
}

function toImport(file: SourceFile, from: string, isTypeOnly: boolean): Import {
  if (!from.startsWith(".")) return { target: from, isLocal: false, isTypeOnly };
  const target = relative(root, resolve(root, dirname(file.path), from));
  return { target, isLocal: true, isTypeOnly };
}
