// Why a group's state is not trusted here, as a status shows it (ADR-0017).

import type { StateDoubt } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { Trust } from "../divergence/state-trust.ts";

/** Undefined: it is trusted. */
export function stateDoubt(trust: Trust): StateDoubt | undefined {
  switch (trust.kind) {
    case "trusted":
      return undefined;
    case "disputed": {
      const { index, atMs } = trust;
      return { fenced: false, index, atMs, digest: "", expected: "", cause: "", detail: "" };
    }
    case "diverged": {
      const { kind: _, ...divergence } = trust;
      return { fenced: true, ...divergence };
    }
  }
}
