// Deliberate bugs in how files are written, named, read back and removed, and in the hosting of groups.

import type { Mutation } from "./mutation.ts";

const COORDINATOR = "src/core/coordinator";
const STORAGE = "src/core/storage";

export const STORAGE_MUTATIONS: readonly Mutation[] = [
  {
    name: "frame-unsynced",
    rule: "an append resolves only after the sync that covers it",
    edits: [
      {
        file: `${STORAGE}/wal.ts`,
        search: "await file.write(frame, end);",
        replace: "file.write(frame, end).catch((error: unknown) => this.fail(error as Error));",
      },
    ],
  },
  {
    name: "failed-sync-acknowledged",
    rule: "after a failed sync nothing is acknowledged any more (PostgreSQL's fsyncgate)",
    edits: [
      {
        file: `${STORAGE}/wal.ts`,
        search: "        batch.reject(this.#failure);\n        break;\n",
        replace: "        this.#failure = null;\n",
      },
    ],
  },
  {
    name: "segment-without-head",
    rule: "each segment begins with the hard state and the mark of every group, so that older ones can go",
    edits: [
      {
        file: `${STORAGE}/wal.ts`,
        search: "return [...heads, ...records];",
        replace: "return heads.length < 0 ? heads : [...records];",
      },
    ],
    test: {
      file: "test/unit/storage/snapshots.test.ts",
      name: "compaction removes the segments below it, and the rest reopens",
    },
  },
  {
    name: "file-renamed-unsynced",
    rule: "a file's content is durable before it gets its name",
    edits: [
      {
        file: "src/core/base/durable-file.ts",
        search: "    await file.fill(content);\n    await file.sync();\n",
        replace: "    await file.fill(content);\n",
      },
    ],
  },
  {
    name: "name-unsynced",
    rule: "a file's new name is durable before anything depends on it",
    edits: [
      {
        file: "src/core/base/durable-file.ts",
        search: "  await files.syncDirectory(dirname(path));\n}\n\n/** Makes creations",
        replace: "}\n\n/** Makes creations",
      },
    ],
  },
  {
    name: "mark-before-file",
    rule: "a snapshot's file is durable before the log's mark names it",
    edits: [
      {
        file: `${STORAGE}/disk-storage.ts`,
        search: "    await this.#snapshots.save(group, head, encode);\n",
        replace: "    this.#snapshots.save(group, head, encode).catch(() => undefined);\n",
      },
    ],
  },
  {
    name: "received-mark-before-file",
    rule: "a received snapshot's file is durable before the log's mark names it",
    edits: [
      {
        file: `${STORAGE}/disk-storage.ts`,
        search: "this.#gates.set(group, before === undefined ? saved : before.then(() => saved));",
        replace: "if (before !== undefined) this.#gates.set(group, before.then(() => saved));",
      },
    ],
    test: {
      file: "test/unit/storage/snapshots.test.ts",
      name: "a received snapshot stays in memory until its file is durable",
    },
  },
  {
    name: "segment-removed-before-mark",
    rule: "entries stay until the snapshot that stands for them is durable",
    edits: [
      {
        file: `${STORAGE}/disk-storage.ts`,
        search: "return logIndex(Math.min(compacted, marked));",
        replace: "return logIndex(Math.max(compacted, marked));",
      },
    ],
    test: {
      file: "test/unit/storage/disk-storage.test.ts",
      name: "a received snapshot that did not become durable costs no entries",
    },
  },
  {
    name: "marked-snapshot-pruned",
    rule: "the file that the newest mark names stays until a newer mark is durable",
    edits: [
      {
        file: `${STORAGE}/snapshot-folder.ts`,
        search: "name.group === group && name.index < marked);",
        replace: "name.group === group && name.index <= marked);",
      },
      {
        file: `${STORAGE}/snapshot-folder.ts`,
        search: "await this.#remove(older.slice(1));",
        replace: "await this.#remove(older);",
      },
    ],
  },
  {
    name: "newest-segments-removed-first",
    rule: "the oldest segment goes first, and durably before the next one",
    edits: [
      {
        file: `${STORAGE}/segment-cleanup.ts`,
        search:
          "for (const segment of segments.slice(0, -1)) {\n      if (!segment.isCovered(coveredIndex)) break;",
        replace:
          "for (const segment of segments.slice(0, -1).reverse()) {\n      if (!segment.isCovered(coveredIndex)) continue;",
      },
    ],
    test: {
      file: "test/unit/storage/snapshots.test.ts",
      name: "a group that was not compacted keeps its segments",
    },
  },
  {
    name: "any-tail-cut",
    rule: "recovery cuts a torn tail, and refuses what was written completely and damaged later",
    edits: [
      {
        file: `${STORAGE}/recovery.ts`,
        search: "          await this.#refuseUnlessTorn(sequence, bytes, offset, read);\n",
        replace: "",
      },
    ],
  },
  {
    name: "torn-tail-left",
    rule: "recovery overwrites a torn tail with zeros, or a later frame ends in its remains",
    edits: [
      {
        file: `${STORAGE}/recovery.ts`,
        search: "          await this.#overwrite(file, offset, new Uint8Array(bytes.length - offset));\n",
        replace: "",
      },
    ],
    test: {
      file: "test/unit/storage/recovery.test.ts",
      name: "etcd#14140: sectors of the last frame that never reached the disk: cut, and the log goes on from there",
    },
  },
  {
    name: "page-cache-trusted",
    rule: "what recovery shows is durable, also when its writer was killed before the sync (etcd#14140)",
    edits: [{ file: `${STORAGE}/recovery.ts`, search: "    await this.#confirmNewest();\n", replace: "" }],
  },
  {
    name: "seen-name-trusted",
    rule: "a name that recovery sees is made durable, also when its maker was killed before that",
    edits: [
      {
        file: `${STORAGE}/data-directory.ts`,
        search: "    await files.syncDirectory(path);\n  }\n  return { ...paths, segment,",
        replace: "  }\n  return { ...paths, segment,",
      },
    ],
    test: {
      file: "test/unit/sim/killed-then-cut.test.ts",
      name: "killed at any wait, then cut off from power: what was acknowledged is there",
    },
  },
  {
    name: "damaged-snapshot-read",
    rule: "bytes that differ in one bit are not read as a snapshot",
    edits: [
      {
        file: `${STORAGE}/snapshot-file.ts`,
        search: "if (Buffer.compare(sha256(body), bytes.subarray(bodyBytes)) !== 0)",
        replace: "if (bytes.length === 0)",
      },
    ],
  },
  {
    name: "quiescent-group-never-wakes",
    rule: "a quiescent group wakes when somebody here wants something of it (liveness, ADR-0008)",
    edits: [
      {
        file: `${COORDINATOR}/host/host.ts`,
        search: "if (hosted !== undefined) this.#wake(hosted);",
        replace: "if (hosted !== undefined) hosted.idleTicks = 0;",
      },
    ],
    test: {
      file: "test/unit/coordinator/host/host.test.ts",
      name: "a quiescent leader that is cut off confirms no read, although nobody has replaced it yet",
    },
  },
  {
    name: "short-segment-read",
    rule: "a segment that is shorter than it was made is damage",
    edits: [
      {
        file: `${STORAGE}/segment.ts`,
        search: "if (fileBytes >= bytes) return null;",
        replace: "if (fileBytes >= 0) return null;",
      },
    ],
    test: {
      file: "test/unit/storage/recovery.test.ts",
      name: "etcd#6378, etcd#5230: the file cut short at any byte, within its last frame or behind it: refused, with both sizes",
    },
  },
  {
    name: "older-frame-proves-damage",
    rule: "only a frame with a later sequence proves that the one before it had been whole",
    edits: [
      {
        file: `${STORAGE}/frame.ts`,
        search: "return sequence > own && sequence <= own + (offset - invalid) / FRAME_BYTES_MIN;",
        replace: "return sequence >= 0 || own > 0;",
      },
    ],
    test: {
      file: "test/unit/storage/recovery.test.ts",
      name: "a torn last frame whose payload holds an older frame's bytes: cut, not refused",
    },
  },
  {
    name: "stale-lock-without-guard",
    rule: "a stale lock is removed only by who holds its guard and sees it still there",
    edits: [
      {
        file: `${STORAGE}/lock-file.ts`,
        search: "if ((await readHolder(path, files)) !== held) return;",
        replace: "await readHolder(path, files);",
      },
    ],
    test: {
      file: "test/unit/storage/lock-contention.test.ts",
      name: "three starters at once never both remove a stale lock, in 2 000 orders",
    },
  },
  {
    name: "draft-of-the-lock-reused",
    rule: "a draft left by a killed process is no file of this one: it may be the lock under a second name",
    edits: [
      {
        file: `${STORAGE}/lock-file.ts`,
        search: "    await files.remove(draft);\n    const file",
        replace: "    const file",
      },
    ],
  },
  {
    name: "replay-keeps-suffix",
    rule: "recovery replaces the suffix that a later record replaced (Raft §5.3)",
    edits: [
      {
        file: "src/core/storage/replay.ts",
        search: "this.#entries.length = entry.index - 1 - this.#base;",
        replace: "if (entry.index <= this.#last()) return;",
      },
    ],
  },
  {
    name: "key-used-before-it-is-durable",
    rule: "a key is durable in the ring before it seals anything (ADR-0031)",
    edits: [
      {
        file: "src/core/storage/at-rest.ts",
        search:
          "await this.#replace(next, keys.current);\n      this.#sealer = new FrameSealer(activeKey(next));",
        replace:
          "this.#sealer = new FrameSealer(activeKey(next));\n      await this.#replace(next, keys.current);",
      },
    ],
  },
  {
    name: "key-dropped-too-early",
    rule: "a key leaves the ring only when no segment needs it (ADR-0031)",
    edits: [
      {
        file: "src/core/storage/at-rest.ts",
        search: "for (const id of [...files.values(), ...segments.keys()]) used.add(id);",
        replace: "for (const id of files.values()) used.add(id);",
      },
    ],
  },
  {
    name: "forget-term",
    rule: "the term survives a restart (Raft Figure 2)",
    edits: [
      {
        file: "src/core/storage/write-request.ts",
        search: '...(hardState ? [{ kind: "hard-state" as const, group, hardState }] : []),',
        replace:
          '...(hardState && hardState.commit > 1 ? [{ kind: "hard-state" as const, group, hardState }] : []),',
      },
    ],
  },
  {
    name: "segment-removed-too-early",
    rule: "a segment stays until none of its entries is needed",
    edits: [
      {
        file: "src/core/storage/segment-index.ts",
        search: "filter(([group, last]) => last > coveredIndex(group))",
        replace: "filter(([group, last]) => last > coveredIndex(group) + 9)",
      },
    ],
  },
];
