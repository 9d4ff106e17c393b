// Clients of etcd's API for tests, over the generated services: the same ones for a fleet and for an etcd.

import { ChannelCredentials, type ClientDuplexStream } from "@grpc/grpc-js";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import {
  AuthClient,
  ClusterClient,
  KVClient,
  LeaseClient,
  MaintenanceClient,
  WatchClient,
  type WatchRequest,
  type WatchResponse,
} from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event } from "../../src/core/wire/gen/etcd/mvccpb/kv.ts";
import { ElectionClient } from "../../src/core/wire/gen/etcd/v3electionpb/v3election.ts";
import { LockClient } from "../../src/core/wire/gen/etcd/v3lockpb/v3lock.ts";
import { unary } from "../../src/core/wire/unary.ts";

export class EtcdClients {
  readonly kv: KVClient;
  readonly watch: WatchClient;
  readonly lease: LeaseClient;
  readonly cluster: ClusterClient;
  readonly maintenance: MaintenanceClient;
  readonly auth: AuthClient;
  readonly lock: LockClient;
  readonly election: ElectionClient;

  constructor(address: string, credentials: ChannelCredentials = ChannelCredentials.createInsecure()) {
    this.kv = new KVClient(address, credentials, channelOptions);
    const shared = { ...channelOptions, channelOverride: this.kv.getChannel() };
    this.watch = new WatchClient(address, credentials, shared);
    this.lease = new LeaseClient(address, credentials, shared);
    this.cluster = new ClusterClient(address, credentials, shared);
    this.maintenance = new MaintenanceClient(address, credentials, shared);
    this.auth = new AuthClient(address, credentials, shared);
    this.lock = new LockClient(address, credentials, shared);
    this.election = new ElectionClient(address, credentials, shared);
  }

  close(): void {
    this.kv.close();
  }
}

const PATIENCE_MS = 50_000;

/** `call(kv.put.bind(kv), request)`; rejects with grpc-js's ServiceError. */
export function call<Request, Response>(
  method: Parameters<typeof unary<Request, Response>>[0],
  request: Request,
  patienceMs = PATIENCE_MS,
): Promise<Response> {
  return unary(method, request, { endMs: performance.now() + patienceMs });
}

/** One watch, which starts again at another member where it was interrupted, as etcd's clients do. */
export class ResumedWatch {
  readonly events: Event[] = [];
  #next: number;
  #stream: ClientDuplexStream<WatchRequest, WatchResponse> | null = null;
  #isOver = false;
  readonly #clients: () => EtcdClients;
  readonly #create: (startRevision: number) => WatchRequest;

  /** `clients`: another member each time. */
  constructor(
    clients: () => EtcdClients,
    startRevision: number,
    create: (startRevision: number) => WatchRequest,
  ) {
    this.#clients = clients;
    this.#next = startRevision;
    this.#create = create;
    this.#open();
  }

  close(): void {
    this.#isOver = true;
    this.#stream?.cancel();
  }

  #open(): void {
    if (this.#isOver) return;
    const stream = this.#clients().watch.watch();
    this.#stream = stream;
    stream.on("data", ({ events }: WatchResponse) => {
      this.events.push(...events);
      this.#next = (events.at(-1)?.kv?.modRevision ?? this.#next - 1) + 1;
    });
    stream.on("error", () => setTimeout(() => this.#open(), 50));
    stream.write(this.#create(this.#next));
  }
}
