// `import { openCoordinator } from "fleet"`: a host program's replicated operations. A replica in its own process, a
// fleet, or etcd replicates them (ADR-0053, docs/embedding.md). The package's types are made of this file and
// coordinator.ts.

import type { Coordinator, OpenOptions } from "./coordinator.ts";
import { Failures, openOn } from "./host.ts";
import { checkOptions } from "./limits.ts";
import type { Store } from "./store.ts";

export type * from "./coordinator.ts";

/** Resolves when the host's state has everything that was written before. Throws an error with a `code`. */
export async function openCoordinator(options: OpenOptions): Promise<Coordinator> {
  checkOptions(options);
  const failures = new Failures(options.onFailure);
  const store = await openStore(options, (error) => failures.report(error));
  return await openOn(store, options, failures);
}

async function openStore(options: OpenOptions, onFailure: (error: unknown) => void): Promise<Store> {
  const { directory } = options;
  if (directory === undefined) {
    const { connectFleet } = await import("./fleet-store.ts");
    return connectFleet(options);
  }
  const { openOwn } = await import("./own-store.ts");
  return openOwn(directory, options, onFailure);
}
