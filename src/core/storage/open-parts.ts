// Opens a data folder: reads the log back, and makes the parts that write and read from now on. What must
// stay true: nothing is written before the keys are checked. The ring of a formerly plain folder names its
// plain files and segments before the first frame is sealed.

import type { FileSystem } from "../base/file-system.ts";
import { type GroupId, logIndex } from "../base/ids.ts";
import type { OpenedRing } from "../seal/key-ring.ts";
import { AtRest } from "./at-rest.ts";
import { buildLogs } from "./build-logs.ts";
import { plainContent } from "./content-files.ts";
import {
  prepareDataDirectory,
  recordEncrypted,
  recordSegmentSize,
  SEGMENT_BYTES,
  type StorageIdentity,
} from "./data-directory.ts";
import { DiskSpace, isOutOfSpace } from "./disk-space.ts";
import { diskWorld } from "./disk-world.ts";
import { beginRing, checkRingOwner, type EncryptionChoice, ringOf } from "./folder-keys.ts";
import type { MemoryLog } from "./memory.ts";
import { recoverWal } from "./recovery.ts";
import { refuseUnfinished } from "./recovery-mark.ts";
import type { OnReport } from "./report.ts";
import { parseSnapshotFileName } from "./snapshot-file.ts";
import { SnapshotFolder } from "./snapshot-folder.ts";
import { SnapshotSpools } from "./snapshot-spools.ts";
import type { StorageWorld } from "./storage-world.ts";
import { SyncLatency } from "./sync-latency.ts";
import { Wal } from "./wal.ts";

export interface DiskStorageOptions {
  readonly directory: string;
  readonly identity: StorageIdentity;
  /** Size of a log segment in a new folder, 16 MiB by default. An existing folder keeps its size. */
  readonly segmentBytes?: number;
  readonly onReport?: OnReport;
  /** The operator's keys; null or absent = the folder must be plain, and an encrypted one is refused. */
  readonly encryption?: EncryptionChoice | null;
  /**
   * Set by the recovery that marked the folder, to finish it. Any other caller is refused (recovery-mark.ts).
   */
  readonly finishesRecovery?: boolean;
  /**
   * The machine's by default. A seam: tests make syncs fail or wait, and simulations have their own world.
   */
  readonly world?: StorageWorld;
}

export interface StorageParts {
  readonly logs: Map<GroupId, MemoryLog>;
  readonly wal: Wal;
  readonly snapshots: SnapshotFolder;
  readonly snapshotDirectory: string;
  readonly incoming: SnapshotSpools;
  readonly space: DiskSpace;
  readonly syncs: SyncLatency;
  /** Null: the folder is not encrypted. */
  readonly atRest: AtRest | null;
}

/** The caller holds the folder's lock. */
export async function openParts(options: DiskStorageOptions, onReport: OnReport): Promise<StorageParts> {
  const { directory, identity, segmentBytes = SEGMENT_BYTES, encryption = null } = options;
  const { files, clock, partBytes } = options.world ?? diskWorld;
  if (options.finishesRecovery !== true) await refuseUnfinished(directory, files);
  let ring = await checkedRing(options, files);
  const encrypt = async () => {
    if (encryption !== null) ring ??= await beginRing(directory, identity, null, encryption, files);
  };
  const paths = await prepareDataDirectory(
    ...([directory, identity, segmentBytes, files, onReport] as const),
    encryption === null ? null : encrypt,
  );
  const { segment } = paths;
  const atRestBefore = ring === null ? null : new AtRest(directory, ring, files);
  const recovered = await recoverWal(paths.wal, segment, files, onReport, atRestBefore?.frames);
  // An earlier version's segments are whole now, and this version never lets a file grow.
  if (segment.mayHaveGrown) await recordIfRoom(directory, segment.bytes, files);
  if (ring === null && encryption !== null) {
    const frames = recovered.nextFrame - 1;
    const plain = { frames, snapshots: await snapshotNames(paths.snapshots, files) };
    ring = await beginRing(directory, identity, plain, encryption, files);
  }
  if (ring !== null && !paths.saysEncrypted) await recordEncrypted(directory, segment.bytes, files);
  const atRest = atRestBefore ?? (ring === null ? null : new AtRest(directory, ring, files));
  const content = atRest?.content ?? plainContent(files);
  const space = new DiskSpace(clock, onReport);
  const snapshots = new SnapshotFolder(paths.snapshots, space, content, onReport, partBytes);
  const logs = await buildLogs(recovered, snapshots);
  await snapshots.removeUnmarked((group) => recovered.groups.get(group)?.mark?.index ?? logIndex(0));
  const incoming = new SnapshotSpools(paths.snapshots, content, partBytes);
  await incoming.removeThrough((group) => recovered.groups.get(group)?.mark?.index ?? 0);
  const syncs = new SyncLatency(() => clock.now());
  const world = options.world ?? diskWorld;
  const sealer = () => atRest?.sealer ?? null;
  const wal = await Wal.open(
    { directory: paths.wal, segmentBytes: segment.bytes, world, space, syncs, onReport, sealer },
    recovered,
  );
  return { logs, wal, snapshots, snapshotDirectory: paths.snapshots, incoming, space, syncs, atRest };
}

/** The folder's ring, checked to be this node's. Null = it has none, or no key was given. Only reads. */
export async function checkedRing(
  { directory, identity, encryption = null, finishesRecovery = false }: DiskStorageOptions,
  files: FileSystem,
): Promise<OpenedRing | null> {
  if (encryption === null) return null;
  const ring = await ringOf(directory, encryption, files);
  // A recovery changes the identity of the ring and of the folder, one after the other.
  if (ring !== null && !finishesRecovery) checkRingOwner(directory, ring, identity);
  return ring;
}

async function snapshotNames(directory: string, files: FileSystem): Promise<readonly string[]> {
  return (await files.list(directory)).filter((name) => parseSnapshotFileName(name) !== null);
}

/** A folder on a full disk may be opened; a later start then records it. */
async function recordIfRoom(directory: string, segmentBytes: number, files: FileSystem): Promise<void> {
  try {
    await recordSegmentSize(directory, segmentBytes, files);
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
  }
}
