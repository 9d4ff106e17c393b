// The services of etcd's API, each with the rules of its methods. The order is the seeds': a fuzzer draws methods by it.

import {
  authRules,
  clusterRules,
  electionRules,
  kvRules,
  leaseRules,
  lockRules,
  maintenanceRules,
  watchRules,
} from "../src/core/coordinator/etcd/etcd-rules.ts";
import {
  AuthService,
  ClusterService,
  KVService,
  LeaseService,
  MaintenanceService,
  WatchService,
} from "../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { ElectionService } from "../src/core/wire/gen/etcd/v3electionpb/v3election.ts";
import { LockService } from "../src/core/wire/gen/etcd/v3lockpb/v3lock.ts";

export const ETCD_SERVICES = {
  kv: { methods: KVService, rules: kvRules },
  watch: { methods: WatchService, rules: watchRules },
  lease: { methods: LeaseService, rules: leaseRules },
  lock: { methods: LockService, rules: lockRules },
  election: { methods: ElectionService, rules: electionRules },
  cluster: { methods: ClusterService, rules: clusterRules },
  maintenance: { methods: MaintenanceService, rules: maintenanceRules },
  auth: { methods: AuthService, rules: authRules },
};
