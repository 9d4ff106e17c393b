// A grpc-js client of etcd: the same library, channel options and way of calling as the fleet's own client, with
// messages by @grpc/proto-loader.

import { fileURLToPath } from "node:url";
import { type ChannelOptions, Client } from "@grpc/grpc-js";
import { loadSync, type MethodDefinition } from "@grpc/proto-loader";
import { assert, present } from "../../src/core/base/assert.ts";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import type { Tls } from "../../src/core/wire/tls/tls.ts";
import { type CallLimits, unary } from "../../src/core/wire/unary.ts";

const proto = fileURLToPath(new URL("../etcd.proto", import.meta.url));

export interface PutRequest {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** 64-bit numbers are strings: a member's id does not fit into a number. */
export interface EtcdStatus {
  readonly header: { readonly memberId: string; readonly revision: string };
  readonly version: string;
  /** "0" = none. */
  readonly leader: string;
  readonly raftAppliedIndex: string;
  readonly raftTerm: string;
}

type Method = MethodDefinition<object, object>;

export class EtcdClient {
  readonly #client: Client;

  /** `address` is host:port. `options`: others of the channel. */
  constructor(address: string, tls: Tls, options: ChannelOptions = {}) {
    this.#client = new Client(address, channelCredentials(tls, address), { ...channelOptions, ...options });
  }

  put(request: PutRequest, limits: CallLimits): Promise<unknown> {
    return this.#call(methods.put, request, limits);
  }

  status(limits: CallLimits): Promise<EtcdStatus> {
    return this.#call(methods.status, {}, limits);
  }

  close(): void {
    this.#client.close();
  }

  // The type of an answer is what etcd.proto says of the method; proto-loader knows it only at run time.
  #call<Response>(method: Method, request: object, limits: CallLimits): Promise<Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    return unary<object, Response>(
      (message, metadata, options, callback) =>
        this.#client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          message,
          metadata,
          options,
          (error, response) => callback(error, response as Response),
        ),
      request,
      limits,
    );
  }
}

const loaded = loadSync(proto, { longs: String, defaults: true });
const methods = { put: methodOf("KV", "Put"), status: methodOf("Maintenance", "Status") };

function methodOf(service: string, name: string): Method {
  const definition = loaded[`etcdserverpb.${service}`];
  assert(definition !== undefined && !("format" in definition), `etcd.proto has the service ${service}`);
  return present(definition[name], `the service ${service} has the method ${name}`);
}
