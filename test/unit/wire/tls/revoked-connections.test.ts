// A connection to a peer whose certificate is revoked is closed, whatever state it is in.

import type { Socket } from "node:net";
import { expect, test, vi } from "vitest";
import { DenyList } from "../../../../src/core/wire/tls/deny-list.ts";
import { cutWhenRevoked } from "../../../../src/core/wire/tls/revoked-connections.ts";
import type { TlsMaterial } from "../../../../src/core/wire/tls/tls.ts";

const PEER = "fleet://replica/2";

/** A connection, as far as it is asked. */
function connection() {
  const denyList = new DenyList();
  const socket = {
    destroyed: false,
    // Node shows none of a destroyed socket.
    getPeerCertificate: () =>
      socket.destroyed ? null : { subjectaltname: `URI:${PEER}`, serialNumber: "A1" },
    destroy: vi.fn(() => {
      socket.destroyed = true;
    }),
    once: () => socket,
  };
  const watch = () => cutWhenRevoked(socket as unknown as Socket, { denyList } as unknown as TlsMaterial);
  const revoke = (subject: string) => denyList.replace([{ subject, issuedBeforeMs: 0 }]);
  return { socket, watch, revoke };
}

test("it is closed in the turn in which the list says so, and not for another's certificate", () => {
  const { socket, watch, revoke } = connection();
  watch();
  revoke("A2");
  expect(socket.destroy).not.toHaveBeenCalled();
  revoke("A1");
  expect(socket.destroy).toHaveBeenCalledOnce();
});

test("one that is destroyed already, and whose end is not told yet, ends nothing else", () => {
  const { socket, watch, revoke } = connection();
  watch();
  socket.destroyed = true;
  revoke("A1");
  expect(socket.destroy).not.toHaveBeenCalled();
});

test("one that was destroyed during the handshake ends nothing else", () => {
  const { socket, watch, revoke } = connection();
  revoke("A1");
  socket.destroyed = true;
  watch();
  expect(socket.destroy).not.toHaveBeenCalled();
});
