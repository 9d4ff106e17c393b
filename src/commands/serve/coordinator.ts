// `fleet serve coordinator`: one replica of the coordinator, in the foreground.
import { Flags } from "@oclif/core";
import { MEMBER_NUMBER_MAX } from "../../core/base/ids.ts";
import type { EtcdPort } from "../../core/coordinator/coordinator-options.ts";
import { encryptionFlags, encryptionSource } from "../../ui/cli/encryption-flags.ts";
import { engineFlags, etcdEngine, refuseOwnKeys } from "../../ui/cli/engine-flags.ts";
import { durationFlag } from "../../ui/cli/fleet-flags.ts";
import {
  authorityFlags,
  roleFlags,
  ServeCommand,
  type ServedRole,
  type StartRole,
  tlsFlags,
} from "../../ui/cli/serve-command.ts";
import { livenessLimits } from "../../ui/model/liveness-limits.ts";
import { parsePeers } from "../../ui/model/peers.ts";

export default class ServeCoordinator extends ServeCommand {
  static override summary = "Run one coordinator replica in the foreground";
  static override description =
    "fleet init and fleet up run this command; on other hosts, run it as a service. An empty data folder is bootstrapped only with --bootstrap. Without it, an empty folder means a lost disk, and the replica asks its peers to readmit it.";
  static override flags = {
    ...tlsFlags,
    ...authorityFlags,
    ...roleFlags,
    ...encryptionFlags,
    "encrypt-existing": Flags.boolean({
      summary: "Encrypt an unencrypted data folder: new files at once, old files as they are replaced",
    }),
    id: Flags.integer({
      ...{ required: true, min: 1, max: MEMBER_NUMBER_MAX },
      summary: "This replica's number; it never changes",
    }),
    name: Flags.string({ required: true, summary: "This replica's name" }),
    fleet: Flags.string({ required: true, summary: "The fleet's name" }),
    "cluster-id": Flags.string({
      required: true,
      summary: "The fleet's id; replicas of other fleets are refused",
    }),
    listen: Flags.string({ required: true, summary: "host:port to listen on" }),
    "etcd-listen": Flags.string({
      helpValue: "HOST:PORT",
      summary: "Serve etcd's API on this address too (default: not at all)",
    }),
    "etcd-plaintext": Flags.boolean({
      dependsOn: ["etcd-listen"],
      summary:
        "No TLS for etcd's API; on loopback addresses only, where every caller is then an administrator",
    }),
    ...engineFlags,
    peers: Flags.string({
      required: true,
      summary: "All replicas, including this one: 1=n1@host:port,2=n2@host:port",
    }),
    data: Flags.string({ required: true, summary: "Data folder" }),
    profile: Flags.option({
      options: ["lan", "wan"] as const,
      default: "lan" as const,
      summary: "Timings",
    })(),
    bootstrap: Flags.boolean({ summary: "Bootstrap the fleet if the data folder is empty" }),
    groups: Flags.integer({
      min: 0,
      max: 2048,
      default: 0,
      summary: "With --bootstrap: number of further Raft groups; experimental, each only replicates a tally",
    }),
    "snapshot-every": Flags.integer({
      min: 10,
      max: Number.MAX_SAFE_INTEGER,
      default: 10_000,
      summary:
        "Applied entries, at most 8 MiB, between two of the log's own snapshots; up to four times as many for a large state",
    }),
    "snapshot-send-rate": Flags.integer({
      min: 65_536,
      max: Number.MAX_SAFE_INTEGER,
      default: 67_108_864,
      summary: "Bytes a second for sending snapshots, to all followers together",
    }),
    "snapshot-to": Flags.string({
      summary: "Export verified snapshots to this folder or s3://bucket/prefix while this replica leads",
    }),
    "snapshot-interval": durationFlag({
      dependsOn: ["snapshot-to"],
      summary: "Time between two exported snapshots (default: 5m)",
    }),
    "snapshot-keep": Flags.integer({
      dependsOn: ["snapshot-to"],
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      summary: "Number of exported snapshots to keep; the newest is never deleted (default: 12)",
    }),
    "suspect-after": durationFlag({
      summary: "A shard without a report for this long is suspect; use the same value on all replicas",
      default: 30_000,
      defaultHelp: async () => "30s",
    }),
    "dead-after": durationFlag({
      summary: "A shard without a report for this long is dead; no binding changes by that alone",
      default: 60_000,
      defaultHelp: async () => "60s",
    }),
    "first-contacts-max": Flags.integer({
      min: 0,
      max: 1_000_000,
      default: 1_000,
      summary: "Maximum number of bindings by first contact per shard; declare more with fleet cluster bind",
    }),
    "allow-faults": Flags.boolean({
      summary: "Let drills make faults in this process, each for a limited time (fleet drill)",
    }),
    "audit-export-every": Flags.integer({
      min: 1,
      max: 10_000,
      default: 1_000,
      summary: "Audit entries per exported file in the data folder's audit/; fleet never removes these files",
    }),
  };

  async run(): Promise<void> {
    const { setting, start } = await this.described();
    await this.serve(setting, start);
  }

  /** The coordinator of these arguments: about it, and what starts it. */
  async described(): Promise<Pick<ServedRole, "setting" | "start">> {
    const { flags } = await this.parse(ServeCoordinator);
    const liveness = livenessLimits(flags["suspect-after"], flags["dead-after"]);
    const { startCoordinator } = await import("../../core/coordinator/coordinator.ts");
    const { absolutePlace } = await import("../../core/export/open-store.ts");
    const { "snapshot-to": to, "snapshot-interval": everyMs = 300_000, "snapshot-keep": keep = 12 } = flags;
    const snapshotExports = to === undefined ? null : { to: absolutePlace(to, process.cwd()), everyMs, keep };
    refuseOwnKeys(flags);
    const { replicas, self } = parsePeers(flags.peers, flags.id, flags.name);
    const certificates = this.certificates(flags);
    const source = encryptionSource(flags);
    const encryption = source === null ? null : { source, existing: flags["encrypt-existing"] };
    const start: StartRole = (log, onFatal, metricsAddress) =>
      startCoordinator({
        self,
        clusterId: flags["cluster-id"],
        clusterName: flags.fleet,
        replicas,
        listen: flags.listen,
        etcd: etcdPort(flags),
        engine: etcdEngine(flags),
        dataDirectory: flags.data,
        encryption,
        bootstrap: flags.bootstrap,
        groups: flags.groups,
        tls: this.tls(flags),
        profile: flags.profile,
        snapshotEvery: flags["snapshot-every"],
        snapshotBytesPerSecond: flags["snapshot-send-rate"],
        allowFaults: flags["allow-faults"],
        auditExportEvery: flags["audit-export-every"],
        snapshotExports,
        liveness,
        firstContactsMax: flags["first-contacts-max"],
        version: this.config.version,
        metricsAddress,
        log,
        onFatal,
      });
    return { setting: { process: "coordinator", flags, certificates }, start };
  }
}

function etcdPort(flags: {
  readonly "etcd-listen": string | undefined;
  readonly "etcd-plaintext": boolean;
}): EtcdPort | null {
  const { "etcd-listen": listen, "etcd-plaintext": isPlaintext } = flags;
  return listen === undefined ? null : { listen, isPlaintext };
}
