// Rich gRPC errors: a google.rpc.Status in `grpc-status-details-bin`. It has an ErrorInfo: a stable reason
// in upper snake case. It has a RetryInfo if a retry makes sense. For a refused batch it has a BadRequest that
// names its rows. A stream that answers many requests carries the same google.rpc.Status in its messages. The code
// that raises an error chooses its reason.

import { Metadata, status } from "@grpc/grpc-js";
import { cut, printable } from "../base/printable.ts";
import {
  BadRequest,
  type BadRequest_FieldViolation,
  ErrorInfo,
  RetryInfo,
} from "./gen/google/rpc/error_details.ts";
import { Status } from "./gen/google/rpc/status.ts";

const DETAILS_KEY = "grpc-status-details-bin";
const DOMAIN = "fleet.v1";
const ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo";
const BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest";
const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";

/** An error in the form that a grpc-js server sends and a client's callback gets. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;

  /**
   * Without a stack: it is an answer, not a bug, and a storm of refusals would spend most of its time on
   * stacks.
   */
  constructor(code: status, message: string, metadata: Metadata) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.details = message;
    this.metadata = metadata;
  }
}

// Errors quote callers' texts of any length. Message and metadata travel in headers, of which HTTP/2 peers
// accept some 64 kB.
const TEXT_CHARACTERS_MAX = 1_000;

/**
 * An error for a gRPC answer. `metadata` is put into ErrorInfo; `retryDelayMs` tells the caller when to
 * retry. Long texts are cut, and the message is made printable: the program that shows it may not escape it.
 */
export function rpcError(
  code: status,
  reason: string,
  message: string,
  metadata: Readonly<Record<string, string>> = {},
  retryDelayMs?: number,
): RpcError {
  const facts = Object.entries(metadata).map(([key, text]) => [key, cut(text, TEXT_CHARACTERS_MAX)]);
  const info = { reason, domain: DOMAIN, metadata: Object.fromEntries(facts) };
  const details = [{ typeUrl: ERROR_INFO, value: ErrorInfo.encode(info).finish() }];
  if (retryDelayMs !== undefined) {
    details.push({
      typeUrl: RETRY_INFO,
      value: RetryInfo.encode({ retryDelay: toDuration(retryDelayMs) }).finish(),
    });
  }
  return fromStatus({ code, message: printable(cut(message, TEXT_CHARACTERS_MAX)), details });
}

const REASONS = new WeakMap<RpcError, string>();

/** The reason of our own error, parsed once however often it is sent. */
export function reasonOf(error: RpcError): string {
  const reason = REASONS.get(error) ?? readRpcError(error).reason ?? "";
  REASONS.set(error, reason);
  return reason;
}

/** What is wrong with one row of a batch; rows count from 0. */
export interface RowViolation {
  readonly row: number;
  readonly reason: string;
  readonly message: string;
}

// They travel in a header, in base64, and HTTP/2 peers refuse headers above some 64 kB.
const VIOLATION_BYTES_MAX = 32 * 1024;

/** The same error, naming as many rows as fit. */
export function withViolations(error: RpcError, violations: readonly RowViolation[]): RpcError {
  const bad = BadRequest.fromPartial({});
  let bytes = 0;
  for (const { row, reason, message } of violations) {
    const violation = { field: `[${row}]`, description: message, reason };
    bytes += Buffer.byteLength(message) + reason.length + ROW_BYTES;
    if (bytes > VIOLATION_BYTES_MAX) break;
    bad.fieldViolations.push(violation);
  }
  const { code, message, details } = toStatus(error);
  const detail = { typeUrl: BAD_REQUEST, value: BadRequest.encode(bad).finish() };
  return fromStatus({ code, message, details: [...details, detail] });
}

// Bytes of a violation besides its reason and its message.
const ROW_BYTES = 32;

/** `failed` as the error that a unary call would have ended with. */
export function fromStatus(failed: Status): RpcError {
  const trailers = new Metadata();
  trailers.set(DETAILS_KEY, Buffer.from(Status.encode(failed).finish()));
  return new RpcError(failed.code, failed.message, trailers);
}

/** The whole error, to be carried in a message; the inverse of `fromStatus`. */
export function toStatus(error: RpcError): Status {
  const { code, details: message } = error;
  const [packed] = error.metadata.get(DETAILS_KEY);
  return packed instanceof Uint8Array ? Status.decode(packed) : { code, message, details: [] };
}

/**
 * The content of a failed call's error. `reason` is null when the error did not come from a fleet server's
 * own code.
 */
export interface RpcFailure {
  readonly code: status;
  readonly reason: string | null;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryDelayMs: number | null;
}

/** Reads any thrown value; an error from elsewhere gets code UNKNOWN. Never throws. */
export function readRpcError(error: unknown): RpcFailure {
  const code = codeOf(error);
  const message = messageOf(error);
  const found = detailsOf(error);
  const info = found.info?.domain === DOMAIN ? found.info : null;
  const delay = found.retry?.retryDelay;
  return {
    code,
    reason: info?.reason ?? null,
    message,
    metadata: info?.metadata ?? {},
    retryDelayMs: delay === undefined ? null : delay.seconds * 1000 + Math.ceil(delay.nanos / 1_000_000),
  };
}

/** The rows in a refused batch's error. */
export function violationsOf(error: unknown): RowViolation[] {
  return (detailsOf(error).bad?.fieldViolations ?? []).map(violationOf);
}

function toDuration(ms: number): { seconds: number; nanos: number } {
  return { seconds: Math.floor(ms / 1000), nanos: Math.round((ms % 1000) * 1_000_000) };
}

function codeOf(error: unknown): status {
  return error instanceof Error && "code" in error && typeof error.code === "number"
    ? error.code
    : status.UNKNOWN;
}

// grpc-js prefixes `message` with the code ("14 UNAVAILABLE: …"); `details` is the sentence alone.
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "details" in error && typeof error.details === "string" ? error.details : error.message;
}

function violationOf({ field, reason, description }: BadRequest_FieldViolation): RowViolation {
  return { row: Number(/^\[(\d+)\]$/.exec(field)?.[1] ?? 0), reason, message: description };
}

interface Details {
  info?: ErrorInfo;
  retry?: RetryInfo;
  bad?: BadRequest;
}

function detailsOf(error: unknown): Details {
  if (!(error instanceof Error && "metadata" in error && error.metadata instanceof Metadata)) return {};
  const [packed] = error.metadata.get(DETAILS_KEY);
  if (!(packed instanceof Uint8Array)) return {};
  const found: Details = {};
  try {
    for (const detail of Status.decode(packed).details) {
      if (detail.typeUrl === ERROR_INFO) found.info = ErrorInfo.decode(detail.value);
      if (detail.typeUrl === BAD_REQUEST) found.bad = BadRequest.decode(detail.value);
      if (detail.typeUrl === RETRY_INFO) found.retry = RetryInfo.decode(detail.value);
    }
  } catch {
    // Details that can't be read (a proxy's, or a newer peer's) leave the plain code and message.
  }
  return found;
}
