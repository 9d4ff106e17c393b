// Where snapshots are exported to, as an operator writes it: a folder, or
// `s3://bucket/prefix?endpoint=https://host:port&region=…&path-style=true`. Pure. Credentials are
// deliberately absent: they come from the environment or the profile that AWS's own tools use.

import { Exit, OperatorError } from "../base/errors.ts";

export interface S3Place {
  readonly bucket: string;
  /** Empty, or ending in "/". */
  readonly prefix: string;
  /** Null = AWS's own, or the one in the environment. */
  readonly endpoint: string | null;
  readonly region: string | null;
  /** The bucket is in the path, not in the host's name. */
  readonly pathStyle: boolean;
}

const PARAMETERS = ["endpoint", "region", "path-style"];

export const isS3 = (place: string): boolean => place.startsWith("s3://");

// Also matches `s3:/bucket`. Otherwise a folder of that name would be made and the snapshot reported as
// saved.
const SCHEME = /^[a-z][a-z0-9+.-]*:\//i;

/** Throws an OperatorError (usage) if this is neither a folder's path nor in a bucket. */
export function requirePlace(place: string): void {
  if (place.trim() === "") throw notAPlace("it is blank");
  if (isS3(place)) parseS3Place(place);
  else if (SCHEME.test(place)) throw notAPlace("it is a URL that does not begin with s3://");
}

/** Throws an OperatorError (usage) if this is not an S3 place. */
export function parseS3Place(place: string): S3Place {
  const url = URL.canParse(place) ? new URL(place) : null;
  if (url === null || url.protocol !== "s3:" || url.hostname === "") throw notAPlace("it names no bucket");
  if (url.username !== "" || url.password !== "" || url.hash !== "") {
    throw notAPlace("it holds a user, a password or a #");
  }
  const unknown = [...url.searchParams.keys()].find((key) => !PARAMETERS.includes(key));
  if (unknown !== undefined) throw notAPlace(`it has a parameter ${unknown}`);
  const endpoint = url.searchParams.get("endpoint");
  if (endpoint !== null && !isEndpoint(endpoint))
    throw notAPlace("its endpoint is not an http or https address");
  const style = url.searchParams.get("path-style");
  if (style !== null && style !== "true" && style !== "false")
    throw notAPlace("its path-style is neither true nor false");
  const prefix = url.pathname.replaceAll(/^\/+|\/+$/g, "");
  return {
    bucket: url.hostname,
    prefix: prefix === "" ? "" : `${prefix}/`,
    endpoint,
    region: url.searchParams.get("region"),
    // Servers other than AWS's seldom have a host name for each bucket.
    pathStyle: style === null ? endpoint !== null : style === "true",
  };
}

function isEndpoint(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
}

// The error does not repeat the place: it may contain a password.
function notAPlace(why: string): OperatorError {
  return new OperatorError("USAGE", {
    what: "that is not a place for snapshots",
    why,
    next: "name a folder, or s3://bucket/prefix?endpoint=https://host:port&region=REGION; credentials come from the AWS_* environment or profile",
    exit: Exit.Usage,
  });
}
