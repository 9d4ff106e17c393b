// What an S3 server checks of each request. It computes the request's AWS Signature Version 4 again from the user's
// secret, and compares the body with the signed one. From the documentation of the signature, not from the SDK that
// signs.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/((\d{8})\/([^/]+)\/s3\/aws4_request), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;

type Refusal = "AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "XAmzContentSHA256Mismatch";

type Signed = Pick<IncomingMessage, "method" | "url" | "headers">;

/** Why the request is refused, in S3's own words; null when the user of this key has signed it. */
export function refusalOf(
  request: Signed,
  body: Buffer,
  secrets: ReadonlyMap<string, string>,
): Refusal | null {
  const parts = AUTHORIZATION.exec(request.headers.authorization ?? "");
  if (parts === null) return "AccessDenied";
  const [, user = "", scope = "", date = "", region = "", names = "", signature = ""] = parts;
  const secret = secrets.get(user);
  if (secret === undefined) return "InvalidAccessKeyId";
  if (request.headers["x-amz-content-sha256"] !== sha256(body)) return "XAmzContentSHA256Mismatch";
  const at = String(request.headers["x-amz-date"]);
  const text = ["AWS4-HMAC-SHA256", at, scope, sha256(canonical(request, names, sha256(body)))].join("\n");
  const key = [date, region, "s3", "aws4_request"].reduce(hmac, Buffer.from(`AWS4${secret}`));
  const isSame = timingSafeEqual(hmac(key, text), Buffer.from(signature, "hex"));
  return isSame ? null : "SignatureDoesNotMatch";
}

/** S3 signs a path as it is sent, unlike AWS's other services. */
function canonical({ method = "", url = "", headers }: Signed, names: string, bodyHash: string): string {
  const [path = "", query = ""] = url.split("?", 2);
  const parameters = query.split("&").filter((pair) => pair !== "");
  const pairs = parameters.map((pair) => (pair.includes("=") ? pair : `${pair}=`)).sort();
  const values = names.split(";").map((name) => `${name}:${String(headers[name] ?? "").trim()}`);
  return [method, path, pairs.join("&"), ...values, "", names, bodyHash].join("\n");
}

const sha256 = (data: Buffer | string): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
