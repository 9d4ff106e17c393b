// Repeats a host's own calls of the store. What must stay true: an answer that may pass, such as NO_SPACE, never ends a
// host. It ends with what stays: a refused certificate, a wrong request, damage, and a log that can't be applied.

import { backoffMs } from "../../core/base/backoff.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isCode } from "./errors.ts";
import { RETRY_MS, type Setting } from "./setting.ts";

const BACKOFF = { initialMs: RETRY_MS, maxMs: 2_000 };
/** A failure so long after the one before is a first one. */
const FORGET_MS = 10_000;

export class Retries {
  readonly #setting: Setting;
  #failures = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  /** Reports the error, and resolves when the call may be repeated. Throws what stays. */
  async after(error: unknown): Promise<void> {
    const { log, clock, signal, onStoreError } = this.#setting;
    if (log.failure !== null || !mayPass(error)) throw error;
    if (clock.now() - this.#lastMs > FORGET_MS) this.#failures = 0;
    // The log was shortened while it was read: that is no failure of the store.
    if (!isCode(error, "REVISION_COMPACTED")) onStoreError(error);
    await clock.sleep(backoffMs(this.#failures, BACKOFF, Math.random()), signal);
    this.#failures += 1;
    this.#lastMs = clock.now();
  }
}

function mayPass(error: unknown): error is OperatorError {
  if (!(error instanceof OperatorError) || error.code === "DATA_LOSS") return false;
  return error.parts.exit !== Exit.Usage && error.parts.exit !== Exit.Authentication;
}
