// `fleet snapshot save`: the tables as they are now, verified, to a folder or a bucket.
import { Flags } from "@oclif/core";
import type { EtcdClient } from "../../client/etcd/etcd-client.ts";
import type { SavedSnapshot } from "../../client/etcd/save-snapshot.ts";
import type { FleetClient } from "../../client/fleet-client.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { encryptionFlags, encryptionKeys } from "../../ui/cli/encryption-flags.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { timeoutFlag } from "../../ui/cli/fleet-flags.ts";
import type { TextView } from "../../ui/cli/view.ts";

interface SaveReport {
  readonly name: string;
  readonly place: string;
  readonly index: number;
  readonly term: number;
  readonly bytes: number;
  readonly stateHash: string;
  readonly atMs: number;
  /** The id of the key that opens it; null = it is not encrypted. */
  readonly operatorKey: string | null;
}

const view: TextView<SaveReport> = {
  kind: "SnapshotSave",
  name: (report) => report.name,
  text: ({ name, place, index, bytes, stateHash, operatorKey }, { paint, symbols }) => [
    paint.mark("good", `${symbols.marks.good} ${name} was saved and verified`),
    `  place    ${place}`,
    `  state    ${stateHash} at index ${index}, ${bytes} bytes`,
    ...(operatorKey === null ? [] : [`  opens    with key ${operatorKey}`]),
  ],
};

const etcdView: TextView<SavedSnapshot> = {
  kind: "EtcdSnapshotSave",
  name: ({ file }) => file,
  text: ({ file, endpoint, bytes, sha256 }, { paint, symbols }) => [
    paint.mark("good", `${symbols.marks.good} ${file} was saved and verified`),
    `  from     ${endpoint}, ${bytes} bytes`,
    `  sha256   ${sha256}`,
  ],
};

export default class SnapshotSave extends FleetCommand {
  static override summary = "Save a verified snapshot of the fleet elsewhere";
  static override description =
    "It contains everything that was committed when the command began. The command reads it back and " +
    "compares it, and only then writes its manifest. A restore uses no snapshot without a manifest. Credentials for a bucket come from the AWS_* environment or " +
    "profile.";
  static override examples = [
    "<%= config.bin %> snapshot save --to /mnt/backup/fleet",
    "<%= config.bin %> snapshot save --to 's3://bucket/fleet?endpoint=https://minio:9000'",
  ];
  static override flags = {
    ...encryptionFlags,
    to: Flags.string({
      summary:
        "A folder or s3://bucket/prefix (default: what fleet.yaml records); for an etcd cluster a new file",
    }),
    timeout: timeoutFlag("1m", "Give up after this long, whether the fleet or the store is slow"),
  };

  async run(): Promise<SaveReport | SavedSnapshot> {
    const { flags } = await this.parse(SnapshotSave);
    const onEtcd = await this.etcd(flags);
    if (onEtcd !== null) return await this.#saveEtcd(onEtcd.client, flags.to, flags.timeout);
    const [{ storeOf }, { saveSnapshot }] = await Promise.all([
      import("../../client/snapshot/place.ts"),
      import("../../client/snapshot/save.ts"),
    ]);
    const client = await this.client(flags);
    // A local fleet's place and key are not those of another fleet, which a context may have named.
    const { directory = null } = client.target;
    const store = await storeOf(flags.to, "--to", directory);
    const { findLocalFleet } = await import("../../client/files/local-fleet.ts");
    const keys = await encryptionKeys(flags, directory === null ? null : await findLocalFleet(directory));
    if (keys === null) await this.#warnOfPlain(client);
    const { name, manifest } = await saveSnapshot(client, store, flags.timeout, keys);
    const { index, term, bytes, stateHash, atMs } = manifest;
    const report = {
      name,
      place: store.place,
      index,
      term,
      bytes,
      stateHash,
      atMs,
      operatorKey: keys?.current.id ?? null,
    };
    await this.printText(report, view);
    return report;
  }

  async #saveEtcd(client: EtcdClient, to: string | undefined, timeoutMs: number): Promise<SavedSnapshot> {
    if (to === undefined) {
      throw new OperatorError("USAGE", {
        what: "--to is missing",
        why: "a snapshot of an etcd cluster is one file",
        next: "give the file: fleet snapshot save --to backup.db",
        exit: Exit.Usage,
      });
    }
    const { saveEtcdSnapshot } = await import("../../client/etcd/save-snapshot.ts");
    const saved = await saveEtcdSnapshot(client, to, timeoutMs);
    await this.printText(saved, etcdView);
    return saved;
  }

  async #warnOfPlain(client: FleetClient): Promise<void> {
    const { keyReport } = await import("../../client/key/key-status.ts");
    const { nodes } = await keyReport(client);
    if (!nodes.some(({ state }) => state === "encrypted" || state === "replacing")) return;
    this.note(
      "the fleet encrypts its data, but this snapshot is not encrypted: give --encryption-key-file to encrypt it",
      "warn",
    );
  }
}
