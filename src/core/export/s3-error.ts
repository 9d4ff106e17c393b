// Turns an error of an S3 server or of the SDK into an operator's words. They contain only the error's name,
// status and message: none of them holds a secret.

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

/** The SDK's own message before any request; the error has no name of its own. */
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
      next: "create the bucket, or correct the place; fleet does not create buckets",
      exit: Exit.NotFound,
    });
  }
  return new OperatorError("SNAPSHOT_STORE_FAILED", {
    ...parts,
    what: `snapshots can't be kept in or read from ${place}`,
    next: NO_REGION.test(message)
      ? "add ?region=REGION to the place, or set AWS_REGION where this runs"
      : "check that the server answers, and try again",
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
