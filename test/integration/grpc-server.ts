// A server of grpc-js, as other programs have it: for servers that tests play themselves.

import { type Server, ServerCredentials } from "@grpc/grpc-js";
import type { Tls } from "../../src/core/wire/tls/tls.ts";

/** Callers need a certificate of the authority. */
function grpcCredentials(tls: Tls): ServerCredentials {
  if (tls === "insecure-loopback") return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(tls.ca, [{ private_key: tls.key, cert_chain: tls.cert }], true);
}

/** Listens on `listen` (host:port, port 0 for a free one); resolves to the address with the real port. */
export function bindServer(server: Server, listen: string, tls: Tls): Promise<string> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, grpcCredentials(tls), (error, port) => {
      if (error === null) resolve(listen.replace(/:\d+$/, `:${port}`));
      else reject(error);
    });
  });
}
