// The CPU time of this thread. On a machine that others use as well, it says more than a clock.

export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
