// An etcd cluster in this process: real gRPC on loopback, the real key space behind it, one port for each node. A test
// decides for each call of each node what happens to it. Leases end only when a test says so.

import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  status,
} from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import { EtcdClient } from "../../../../src/client/etcd/etcd-client.ts";
import { present } from "../../../../src/core/base/assert.ts";
import type { KeyOperationKind } from "../../../../src/core/kv/command-codec.ts";
import type { KeyResponse } from "../../../../src/core/kv/key-response.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import {
  KVService,
  type LeaseKeepAliveRequest,
  type LeaseKeepAliveResponse,
  LeaseService,
  type RangeRequest,
  type RangeResponse,
  type TxnRequest,
  type WatchCreateRequest,
  type WatchRequest,
  WatchResponse,
  WatchService,
} from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";

/** What happens to a call: the usual, a refusal before it is applied, or its answer is lost after it was applied. */
export type Fate = "usual" | "no leader" | "answer lost" | "hangs";

const TEXTS: Readonly<Record<string, string>> = {
  "lease-not-found": "etcdserver: requested lease not found",
  "lease-exists": "etcdserver: lease already exists",
  compacted: "etcdserver: mvcc: required revision has been compacted",
};

interface Watcher {
  readonly stream: ServerDuplexStream<WatchRequest, WatchResponse>;
  readonly request: WatchCreateRequest;
  next: number;
}

export class FakeStore {
  readonly space = new KeySpace();
  readonly nodes: FakeNode[] = [];
  /** Every call that reached a node: "put@0". */
  readonly calls: string[] = [];

  static async start(nodes = 1): Promise<FakeStore> {
    const store = new FakeStore();
    for (let at = 0; at < nodes; at += 1) store.nodes.push(await FakeNode.start(store, at));
    onTestFinished(() => {
      for (const node of store.nodes) node.stop();
    });
    return store;
  }

  client(deadlineMs = 5_000): EtcdClient {
    const addresses = this.nodes.map(({ address }) => address);
    const client = new EtcdClient(addresses, "insecure-loopback", deadlineMs);
    onTestFinished(() => client.close());
    return client;
  }

  /** Applies an operation, and shows its events to the watchers. Throws the text of a refusal. */
  apply(kind: KeyOperationKind): Extract<KeyResponse, { value: unknown }>["value"] {
    const [applied] = this.space.apply({ format: 0, atMs: 0, operations: [{ kind, leasesSeenAt: 0 }] });
    for (const node of this.nodes) node.push();
    const answer = present(applied, "an operation is answered").answer;
    if (!answer.ok) throw new Error(TEXTS[answer.error] ?? answer.error);
    return "value" in answer.response ? answer.response.value : (undefined as never);
  }

  put(key: string, value = "", lease = "0"): void {
    const flags = { prevKv: false, ignoreValue: false, ignoreLease: false };
    this.apply({
      $case: "put",
      value: { key: Buffer.from(key), value: Buffer.from(value), lease, ...flags },
    });
  }

  delete(key: string): void {
    this.apply({
      $case: "deleteRange",
      value: { key: Buffer.from(key), rangeEnd: new Uint8Array(0), prevKv: false },
    });
  }

  /** The leases, as decimal texts. */
  leases(): string[] {
    return [...this.space.leases.all()].map(({ id }) => id);
  }

  endLease(ID: string): void {
    this.apply({ $case: "leaseRevoke", value: { ID } });
  }
}

export class FakeNode {
  readonly address: string;
  fate: (method: string) => Fate = () => "usual";
  /** Changes what a range answers. */
  lie: (answer: RangeResponse) => RangeResponse = (answer) => answer;
  readonly #store: FakeStore;
  readonly #at: number;
  readonly #server: Server;
  readonly #watchers = new Set<Watcher>();

  private constructor(store: FakeStore, at: number, server: Server, port: number) {
    this.#store = store;
    this.#at = at;
    this.#server = server;
    this.address = `127.0.0.1:${port}`;
  }

