// Takes secrets out of text that leaves this machine. Bundles hold no file of keys; this is for what a log line, a
// crash or a configuration may quote. What must stay true: it removes too much rather than too little.

const REMOVED = "(removed)";

const PEM = /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g;
/** user:password@ of an address. */
const USER_INFO = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;
const AUTHORIZATION =
  /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:basic|bearer|aws4-hmac-sha256)?\s*)[^\s"',}]+/gi;
const BEARER = /\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi;
const SECRET_WORD =
  "(?:password|passwd|passphrase|secret|token|credential|private[_-]?key|api[_-]?key|access[_-]?key)";
/** password=… or "secretAccessKey":…, up to the value. */
const NAME = `${SECRET_WORD}[a-z0-9_-]*\\\\?["']?\\s*[:=]\\s*`;
/** --token … of a command line, up to the value. */
const FLAG_NAME = `--[a-z-]*${SECRET_WORD}[a-z-]*\\s+`;
const BEFORE = `(${NAME}|${FLAG_NAME}|\\bauthorization["']?\\s*[:=]\\s*)`;
/** A value in quotes ends with its quote: it may have blanks, commas and escaped quotes in it. */
const QUOTED = new RegExp(`${BEFORE}(["'])(?:\\\\[\\s\\S]|(?!\\2)[^\\\\])*\\2?`, "gi");
/** The same inside of a text in quotes, as in JSON in JSON. */
const QUOTED_INSIDE = new RegExp(`${BEFORE}\\\\(["'])[\\s\\S]*?(?:(?<!\\\\)\\\\\\2|$)`, "gi");
const NAMED = new RegExp(`(${NAME})[^\\s"',;&}\\\\]+`, "gi");
const FLAG = new RegExp(`(${FLAG_NAME})[^\\s"']+`, "gi");
const AWS_KEY_ID = /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g;
const AWS_SIGNATURE = /\b(X-Amz-(?:Signature|Credential|Security-Token)=)[^\s&"']+/gi;

export function redacted(text: string): string {
  return text
    .replaceAll(PEM, REMOVED)
    .replaceAll(USER_INFO, `$1${REMOVED}@`)
    .replaceAll(QUOTED, `$1$2${REMOVED}$2`)
    .replaceAll(QUOTED_INSIDE, `$1\\$2${REMOVED}\\$2`)
    .replaceAll(AUTHORIZATION, `$1${REMOVED}`)
    .replaceAll(BEARER, `$1${REMOVED}`)
    .replaceAll(AWS_SIGNATURE, `$1${REMOVED}`)
    .replaceAll(NAMED, `$1${REMOVED}`)
    .replaceAll(FLAG, `$1${REMOVED}`)
    .replaceAll(AWS_KEY_ID, REMOVED);
}

/** `value` with every text in it redacted. Fields keep their names. */
export function redactedDeep<Value>(value: Value): Value {
  return mapTexts(value, redacted) as Value;
}

/** `value` with `change` applied to every text in it. */
export function mapTexts(
  value: unknown,
  change: (text: string, field: string) => string,
  field = "",
): unknown {
  if (typeof value === "string") return change(value, field);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, change, field));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTexts(each, change, key)]));
}
