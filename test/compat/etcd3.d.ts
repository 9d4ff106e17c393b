// The part of etcd3 that is used here. A worktree whose node_modules are older still has its types.
declare module "etcd3" {
  import type { EventEmitter } from "node:events";

  export interface Builder<Value> extends PromiseLike<Value> {
    string(): Promise<string | null>;
  }
  interface Put extends PromiseLike<unknown> {
    value(value: string | number): Put;
    exec(): Promise<unknown>;
  }
  interface Multi extends PromiseLike<unknown> {
    prefix(prefix: string): Multi;
    strings(): Promise<Record<string, string>>;
    keys(): Promise<string[]>;
    count(): Promise<number>;
  }
  interface Delete extends PromiseLike<unknown> {
    key(key: string): Delete;
    prefix(prefix: string): Delete;
    all(): Delete;
  }
  interface Lock {
    ttl(seconds: number): Lock;
    acquire(): Promise<Lock>;
    release(): Promise<void>;
    leaseId(): Promise<string | null>;
  }
  interface Lease extends EventEmitter {
    grant(): Promise<string>;
    revoke(): Promise<void>;
    put(key: string): Put;
    keepaliveOnce(): Promise<{ readonly TTL: string }>;
  }
  interface Watched {
    readonly key: Buffer;
    readonly value: Buffer;
    readonly mod_revision: string;
  }
  interface Watcher extends EventEmitter {
    cancel(): Promise<void>;
  }
  interface WatchBuilder {
    key(key: string): WatchBuilder;
    prefix(prefix: string): WatchBuilder;
    startRevision(revision: string): WatchBuilder;
    create(): Promise<Watcher>;
  }
  interface Transaction {
    get(key: string): Builder<unknown>;
    put(key: string): Put;
  }
  interface Campaign extends EventEmitter {
    wait(): Promise<Campaign>;
    proclaim(value: string): Promise<void>;
    resign(): Promise<void>;
  }
  interface Observer extends EventEmitter {
    leader(): string | undefined;
    cancel(): Promise<void>;
  }
  interface Election {
    campaign(value: string): Campaign;
    leader(): Promise<string | undefined>;
    observe(): Promise<Observer>;
  }
  export class Namespace {
    get(key: string): Builder<unknown>;
    getAll(): Multi;
    put(key: string): Put;
    delete(): Delete;
    lock(key: string): Lock;
    lease(ttl: number): Lease;
    watch(): WatchBuilder;
    stm(options: { readonly isolation: number }): {
      transact<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
    };
    election(name: string, ttl?: number): Election;
    namespace(prefix: string): Namespace;
    if(
      key: string,
      column: string,
      comparison: string,
      value: string | number,
    ): {
      then(...clauses: unknown[]): {
        else(...clauses: unknown[]): { commit(): Promise<{ succeeded: boolean }> };
      };
    };
  }
  export class Etcd3 extends Namespace {
    constructor(options: {
      readonly hosts: readonly string[];
      readonly credentials?: {
        readonly rootCertificate: Buffer;
        readonly privateKey?: Buffer;
        readonly certChain?: Buffer;
      };
    });
    close(): void;
  }
}
