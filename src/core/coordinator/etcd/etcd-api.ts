// etcd's API of one replica: its services, and the port on which they are served. The leader of the key space answers
// forwarded operations even if it has no such port itself.

import type { NodeId } from "../../base/ids.ts";
import type { Timers } from "../../base/timers.ts";
import { patientKeepalive, serverOptions } from "../../wire/channel-options.ts";
import {
  type AuthServer,
  AuthService,
  type ClusterServer,
  ClusterService,
  type KVServer,
  KVService,
  type LeaseServer,
  LeaseService,
  type MaintenanceServer,
  MaintenanceService,
  type WatchServer,
  WatchService,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import { type ElectionServer, ElectionService } from "../../wire/gen/etcd/v3electionpb/v3election.ts";
import { type LockServer, LockService } from "../../wire/gen/etcd/v3lockpb/v3lock.ts";
import type { ForwardKeysRequest, ForwardKeysResponse, RaftClient } from "../../wire/gen/fleet/v1/raft.ts";
import type { Gate } from "../../wire/server/call-door.ts";
import { RpcServer, type RpcServerOptions } from "../../wire/server/rpc-server.ts";
import { addHealth } from "../../wire/server/standard-services.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { wantedRetention } from "../group/key-retention.ts";
import { answerForwarded } from "./answer-forwarded.ts";
import { authService } from "./auth-service.ts";
import { clusterService } from "./cluster-service.ts";
import { electionService } from "./election-service.ts";
import { type EtcdContext, etcdClusterId } from "./etcd-context.ts";
import {
  authRules,
  clusterRules,
  electionRules,
  kvRules,
  leaseRules,
  lockRules,
  maintenanceRules,
  watchRules,
} from "./etcd-rules.ts";
import { forwardingBy } from "./forward.ts";
import { foundingKeys } from "./found-keys.ts";
import { Headers } from "./headers.ts";
import { KeyAccess } from "./key-access.ts";
import { KeyLeaderMoves } from "./key-leader-moves.ts";
import { KeyLeases } from "./key-leases.ts";
import { KeyReads } from "./key-reads.ts";
import { KeyTime } from "./key-time.ts";
import { KeyWrites } from "./key-writes.ts";
import { type KeyStore, kvService } from "./kv-service.ts";
import { LargeReads } from "./large-reads.ts";
import { LeaderRequired } from "./leader-required.ts";
import { LeaseAccess } from "./lease-access.ts";
import { LeaseKeeper, LOOK_EVERY_MS } from "./lease-keeper.ts";
import { leaseService } from "./lease-service.ts";
import { type LocalKeys, localKeys } from "./local-keys.ts";
import { lockService } from "./lock-service.ts";
import { maintenanceService } from "./maintenance-service.ts";
import { MemberChanges } from "./member-changes.ts";
import { OwnKeyGroup } from "./own-key-group.ts";
import { RETENTION_LOOK_EVERY_MS, RetentionKeeper } from "./retention-keeper.ts";
import { WaitingCallers } from "./waiting-callers.ts";
import { encodeWatchResponse } from "./watch/watch-encoding.ts";
import { WatchHub } from "./watch/watch-hub.ts";
import { watchService } from "./watch/watch-service.ts";

/** How members reach each other. */
export interface EtcdPeers {
  clientTo(peer: NodeId): RaftClient | null;
  etcdAddressOf(peer: NodeId): string;
}

export interface EtcdApi {
  /** For the program that this replica runs in. */
  readonly local: LocalKeys;
  watches(): WatchHub["counts"];
  /** For the peers' port. */
  forwarded(request: ForwardKeysRequest, caller: Caller): Promise<ForwardKeysResponse>;
  /** Serves the API; resolves to the address that it really listens on. */
  listen(listen: string): Promise<string>;
  close(): Promise<void>;
}

export interface EtcdApiOptions extends Omit<RpcServerOptions, "options" | "gate"> {
  readonly gate: Gate;
  readonly timers: Timers;
}

/** `options`: of the server; without TLS every caller is an administrator. */
export function etcdApi(fleet: ServiceContext, peers: EtcdPeers, options: EtcdApiOptions): EtcdApi {
  const { tls } = options;
  const { timers, stopAll } = stoppedTogether(options.timers);
  const own = new OwnKeyGroup(fleet);
  const keys = () => own.now();
  const time = new KeyTime(fleet.clock);
  const addressOf = (member: NodeId) =>
    member === fleet.self ? (fleet.announced(member)?.etcdAddress ?? "") : peers.etcdAddressOf(member);
  const forward = forwardingBy(fleet.clusterId, peers);
  const context: EtcdContext = {
    ...{ fleet, fleetId: fleet.clusterId, keys, time, tls, etcdAddressOf: addressOf },
    ...{ forward, want: foundingKeys(fleet, forward) },
    scheme: tls === "insecure-loopback" ? "http" : "https",
  };
  const server = new RpcServer({ ...options, options: { ...serverOptions, ...patientKeepalive } });
  const keeper = new LeaseKeeper(fleet.clock, context);
  const { internalErrors } = fleet;
  const later = (work: () => void) => void setImmediate(internalErrors.guard("watches of keys", work));
  const now = fleet.clock.monotonicMs;
  const hub = new WatchHub({ space: () => keys()?.machine.space ?? null, later, now });
  const reads = new KeyReads(context);
  const access = new KeyAccess(fleet.machine, (denied) => server.noteDenied(denied), internalErrors);
  const writes = new KeyWrites(context);
  const store: KeyStore = {
    ...{ reads, access, writes, leaseAccess: new LeaseAccess(fleet.work, reads, access, writes) },
    largeReads: new LargeReads(fleet.largeWork, fleet.clock),
    leases: new KeyLeases(context, keeper),
    hub,
    headers: new Headers(etcdClusterId(fleet.clusterId), fleet.self, keys),
  };
  const kv = kvService(context, store);
  const leaderRequired = new LeaderRequired(context, timers);
  const lease = leaseService(context, store, leaderRequired);
  const members = new MemberChanges(fleet, forward);
  const moves = new KeyLeaderMoves(fleet, forward);
  addServices(server, context, store, { kv, lease, leaderRequired, members, moves, timers });
  own.addListener(hub);
  own.addListener(keeper);
  timers.every(LOOK_EVERY_MS, () => keeper.look());
  const retention = new RetentionKeeper({
    ...{ clock: fleet.clock, keys, time, fleet: fleet.driver },
    wanted: () => wantedRetention(fleet.machine),
  });
  timers.every(RETENTION_LOOK_EVERY_MS, () => retention.look());
  return {
    local: localKeys(context, store, kv, lease),
    watches: () => hub.counts,
    forwarded: (request, caller) => answerForwarded(context, { ...store, members, moves }, request, caller),
    listen: (listen) => server.listen(listen),
    close: () => {
      stopAll();
      own.stop();
      return server.close();
    },
  };
}

/** A program that closes its replica must be able to end: no timer of the API may remain. */
function stoppedTogether(timers: Timers): { readonly timers: Timers; stopAll(): void } {
  const stops: (() => void)[] = [];
  const every: Timers["every"] = (ms, action) => {
    const stop = timers.every(ms, action);
    stops.push(stop);
    return stop;
  };
  const stopAll = () => {
    for (const stop of stops) stop();
  };
  return { timers: { ...timers, every }, stopAll };
}

interface Made {
  readonly kv: Implementation<KVServer>;
  readonly lease: Implementation<LeaseServer>;
  readonly leaderRequired: LeaderRequired;
  readonly members: MemberChanges;
  readonly moves: KeyLeaderMoves;
  readonly timers: Timers;
}

function addServices(
  server: RpcServer,
  context: EtcdContext,
  store: KeyStore,
  { kv, lease, leaderRequired, members, moves, timers }: Made,
): void {
  const callers = new WaitingCallers(context, store.access);
  server.addService<KVServer>(KVService, kv, kvRules);
  server.addService<WatchServer>(
    watchDefinition,
    watchService(context, store, timers, leaderRequired, server),
    watchRules,
  );
  server.addService<LeaseServer>(LeaseService, lease, leaseRules);
  server.addService<ClusterServer>(ClusterService, clusterService(context, store, members), clusterRules);
  server.addService<MaintenanceServer>(
    MaintenanceService,
    maintenanceService(context, store, moves),
    maintenanceRules,
  );
  server.addService<AuthServer>(AuthService, authService(store.headers), authRules);
  server.addService<LockServer>(LockService, lockService(context, store, callers), lockRules);
  const election = electionService(context, store, callers, server);
  server.addService<ElectionServer>(ElectionService, election, electionRules);
  // As in etcd: the process as a whole, always serving.
  addHealth(server, []);
}

const watchDefinition = {
  ...WatchService,
  watch: { ...WatchService.watch, responseSerialize: encodeWatchResponse },
};
