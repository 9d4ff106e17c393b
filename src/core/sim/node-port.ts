// What arrives at a simulated node, told to the process that runs there then; to none, it is lost.

import type { Port } from "./network.ts";
import type { Process } from "./process.ts";

/** `pass` hands an event to the process, perhaps later. */
export function portTo(pass: (event: (process: Process) => void) => void, isUp: () => boolean): Port {
  return {
    get isUp() {
      return isUp();
    },
    receive: (group, message) => pass(({ events }) => events?.receive(group, message)),
    heard: (peer) => pass(({ events }) => events?.heard(peer)),
    heardDisk: (peer, report) => pass(({ watch }) => watch.heard(peer, report)),
    heardCheck: (peer, check) => pass(({ comparing }) => comparing?.heard(peer, check)),
    quiesced: (peer, quiesce) => pass(({ events }) => events?.quiesced(peer, quiesce)),
    unreachable: (peer, group) => pass(({ events }) => events?.unreachable(peer, group)),
    disconnected: (peer) => pass(({ events }) => events?.disconnected(peer)),
    snapshotDelivered: (group, peer, ok) => pass(({ events }) => events?.snapshotDelivered(group, peer, ok)),
    takeIn: (what) => pass(({ intake }) => what(intake)),
  };
}
