// The HTTP port beside a role. It opens before the role starts, so that a probe finds a process that still reads a long
// log alive, though not ready.
import type { Log } from "../../core/base/log.ts";
import type { FindCertificates } from "../../core/metrics/certificate-metrics.ts";
import type { RoleMetrics } from "../../core/metrics/role-metrics.ts";
import type { ListenAddress } from "../model/listen-address.ts";

export interface MetricsPort {
  /** host:port; empty when there is none. */
  readonly address: string;
  /** From now on the role is shown. */
  show(role: RoleMetrics): void;
  close(): Promise<void>;
}

export interface MetricsAbout {
  readonly process: string;
  readonly version: string;
  readonly certificates: FindCertificates;
  readonly log: Log;
}

/** Null = not at all. */
interface MetricsAt {
  readonly metrics: ListenAddress | null;
  readonly probes: ListenAddress | null;
}

const STARTING: RoleMetrics = {
  collect: () => undefined,
  readiness: () => ({ ready: false, reason: "it starts" }),
};

const NO_PORT: MetricsPort = { address: "", show: () => undefined, close: () => Promise.resolve() };

/** Throws an OperatorError when it can't listen. */
export async function openMetrics(
  { metrics: listen, probes: probesAt }: MetricsAt,
  about: MetricsAbout,
): Promise<MetricsPort> {
  if (listen === null && probesAt === null) return NO_PORT;
  const { openMetricsPort, openProbesPort } = await import("../../core/metrics/metrics-server.ts");
  const { ProcessMetrics } = await import("../../core/metrics/process-metrics.ts");
  const { CertificateMetrics } = await import("../../core/metrics/certificate-metrics.ts");
  const ownProcess = new ProcessMetrics();
  const certificates = new CertificateMetrics(about.certificates);
  let role = STARTING;
  const readiness = () => role.readiness();
  const probes = probesAt && (await openProbesPort({ ...probesAt, readiness }));
  if (probes !== null) about.log.info("probes are answered", { address: probes.address });
  const server =
    listen &&
    (await openMetricsPort({
      ...listen,
      log: about.log,
      readiness,
      collect: async (into) => {
        into.set("fleet_build_info", 1, { process: about.process, version: about.version });
        into.set("fleet_ready", role.readiness().ready);
        await certificates.collect(into);
        await role.collect(into);
        ownProcess.collect(into);
      },
    }));
  if (server !== null) about.log.info("metrics are served", { address: server.address });
  return {
    address: server?.address ?? "",
    show: (shown) => {
      role = shown;
    },
    close: async () => {
      ownProcess.close();
      await Promise.all([server?.close(), probes?.close()]);
    },
  };
}
