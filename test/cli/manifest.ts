// The commands as oclif.manifest.json has them.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

interface CommandEntry {
  readonly summary?: string;
  readonly flags: Readonly<
    Record<
      string,
      {
        readonly char?: string;
        readonly type: string;
        readonly required?: boolean;
        readonly hidden?: boolean;
      }
    >
  >;
}

interface Manifest {
  /** By id: words joined by colons. */
  readonly commands: Readonly<Record<string, CommandEntry>>;
}

export const manifest: Manifest = JSON.parse(readFileSync(`${root}/oclif.manifest.json`, "utf8"));

/** The words of each command, as typed. */
export const commands: readonly string[] = Object.keys(manifest.commands).map((id) =>
  id.replaceAll(":", " "),
);
