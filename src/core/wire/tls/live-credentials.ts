// gRPC credentials that use the present content of their TLS material for each new connection. Open
// connections do not change. gRPC's own credentials fix the files for ever. Those that follow files apply a
// new authority and a new certificate one after the other; here both change in one step.

import {
  type CallCredentials,
  ChannelCredentials,
  type ChannelOptions,
  type experimental,
  ServerCredentials,
  type VerifyOptions,
} from "@grpc/grpc-js";
import { cutWhenRevoked } from "./revoked-connections.ts";
import type { TlsMaterial } from "./tls.ts";

/** From the first byte to the end of the TLS handshake. */
const HANDSHAKE_MS_MAX = 5_000;

export class LiveServerCredentials extends ServerCredentials {
  constructor(tls: TlsMaterial) {
    super(
      { requestCert: true, rejectUnauthorized: true, handshakeTimeout: HANDSHAKE_MS_MAX },
      contextOf(tls),
    );
    // A new context has new keys for session tickets, so tickets of a removed authority's clients are
    // invalid.
    tls.onChange?.(() => this.updateSecureContextOptions(contextOf(tls)));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

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

// TLS 1.2 has suites without forward secrecy or without authenticated encryption: if TLS 1.2 is enabled, only
// these are.
const SUITES = [
  ...["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"],
  ...["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  ...["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ...["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
].join(":");

function contextOf({ ca, cert, key, minVersion }: TlsMaterial) {
  return { ca, cert, key, minVersion: minVersion ?? "TLSv1.3", ciphers: SUITES } as const;
}
