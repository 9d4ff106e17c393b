// The facts of this machine about a local fleet.

import { isNearlyFull } from "../../../core/base/disk-room.ts";
import type { Check } from "../check.ts";
import type { LocalFacts } from "../local-facts.ts";
import { roomWords } from "./disks.ts";

/** Connections, log segments and snapshots need files; the server keeps room for members (ADR-0024). */
const OPEN_FILES_MIN = 4_096;

export const localChecks: readonly Check<LocalFacts>[] = [
  {
    id: "local.process",
    severity: "error",
    why: "a process of this fleet is not running",
    look: ({ processes }) =>
      processes
        .filter(({ running }) => !running)
        .map(({ name }) => ({
          subject: name,
          evidence: "it does not run",
          next: "fleet up; read its log first if it crashed",
        })),
  },
  {
    id: "local.coordinators",
    severity: "error",
    why: "the shard finds no leader: it reports nothing, and gets no instruction and no revocation",
    look: ({ cutOff }) =>
      cutOff.map(({ name, coordinators }) => ({
        subject: name,
        evidence: `it knows only coordinators that have all left: ${coordinators.join(", ")}`,
        next: "fleet up, which restarts it with the present ones",
      })),
  },
  {
    id: "local.open-files",
    severity: "warning",
    why: "a process without free files refuses connections, and cannot write new segments",
    look: ({ processes }) =>
      processes.flatMap(({ name, openFilesMax }) =>
        openFilesMax === null || openFilesMax >= OPEN_FILES_MIN
          ? []
          : [
              {
                subject: name,
                evidence: `it may open ${openFilesMax} files`,
                next: "raise the limit (ulimit -n 65536), then fleet down and fleet up",
              },
            ],
      ),
  },
  {
    id: "local.disk-space",
    severity: "warning",
    why: "with a full disk a node stores nothing and cannot lead",
    look: ({ disks }) =>
      disks.filter(isNearlyFull).map(({ folder, ...room }) => ({
        subject: folder,
        evidence: roomWords(room),
        next: "free space on that disk",
      })),
  },
  {
    id: "local.key-mode",
    severity: "error",
    why: "other users of this machine can read the key, and act in its holder's name",
    look: ({ keys }) =>
      keys
        .filter(({ mode }) => (mode & 0o077) !== 0)
        .map(({ file, mode }) => ({
          subject: file,
          evidence: `mode 0${mode.toString(8)}`,
          next: `chmod 600 ${file}; then renew its certificate if others could read it`,
        })),
  },
  {
    id: "local.certificate",
    severity: "warning",
    why: "an expired or unusable certificate cuts its holder off",
    look: ({ certificates }) =>
      certificates
        .filter(({ state }) => state !== "valid")
        .map(({ name, state, daysLeft, problem }) => ({
          subject: name,
          evidence:
            problem ??
            (state === "soon"
              ? `it expires in ${daysLeft} days`
              : `it is ${state === "ended" ? "expired" : state}`),
          severity: state === "soon" ? ("warning" as const) : ("error" as const),
          next: `fleet cert rotate ${name}`,
        })),
  },
];
