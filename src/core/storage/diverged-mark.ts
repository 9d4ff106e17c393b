// The mark of a replica that is fenced because its applied state is wrong (ADR-0017). It survives restarts: what led to
// the wrong state may be in the snapshot of this folder. It goes with the folder, when that is set aside.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "../base/durable-file.ts";

const FILE = "diverged.json";

/** Of a JSON object; what it says is its owner's business. */
export class DivergedMark {
  readonly #path: string;

  constructor(dataDirectory: string) {
    this.#path = join(dataDirectory, FILE);
  }

  /** Null = this folder has none. One that can't be read is a mark all the same, which says nothing. */
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
