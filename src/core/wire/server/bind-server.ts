// Makes a gRPC server listen, with an operator's error when it can't.

import type { Server } from "@grpc/grpc-js";
import { Exit, OperatorError } from "../../base/errors.ts";
import { serverCredentials } from "../tls/credentials.ts";
import type { Tls } from "../tls/tls.ts";

/** Listens on `listen` (host:port, port 0 for a free one); resolves to the address with the real port. */
export function bindServer(server: Server, listen: string, tls: Tls): Promise<string> {
  const credentials = serverCredentials(tls, listen);
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, credentials, (error, port) => {
      if (error === null) resolve(listen.replace(/:\d+$/, `:${port}`));
      else reject(cannotListen(listen, error));
    });
  });
}

function cannotListen(listen: string, cause: Error): OperatorError {
  const isTaken = cause.message.includes("EADDRINUSE");
  return new OperatorError(isTaken ? "PORT_TAKEN" : "CANNOT_LISTEN", {
    what: `cannot listen on ${listen}`,
    why: isTaken ? "another process listens there" : cause.message,
    next: isTaken
      ? `find it with: ss -ltnp 'sport = :${listen.split(":").pop()}'`
      : "check the listen address",
    exit: Exit.Precondition,
    cause,
  });
}
