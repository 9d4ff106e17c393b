// Labels in one cell, as a selector has them: "team=a,tier=web".

import type { Labels } from "../../../core/wire/gen/fleet/v1/command.ts";

export function labelsCell(labels: Labels | undefined): string | null {
  const pairs = Object.entries(labels?.entries ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? null : pairs.join(",");
}
