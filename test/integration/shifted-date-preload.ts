// Loaded before the program (node --import): its wall clock is off by the seconds in the file that FLEET_TEST_CLOCK
// names, read again at every look. The monotonic clock and timers are left alone.

import { readFileSync } from "node:fs";

const { FLEET_TEST_CLOCK: file = "" } = process.env;
const RealDate = Date;

const wallMs = (): number => RealDate.now() + Number(readFileSync(file, "utf8")) * 1_000;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [wallMs()] : given, newTarget),
  apply: () => new RealDate(wallMs()).toString(),
  get: (target, name, receiver) => (name === "now" ? wallMs : Reflect.get(target, name, receiver)),
});
