// Where drills' faults act in a coordinator: its storage's file system, its links and its clock (ADR-0034). A
// coordinator that does not allow faults runs without these seams.

import { randomInt } from "node:crypto";
import { systemClock } from "../../base/clock.ts";
import type { Timers } from "../../base/timers.ts";
import { diskWorld } from "../../storage/disk-world.ts";
import type { StorageWorld } from "../../storage/storage-world.ts";
import type { CoordinatorOptions } from "../coordinator-options.ts";
import { FaultBoard } from "./fault-board.ts";
import { faultyFiles } from "./faulty-files.ts";

export function faultBoard({ allowFaults = false, log }: CoordinatorOptions, timers: Timers): FaultBoard {
  if (allowFaults) log.warn("this coordinator takes the faults of drills (--allow-faults)");
  return new FaultBoard({ isAllowed: allowFaults, clock: systemClock, timers, below: randomInt, log });
}

export function worldWith(faults: FaultBoard): StorageWorld {
  return faults.isAllowed ? { ...diskWorld, files: faultyFiles(diskWorld.files, faults) } : diskWorld;
}
