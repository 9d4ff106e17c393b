// One keep-alive that is repeated at other endpoints until its deadline: it has the same outcome each time.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { systemWaitClock } from "../../core/base/wait-clock.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { noAnswer } from "./etcd-errors.ts";
import { keepAliveOnce } from "./keep-alive.ts";
import { leaseName } from "./lease-id.ts";

const RETRY_MS = 200;

/** The lease's time in seconds. Throws LEASE_UNKNOWN once it has ended, UNAVAILABLE after `timeoutMs`. */
export async function renewLease(client: EtcdClient, id: string, timeoutMs: number): Promise<number> {
  const endMs = systemWaitClock.now() + timeoutMs;
  for (;;) {
    try {
      const seconds = await keepAliveOnce(client, id, endMs);
      if (seconds > 0) return seconds;
    } catch (error) {
      if (systemWaitClock.now() + RETRY_MS < endMs) {
        await systemWaitClock.sleep(RETRY_MS);
        continue;
      }
      throw noAnswer(error, "read", false, client.nodes.map(({ address }) => address).join(", "));
    }
    throw new OperatorError("LEASE_UNKNOWN", {
      what: `lease ${leaseName(id)} has ended, and its keys were deleted`,
      next: "grant a new one: fleet lease grant",
      exit: Exit.NotFound,
    });
  }
}
