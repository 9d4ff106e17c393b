// The mark of a replica that is fenced because its applied state is wrong (ADR-0017). It survives restarts:
// the wrong state may be in this folder's snapshot. It is removed together with the folder, when an operator
// moves that away.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "../base/durable-file.ts";

/** `group`: null = the fleet's own. Each group has a mark of its own (ADR-0070). */
const fileOf = (group: number | null) => (group === null ? "diverged.json" : `diverged-group-${group}.json`);

/** The mark is a JSON object; only its owner interprets the content. */
export class DivergedMark {
  readonly #path: string;

  constructor(dataDirectory: string, group: number | null = null) {
    this.#path = join(dataDirectory, fileOf(group));
  }

  /** Null = this folder has no mark. A mark that can't be read still counts as a mark, without content. */
  read(): Readonly<Record<string, unknown>> | null {
    if (!existsSync(this.#path)) return null;
    try {
      const found: unknown = JSON.parse(readFileSync(this.#path, "utf8"));
      return typeof found === "object" && found !== null ? { ...found } : {};
    } catch {
      return {};
    }
  }

  async set(finding: object): Promise<void> {
    await writeFileDurably(this.#path, new TextEncoder().encode(`${JSON.stringify(finding)}\n`));
  }
}
