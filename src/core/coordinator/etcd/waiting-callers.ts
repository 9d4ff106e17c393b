// Callers that wait for a lock or an election: bounded in number, and noticed when they are gone, or may not wait any more.

import type { UnaryCall } from "../../wire/server/unary-calls.ts";
import type { Identity } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import { Places } from "../calls/places.ts";
import { answerBy } from "./etcd-caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import type { KeyAccess } from "./key-access.ts";
import { RevocableCalls } from "./revocable-calls.ts";
import type { Waiting } from "./waiting-keys.ts";

const WAITING_MAX = 8_192;
const IDENTITY_WAITING_MAX = 2_048;
/** Of its request, which stays in memory while it waits: a caller with more takes several places. */
const PLACE_BYTES = 16 * 1024;

type WaitingCall = Pick<UnaryCall<unknown>, "identity" | "onGone" | "requestBytes">;

export class WaitingCallers {
  readonly #clock: EtcdContext["fleet"]["clock"];
  readonly #revocable: RevocableCalls;
  readonly #places = new Places({
    total: WAITING_MAX,
    perIdentity: IDENTITY_WAITING_MAX,
    reason: "TOO_MANY_WAITERS",
    doing: "wait for locks and elections of this member",
  });

  constructor({ fleet }: Pick<EtcdContext, "fleet">, access: Pick<KeyAccess, "onChange">) {
    this.#clock = fleet.clock;
    this.#revocable = new RevocableCalls(access, fleet);
  }

  /**
   * Takes a place until the call has ended. `check` throws when its caller may not wait any more. Throws the RpcError of a
   * refusal.
   */
  wait({ identity, onGone, requestBytes }: WaitingCall, check: () => void): Waiting {
    check();
    const leave = this.#places.take(identity, Math.max(1, Math.ceil(requestBytes / PLACE_BYTES)));
    const gone = new AbortController();
    const forget = this.#revocable.add({ check, end: (error) => gone.abort(error) });
    onGone(() => {
      leave();
      forget();
      gone.abort(ETCD_ERRORS.canceled);
    });
    return { gone: gone.signal, step: () => this.#caller(identity) };
  }

  /** This member itself, which puts in order what its caller has left. The caller's limits count. */
  cleanUp(identity: Identity): Caller {
    return { ...this.#caller(identity), isCleanUp: true };
  }

  #caller(identity: Identity): Caller {
    return { identity, deadline: answerBy(this.#clock.monotonicMs(), Number.POSITIVE_INFINITY) };
  }
}
