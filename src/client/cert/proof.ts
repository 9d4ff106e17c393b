// Dials running processes to see which certificates they present and accept. This proves that a renewed file
// is in force, which no file can show. A stopped process needs no proof: it reads its files when it starts.
import type { X509Certificate } from "node:crypto";
import { connect } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isErrno } from "../../core/base/system-error.ts";
import type { TlsMaterial } from "../../core/wire/tls/tls.ts";

const DIAL_TIMEOUT_MS = 3_000;
const LOOK_EVERY_MS = 250;
// Processes read their files once a second.
const PROOF_TIMEOUT_MS = 30_000;

/** A process to dial. */
export interface Server {
  readonly name: string;
  readonly address: string;
}

export type Dialed =
  | { readonly kind: "accepted"; readonly leaf: X509Certificate | null }
  | { readonly kind: "down" }
  /** It accepts connections and sends nothing: it hangs, or is paused. */
  | { readonly kind: "silent" }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Opens a connection with `tls` and closes it. The server's first frame shows whether it accepted our
 * certificate.
 */
export function dial(address: string, tls: TlsMaterial): Promise<Dialed> {
  const { ca, cert, key } = tls;
  const session = connect(`https://${address}`, { ca, cert, key, checkServerIdentity: () => undefined });
  return new Promise<Dialed>((resolve) => {
    session.once("remoteSettings", () => {
      const leaf = (session.socket as TLSSocket).getPeerX509Certificate() ?? null;
      resolve({ kind: "accepted", leaf });
    });
    session.once("error", (error: Error) => {
      resolve(isErrno(error, "ECONNREFUSED") ? { kind: "down" } : { kind: "refused", why: error.message });
    });
    session.once("close", () => resolve({ kind: "refused", why: "it closed the connection" }));
    session.setTimeout(DIAL_TIMEOUT_MS, () => resolve({ kind: "silent" }));
  }).finally(() => session.destroy());
}

/**
 * Dials until `isProven` is true for every running server. Throws ROTATION_NOT_IN_FORCE, which names the
 * others. Returns the names of stopped ones.
 */
export async function untilProven(
  servers: readonly Server[],
  tls: TlsMaterial,
  wanted: string,
  isProven: (server: Server, dialed: Extract<Dialed, { kind: "accepted" }>) => boolean,
  timeoutMs = PROOF_TIMEOUT_MS,
): Promise<readonly string[]> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const looks = await Promise.all(
      servers.map(async (server) => ({ server, dialed: await dial(server.address, tls) })),
    );
    const open = looks.filter(({ server, dialed }) => {
      if (dialed.kind === "down") return false;
      return dialed.kind !== "accepted" || !isProven(server, dialed);
    });
    if (open.length === 0) {
      return looks.filter(({ dialed }) => dialed.kind === "down").map(({ server }) => server.name);
    }
    if (performance.now() > endMs) throw notInForce(wanted, open);
    await sleep(LOOK_EVERY_MS);
  }
}

function notInForce(
  wanted: string,
  open: readonly { readonly server: Server; readonly dialed: Dialed }[],
): OperatorError {
  const told = open.map(({ server, dialed }) => {
    if (dialed.kind === "silent") return `${server.name} (no answer)`;
    return dialed.kind === "refused" ? `${server.name} (${dialed.why})` : server.name;
  });
  return new OperatorError("ROTATION_NOT_IN_FORCE", {
    what: `${told.join(", ")} ${open.length === 1 ? "does" : "do"} not ${wanted} yet, and nothing more was changed`,
    why: "the process hangs, or cannot use the new files (see its log)",
    next: "read its log, restart it if needed, then run the same command again: it continues",
    exit: Exit.GateFailed,
  });
}
