// gRPC credentials that use the present content of their TLS material for each new connection. Open
// connections do not change. gRPC's own credentials fix the files for ever. Those that follow files apply a
// new authority and a new certificate one after the other; here both change in one step.

import {
  type CallCredentials,
  ChannelCredentials,
  type ChannelOptions,
  type experimental,
  type VerifyOptions,
} from "@grpc/grpc-js";
import { cutWhenRevoked } from "./revoked-connections.ts";
import type { TlsMaterial } from "./tls.ts";

type Target = Parameters<ChannelCredentials["_createSecureConnector"]>[0];

export class LiveChannelCredentials extends ChannelCredentials {
  readonly #tls: TlsMaterial;
  readonly #check: NonNullable<VerifyOptions["checkServerIdentity"]>;

  constructor(tls: TlsMaterial, check: NonNullable<VerifyOptions["checkServerIdentity"]>) {
    super();
    this.#tls = tls;
    this.#check = check;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    target: Target,
    options: ChannelOptions,
    credentials?: CallCredentials,
  ): experimental.SecureConnector {
    const connector = () => this.#now()._createSecureConnector(target, options, credentials);
    const first = connector();
    return {
      connect: async (socket) => {
        const connected = await connector().connect(socket);
        cutWhenRevoked(connected.socket, this.#tls);
        return connected;
      },
      waitForReady: () => first.waitForReady(),
      getCallCredentials: () => first.getCallCredentials(),
      destroy: () => first.destroy(),
    };
  }

  #now(): ChannelCredentials {
    const { ca, cert, key } = this.#tls;
    return ChannelCredentials.createSsl(ca, key, cert, { checkServerIdentity: this.#check });
  }
}