  static async start(store: FakeStore, at: number): Promise<FakeNode> {
    const server = new Server();
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    const node = new FakeNode(store, at, server, port);
    node.#serve();
    return node;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  /** Ends the streams of its watches, as a node does that has lost its leader. */
  cutWatches(): void {
    for (const { stream } of this.#watchers) {
      stream.emit("error", { code: status.UNAVAILABLE, details: "etcdserver: no leader" });
    }
    this.#watchers.clear();
  }

  push(): void {
    for (const watcher of this.#watchers) this.#pushTo(watcher);
  }

  #serve(): void {
    const { space } = this.#store;
    const write = ($case: KeyOperationKind["$case"]) => (value: object) =>
      this.#store.apply({ $case, value } as KeyOperationKind);
    this.#server.addService(KVService, {
      range: this.#unary("range", (request: RangeRequest) => this.lie(readOf(space.range(request)))),
      put: this.#unary("put", write("put")),
      deleteRange: this.#unary("deleteRange", write("deleteRange")),
      txn: this.#unary("txn", (value: TxnRequest) => this.#store.apply({ $case: "txn", value })),
      compact: this.#unary("compact", write("compaction")),
    });
    this.#server.addService(LeaseService, {
      leaseGrant: this.#unary("leaseGrant", write("leaseGrant")),
      leaseRevoke: this.#unary("leaseRevoke", write("leaseRevoke")),
      leaseKeepAlive: this.#keepAlive,
      leaseTimeToLive: this.#unary("leaseTimeToLive", () => ({ TTL: -1 })),
      leaseLeases: this.#unary("leaseLeases", () => ({ leases: [] })),
    });
    this.#server.addService(WatchService, { watch: this.#watch });
  }

  #unary<Request>(method: string, answer: (request: Request) => unknown) {
    const handle: handleUnaryCall<Request, unknown> = (call, callback) => {
      this.#store.calls.push(`${method}@${this.#at}`);
      const fate = this.fate(method);
      if (fate === "hangs") return;
      if (fate === "no leader") {
        callback({ code: status.UNAVAILABLE, details: "etcdserver: no leader" });
        return;
      }
      try {
        const response = answer(call.request);
        if (fate === "usual") callback(null, response);
        else callback({ code: status.UNAVAILABLE, details: "Connection dropped" });
      } catch (error) {
        const details = error instanceof Error ? error.message : String(error);
        callback({ code: status.FAILED_PRECONDITION, details });
      }
    };
    return handle;
  }

  readonly #keepAlive = (stream: ServerDuplexStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>): void => {
    stream.on("data", ({ ID }: LeaseKeepAliveRequest) => {
      this.#store.calls.push(`keepAlive@${this.#at}`);
      if (this.fate("keepAlive") !== "usual") return;
      const lease = this.#store.space.leases.get(ID);
      stream.write({ header: undefined, ID, TTL: lease === undefined ? 0 : lease.ttlSeconds });
    });
    stream.on("end", () => stream.end());
  };

  readonly #watch = (stream: ServerDuplexStream<WatchRequest, WatchResponse>): void => {
    stream.on("data", ({ requestUnion }: WatchRequest) => {
      if (requestUnion?.$case !== "createRequest") return;
      this.#store.calls.push(`watch@${this.#at}`);
      const { space } = this.#store;
      const request = requestUnion.value;
      const watcher = { stream, request, next: request.startRevision || space.currentRevision + 1 };
      stream.write(this.#response({ created: true }));
      this.#watchers.add(watcher);
      this.#pushTo(watcher);
    });
    const forget = () => {
      for (const watcher of this.#watchers) if (watcher.stream === stream) this.#watchers.delete(watcher);
    };
    stream.on("cancelled", forget);
    stream.on("end", () => {
      forget();
      stream.end();
    });
  };

  #pushTo(watcher: Watcher): void {
    const { space } = this.#store;
    const { key, rangeEnd } = watcher.request;
    const compactRevision = space.compactRevision;
    if (watcher.next < compactRevision) {
      this.#watchers.delete(watcher);
      watcher.stream.write(this.#response({ canceled: true, compactRevision }));
      return;
    }
    const found = space.eventsSince({
      ...{ revision: watcher.next, key, rangeEnd, prevKv: false },
      ...{ eventsMax: 1_000, bytesMax: 1_000_000 },
    });
    if (!("events" in found) || found.events.length === 0) return;
    watcher.next = space.currentRevision + 1;
    watcher.stream.write(this.#response({ events: [...found.events] }));
  }

  #response(given: Parameters<typeof WatchResponse.fromPartial>[0]): WatchResponse {
    return WatchResponse.fromPartial({ header: { revision: this.#store.space.currentRevision }, ...given });
  }
}

function readOf<Response>(
  read: { readonly ok: true; readonly response: Response } | { readonly ok: false; readonly error: string },
): Response {
  if (read.ok) return read.response;
  throw new Error(TEXTS[read.error] ?? read.error);
}
