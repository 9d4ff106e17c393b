import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { failureWords, isTlsFailure } from "../../../src/client/failure-words.ts";

const failure = (message: string, code = status.UNAVAILABLE, reason: string | null = null) => ({
  code,
  reason,
  message,
  metadata: {},
  retryDelayMs: null,
});
const unconnected = (cause: string) =>
  failure(`No connection established. Last error: ${cause}. Resolution note: `);

test.each([
  {
    said: unconnected("Error: connect ECONNREFUSED 127.0.0.1:7001"),
    words: "connection refused",
    why: "nobody listens",
  },
  {
    said: unconnected("Error: self-signed certificate in certificate chain"),
    words: "self-signed certificate in certificate chain",
    why: "TLS's own words say what is wrong",
  },
  {
    said: unconnected("Error: certificate has expired"),
    words:
      "its certificate has expired: renew it with fleet cert rotate, or with fleet cert issue on a host of its own",
    why: "of the other side's, what to do",
  },
  {
    said: unconnected(
      "Error: write EPROTO 40B7:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:ssl/record",
    ),
    words: "it does not speak TLS: something else listens at this address",
    why: "a web server",
  },
  {
    said: unconnected("Failed to connect (2026-11-21T03:35:49.052Z)"),
    words: "the connection was closed while it was set up",
    why: "plaintext on one side only",
  },
  {
    said: failure(
      "Deadline exceeded after 0.800s,name resolution: 0.012s,Waiting for LB pick",
      status.DEADLINE_EXCEEDED,
    ),
    words: "no answer within 0.8 s",
    why: "a process that hangs",
  },
  {
    said: failure("Deadline exceeded after 1.4999s,remote_addr=127.0.0.1:7001", status.DEADLINE_EXCEEDED),
    words: "no answer within 1.5 s",
    why: "nobody needs microseconds of a failure",
  },
  {
    said: failure("no leader is known", status.UNAVAILABLE, "NO_LEADER"),
    words: "no leader is known",
    why: "a server's own words stay",
  },
  { said: failure("Connection dropped"), words: "Connection dropped", why: "what is short already stays" },
])("$words: $why", ({ said, words }) => expect(failureWords(said)).toBe(words));

test.each([
  { cause: "Error: self-signed certificate in certificate chain", isTls: true },
  { cause: "Error: connect ECONNREFUSED 127.0.0.1:7001", isTls: false },
])("$cause is a matter of certificates: $isTls", ({ cause, isTls }) =>
  expect(isTlsFailure(unconnected(cause))).toBe(isTls),
);
