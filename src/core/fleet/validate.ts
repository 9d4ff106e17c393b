// Checks of a command's content, as refusals. They run on every replica and may therefore look only at the
// command. The gRPC services check more, but a log entry must be safe by itself.

import { isName } from "../base/ids.ts";
import { ADDRESS_BYTES_MAX, DOMAIN_PART_BYTES_MAX, REASON_BYTES_MAX } from "./limits.ts";
import { type Result, rejected } from "./result.ts";

const utf8 = new TextEncoder();
const CONTROL = /\p{Cc}/u;
const ASCII = /^[ -~]*$/;

/**
 * The refusal for the first field that is not a valid name, or null. `fields` maps what is named to the name.
 */
export function checkNames(fields: Readonly<Record<string, string>>): Result | null {
  for (const field of Object.keys(fields)) {
    const name = fields[field] ?? "";
    if (!isName(name)) return rejected("INVALID_NAME", { field, name: quoted(name) });
  }
  return null;
}

/** Like `checkNames`, for fields that may be empty. */
export function checkOptionalNames(fields: Readonly<Record<string, string>>): Result | null {
  for (const field of Object.keys(fields)) {
    const name = fields[field] ?? "";
    if (name !== "" && !isName(name)) return rejected("INVALID_NAME", { field, name: quoted(name) });
  }
  return null;
}

export function checkDomain(key: string, value: string): Result | null {
  for (const [field, text] of [
    ["key", key],
    ["value", value],
  ] as const) {
    if (!isPrintable(text, DOMAIN_PART_BYTES_MAX)) {
      return rejected("INVALID_DOMAIN", { field, limit: DOMAIN_PART_BYTES_MAX });
    }
  }
  return null;
}

/** Only checks whether a row can hold it. The leader checks that it is host:port before there is an entry. */
export function checkAddress(address: string): Result | null {
  if (isPrintable(address, ADDRESS_BYTES_MAX)) return null;
  return invalidAddress(address);
}

export function invalidAddress(address: string): Result {
  return rejected("INVALID_ADDRESS", { address: quoted(address) });
}

/** The audit table stores reasons, so their size is limited. */
export function checkReason(reason: string): Result | null {
  if (fitsSurely(reason, REASON_BYTES_MAX) || utf8.encode(reason).length <= REASON_BYTES_MAX) return null;
  return rejected("REASON_TOO_LONG", { limit: REASON_BYTES_MAX });
}

// A lone surrogate would come back from a snapshot as another character.
export function isPrintable(text: string, bytesMax: number): boolean {
  if (text.length === 0 || text.length > bytesMax) return false;
  // Most texts are, and then nothing else needs a look.
  if (ASCII.test(text)) return true;
  const fits = fitsSurely(text, bytesMax) || utf8.encode(text).length <= bytesMax;
  return fits && text.isWellFormed() && !CONTROL.test(text);
}

// No UTF-16 unit takes more than three bytes of UTF-8, and none less than one: most texts need not be
// encoded.
function fitsSurely(text: string, bytesMax: number): boolean {
  return 3 * text.length <= bytesMax;
}

// Messages are stored with the session, so a hostile name must not make them large.
function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}

/** The text as a row can hold it: well formed, and at most `bytesMax` UTF-8 bytes. */
export function shortened(text: string, bytesMax: number): string {
  // A character takes at least one byte: of a text of megabytes only the start is encoded.
  const bytes = utf8.encode(text.slice(0, bytesMax + 1));
  if (bytes.length <= bytesMax) return text.toWellFormed();
  // A character cut in two at the end is left out.
  return new TextDecoder().decode(bytes.subarray(0, bytesMax)).replace(/\ufffd+$/, "");
}
