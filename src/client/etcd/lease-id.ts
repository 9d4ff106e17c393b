// Lease ids: 64 bits, as hexadecimal digits for people (as etcdctl prints them) and as decimal text on the wire. Pure.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { quoted } from "../../core/base/printable.ts";

const MAX = 2n ** 63n - 1n;

/** "0" becomes "0": no lease. */
export const leaseName = (id: string): string => BigInt(id).toString(16);

/** The wire's id of what an operator wrote; null = it is not a lease id. */
export function leaseIdOf(text: string): string | null {
  const id = /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : 0n;
  return id > 0n && id <= MAX ? String(id) : null;
}

/** The same. Throws USAGE. */
export function parseLease(text: string): string {
  const id = leaseIdOf(text);
  if (id !== null) return id;
  throw new OperatorError("USAGE", {
    what: `${quoted(text)} is not a lease id`,
    next: "give hexadecimal digits, as fleet lease list prints them",
    exit: Exit.Usage,
  });
}
