// Callers that wait for a lock or an election: bounded in number, and noticed when they are gone.

import type { UnaryCall } from "../../wire/server/unary-calls.ts";
import type { Identity } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import { Places } from "../calls/places.ts";
import { answerBy } from "./etcd-caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import type { Waiting } from "./waiting-keys.ts";

const WAITING_MAX = 8_192;
const IDENTITY_WAITING_MAX = 2_048;

export class WaitingCallers {
  readonly #clock: EtcdContext["fleet"]["clock"];
  readonly #places = new Places({
    total: WAITING_MAX,
    perIdentity: IDENTITY_WAITING_MAX,
    reason: "TOO_MANY_WAITERS",
    doing: "wait for locks and elections of this member",
  });

  constructor({ fleet }: Pick<EtcdContext, "fleet">) {
    this.#clock = fleet.clock;
  }

  /** Takes a place until the call has ended. Throws the RpcError of a refusal. */
  wait({ identity, onGone }: Pick<UnaryCall<unknown>, "identity" | "onGone">): Waiting {
    const leave = this.#places.take(identity);
    const gone = new AbortController();
    onGone(() => {
      leave();
      gone.abort();
    });
    return { gone: gone.signal, step: () => this.cleanUp(identity) };
  }

  /** A caller for one step, even after the real one is gone. */
  cleanUp(identity: Identity): Caller {
    return { identity, deadline: answerBy(this.#clock.monotonicMs(), Number.POSITIVE_INFINITY) };
  }
}
