// One process's data folder, opened by the real storage on a virtual disk: what coordinator.ts does before anything is
// served. A new folder is founded, or marked as that of a replica that lost its disk.

import type { Clock } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import { bootstrap } from "../coordinator/membership/bootstrap.ts";
import { DiskStorage } from "../storage/disk-storage.ts";
import type { EncryptionChoice } from "../storage/folder-keys.ts";
import { decodePayload, readFrame } from "../storage/frame.ts";
import type { FrameReader } from "../storage/frame-seal.ts";
import { GroupsFile } from "../storage/groups-file.ts";
import type { WalRecord } from "../storage/record.ts";
import { RejoinMark } from "../storage/rejoin-mark.ts";
import type { StorageWorld } from "../storage/storage-world.ts";
import type { Chance } from "./chance.ts";
import type { KeyHolder } from "./key-holders.ts";
import { SafetyViolation } from "./violation.ts";
import type { VirtualDisk } from "./virtual-disk.ts";
import { VirtualFiles } from "./virtual-files.ts";

const DATA_FOLDER = "/data";
export const META_FILE = `${DATA_FOLDER}/meta.json`;
export const REJOIN_MARK = `${DATA_FOLDER}/rejoining`;
export const CLUSTER_ID = "simulated";

export interface FolderOptions {
  readonly node: NodeId;
  /** Counts the node's processes. */
  readonly life: number;
  readonly disk: VirtualDisk;
  readonly chance: Chance;
  readonly clock: Clock;
  readonly segmentBytes: number;
  readonly partBytes: number;
  /** What an empty folder is to be; null = left empty. */
  readonly founding: { readonly bootstrap: boolean; readonly voters: readonly NodeId[] } | null;
  readonly groups: number;
  /** What encrypts it; null = it is plain. */
  readonly keys: KeyHolder | null;
  readonly delayMs: () => number;
  readonly pass: (ms: number) => Promise<void>;
  readonly onUse: () => void;
  /** Gets the frames that are written once the folder is open. */
  readonly onFrame: (records: readonly WalRecord[]) => void;
  readonly onSynced: (records: readonly WalRecord[]) => void;
}

export interface Folder {
  readonly storage: DiskStorage;
  readonly mark: RejoinMark;
  readonly groupsFile: GroupsFile;
  readonly isMarked: boolean;
  readonly isWhole: boolean;
}

/** Throws what the storage throws. */
export async function openFolder(options: FolderOptions): Promise<Folder> {
  const { node, disk, segmentBytes, founding, groups, keys } = options;
  let opened: DiskStorage | null = null;
  const onWrite = (path: string, bytes: Uint8Array, offset: number) => {
    if (opened === null || !path.endsWith(".wal")) return () => undefined;
    const segment = Number.parseInt(path.split("/").at(-1) ?? "", 10);
    const records = recordsIn(opened.frames, segment, offset, bytes);
    if (typeof records === "string") {
      keys?.found(new SafetyViolation("encryption", `node ${node} writes a frame, and ${records}`));
      return () => undefined;
    }
    options.onFrame(records);
    return () => options.onSynced(records);
  };
  const files = new VirtualFiles({
    ...{ disk, chance: options.chance, delayMs: options.delayMs, pass: options.pass, onUse: options.onUse },
    onWrite,
  });
  const identity = { clusterId: CLUSTER_ID, nodeId: node };
  const world = worldOf(options, files);
  const open = (encryption: EncryptionChoice | null) =>
    DiskStorage.open({ directory: DATA_FOLDER, identity, segmentBytes, world, encryption });
  const isOld = disk.inode(META_FILE) !== undefined && !disk.isDamaged;
  if (isOld) await keys?.tryWrong(open, () => disk.list(DATA_FOLDER).join());
  const storage = await open(keys?.choice ?? null);
  const mark = new RejoinMark(DATA_FOLDER, files);
  if (founding !== null) await bootstrap({ dataDirectory: DATA_FOLDER, ...founding, groups }, storage, mark);
  const [isMarked, isWhole] = [await mark.isSet(), await mark.isWhole()];
  const groupsFile = await GroupsFile.open(DATA_FOLDER, files);
  keys?.opened(storage);
  opened = storage;
  return { storage, mark, groupsFile, isMarked, isWhole };
}

function worldOf({ node, life, clock, pass, partBytes }: FolderOptions, files: VirtualFiles): StorageWorld {
  const own = `${node} ${life}`;
  return {
    files,
    partBytes,
    clock: { now: clock.monotonicMs, endOfPass: () => pass(0), sleep: pass },
    processes: { own: async () => own, isAlive: async (process) => process.trim() === own },
  };
}

/** Or why the frame can't be read back. */
function recordsIn(
  frames: FrameReader,
  segment: number,
  offset: number,
  bytes: Uint8Array,
): readonly WalRecord[] | string {
  const read = readFrame(bytes, 0);
  if (read.kind !== "frame") throw new Error(`what is written to the log is no frame but ${read.kind}`);
  const payload = frames.read({ segment, offset, sequence: read.sequence }, read);
  if (typeof payload === "string") return payload;
  return decodePayload(payload);
}

/** The first configuration, written before the first start: at once, and seen by no check. */
export async function bootstrapFolder(
  options: Omit<FolderOptions, "onFrame" | "onSynced">,
  voters: readonly NodeId[],
): Promise<void> {
  const { storage } = await openFolder({
    ...options,
    founding: { bootstrap: true, voters },
    delayMs: () => 0,
    pass: () => Promise.resolve(),
    onFrame: () => undefined,
    onSynced: () => undefined,
  });
  await storage.close();
}
