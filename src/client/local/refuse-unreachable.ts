// Whether started processes can be dialed: a process with an invalid certificate runs and listens, but every
// client refuses it. Agents are not dialed, and there are thousands of them: their log reports their
// problems.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { loadTls } from "../../core/wire/tls/tls.ts";
import { invalidity, validityOf } from "../../core/wire/tls/validity.ts";
import { adminFiles, type Holder, holdersOf } from "../cert/holders.ts";
import { dial } from "../cert/proof.ts";
import type { LocalFleet } from "../files/local-fleet.ts";

interface Unreachable {
  readonly name: string;
  readonly fault: OperatorError;
}

/**
 * Throws NODES_UNREACHABLE with the processes whose certificate is not valid. One that still uses an older
 * valid one can be reached.
 */
export async function refuseUnreachable(fleet: LocalFleet, nowMs: number): Promise<void> {
  const faulty = holdersOf(fleet.directory, fleet.file)
    .filter((holder) => holder.isDialed)
    .flatMap((holder) => faultOf(holder, nowMs));
  const reached = await Promise.all(faulty.map(({ name }) => isReached(fleet, name)));
  const unreachable = faulty.filter((_, at) => !reached[at]);
  const [first] = unreachable;
  if (first === undefined) return;
  const names = unreachable.map(({ name }) => name);
  throw new OperatorError("NODES_UNREACHABLE", {
    what: `${names.join(", ")} ${names.length === 1 ? "runs" : "run"}, so every peer refuses its certificate: ${first.fault.message}`,
    ...(first.fault.parts.why === undefined ? {} : { why: first.fault.parts.why }),
    next: `fleet cert rotate ${names.join(" ")}`,
    exit: Exit.NoQuorum,
  });
}

function faultOf({ name, files }: Holder, nowMs: number): Unreachable[] {
  try {
    const fault = invalidity(validityOf(loadTls(files), files), nowMs);
    return fault === null ? [] : [{ name, fault }];
  } catch {
    // With unusable files a process does not start, and its own last log lines say so.
    return [];
  }
}

async function isReached(fleet: LocalFleet, name: string): Promise<boolean> {
  const address = fleet.processes.find((plan) => plan.name === name)?.address ?? null;
  if (address === null) return false;
  const dialed = await dial(address, loadTls(adminFiles(fleet)));
  return dialed.kind === "accepted";
}
