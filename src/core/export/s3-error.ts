// What an S3 server or the SDK refused, in an operator's words. Only the error's name, status and message are told:
// none of them holds a secret.

import { Exit, OperatorError } from "../base/errors.ts";
import type { S3Place } from "./place.ts";

interface Told {
  readonly name: string;
  readonly message: string;
  readonly httpStatus: number | null;
}

const UNAUTHENTICATED = new Set([
  "AccessDenied",
  "CredentialsProviderError",
  "ExpiredToken",
  "InvalidAccessKeyId",
  "InvalidToken",
  "SignatureDoesNotMatch",
]);

/** The SDK's own words, before anybody was asked; the error has no name of its own. */
const NO_REGION = /^Region is missing/;

export function isMissingObject(error: unknown): boolean {
  return told(error).name === "NoSuchKey";
}

export function s3Error(place: string, { bucket, endpoint }: S3Place, error: unknown): OperatorError {
  const { name, message, httpStatus } = told(error);
  const why = [name, httpStatus === null ? "" : `(${httpStatus})`, message].filter(Boolean).join(" ");
  const parts = { why, ...(endpoint === null ? {} : { endpoint }), cause: error };
  if (UNAUTHENTICATED.has(name) || httpStatus === 401 || httpStatus === 403) {
    return new OperatorError("SNAPSHOT_STORE_DENIED", {
      ...parts,
      what: `access to ${place} was refused`,
      next: "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_PROFILE where this runs, and the bucket's policy",
      exit: Exit.Authentication,
    });
  }
  if (name === "NoSuchBucket") {
    return new OperatorError("BUCKET_NOT_FOUND", {
      ...parts,
      what: `there is no bucket ${bucket}`,
      next: "make it, or correct the place; fleet makes no buckets",
      exit: Exit.NotFound,
    });
  }
  return new OperatorError("SNAPSHOT_STORE_FAILED", {
    ...parts,
    what: `snapshots can't be kept in or read from ${place}`,
    next: NO_REGION.test(message)
      ? "add ?region=REGION to the place, or set AWS_REGION where this runs"
      : "see whether the server answers, and try again",
    exit: Exit.Failure,
  });
}

function told(error: unknown): Told {
  if (!(error instanceof Error)) return { name: "", message: String(error), httpStatus: null };
  const metadata = "$metadata" in error ? { ...Object(error.$metadata) } : {};
  const { httpStatusCode } = metadata;
  const httpStatus = typeof httpStatusCode === "number" ? httpStatusCode : null;
  return { name: error.name, message: error.message, httpStatus };
}
