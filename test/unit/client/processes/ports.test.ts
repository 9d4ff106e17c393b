// Free ports are distinct and stay held; a taken one is told with its holder where the kernel tells it.
import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import {
  findPortHolder,
  holdFreePorts,
  isPortTaken,
  portOf,
} from "../../../../src/client/processes/ports.ts";

test("ports held together are distinct, taken while held, and free once released", async () => {
  const ports = await holdFreePorts(5);
  try {
    expect(new Set(ports.addresses).size).toBe(5);
    // Where no outgoing connection can stand in the way of a restart.
    for (const address of ports.addresses) expect(portOf(address)).toBeLessThan(30_000);
    expect(await Promise.all(ports.addresses.map(isPortTaken))).toEqual([true, true, true, true, true]);
  } finally {
    await ports.release();
  }
  // Releasing twice is harmless: an error path may do it after the good one.
  await ports.release();
  expect(await isPortTaken(ports.addresses[0] ?? "")).toBe(false);
});

// A process that is down holds no port, but will want its own when it is started again.
test("reserved ports are passed over, and not kept", async () => {
  const reserved = new Set<number>();
  const ports = await holdFreePorts(2, (port) => {
    if (reserved.size < 3) reserved.add(port);
    return reserved.has(port);
  });
  try {
    expect(reserved.size).toBe(3);
    expect(ports.addresses.map(portOf).filter((port) => reserved.has(port))).toEqual([]);
    const taken = await Promise.all([...reserved].map((port) => isPortTaken(`127.0.0.1:${port}`)));
    expect(taken).toEqual([false, false, false]);
  } finally {
    await ports.release();
  }
});

test("the holder of a port is named by pid and command", async () => {
  const ports = await holdFreePorts(1);
  try {
    const holder = await findPortHolder(ports.addresses[0] ?? "");
    // Without /proc there is no answer, and the error says less.
    if (process.platform === "linux") expect(holder?.pid).toBe(process.pid);
    else expect(holder).toBeNull();
  } finally {
    await ports.release();
  }
});

// A member's peers dial it as soon as its row is written, which is before its process takes the port over.
test("a port is let go although somebody has dialed it", async () => {
  const ports = await holdFreePorts(1);
  const dialed = connect(Number(ports.addresses[0]?.split(":")[1]), "127.0.0.1");
  dialed.on("error", () => undefined);
  await once(dialed, "connect");
  await ports.release();
  dialed.destroy();
});
