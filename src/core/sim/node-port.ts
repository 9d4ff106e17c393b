// What arrives at a simulated node, told to the process that runs there then; to none, it is lost.

import type { NodeId } from "../base/ids.ts";
import type { Port } from "./network.ts";
import type { Process } from "./process.ts";

/** `pass` hands an event to the process, perhaps later. */
export function portTo(
  pass: (event: (process: Process) => void) => void,
  running: () => Process | null,
): Port {
  // As the transport does before it looks at anything of a stream.
  const passOf = (peer: NodeId, event: (process: Process) => void) =>
    pass((process) => process.services.gate.refusal(peer) === null && event(process));
  return {
    get isUp() {
      return running() !== null;
    },
    refuses: (peer) => running()?.services.gate.refusal(peer) !== null,
    receive: (group, message) => passOf(message.from, ({ events }) => events?.receive(group, message)),
    heard: (peer) => passOf(peer, ({ events }) => events?.heard(peer)),
    opened: (peer) => passOf(peer, ({ events }) => events?.opened(peer)),
    connected: (peer) => passOf(peer, ({ events }) => events?.connected(peer)),
    heardDisk: (peer, report) => passOf(peer, ({ watch }) => watch.heard(peer, report)),
    heardCheck: (peer, check) => passOf(peer, ({ comparing }) => comparing?.heard(peer, check)),
    quiesced: (peer, quiesce) => passOf(peer, (process) => process.quiesced(peer, quiesce)),
    unreachable: (peer, group) => pass(({ events }) => events?.unreachable(peer, group)),
    disconnected: (peer) => pass(({ events }) => events?.disconnected(peer)),
    snapshotDelivered: (group, peer, ok) => pass(({ events }) => events?.snapshotDelivered(group, peer, ok)),
    takeIn: (what) => pass(({ intake }) => what(intake)),
  };
}
