// Revoking certificates in tests, and how the refusal of a revoked one looks.

import { status } from "@grpc/grpc-js";
import { expect, vi } from "vitest";
import type { FleetClient, Written } from "../../src/client/fleet-client.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import type { Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";
import type { HostileCluster } from "./hostile-cluster.ts";

export const WAIT_MS = 60_000;
export const REVOKED = { code: status.UNAUTHENTICATED, reason: "CERTIFICATE_REVOKED" };

/** A second is promised; a busy machine takes longer to notice. */
const CUT_MS_MAX = 3_000;

/** To be called when the revocation has been answered. */
export async function cutInTime(cut: Promise<unknown>): Promise<void> {
  const fromMs = performance.now();
  await cut;
  expect(performance.now() - fromMs).toBeLessThanOrEqual(CUT_MS_MAX);
}

export function submit(client: FleetClient, kind: NonNullable<Operation["kind"]>): Promise<Written> {
  return client.submit({ kind }, { deadlineMs: WAIT_MS, reason: "test" });
}

export function revoke(client: FleetClient, subject: string, issuedBeforeMs = 0): Promise<Written> {
  const value = { subject, issuedBeforeMs, holder: "", endsAtMs: 0 };
  return submit(client, { $case: "revokeCertificate", value });
}

export function unrevoke(client: FleetClient, subject: string): Promise<Written> {
  return submit(client, { $case: "unrevokeCertificate", value: { subject } });
}

/** Resolves when the cluster version is one that knows revocations. */
export async function knowsRevocations(cluster: HostileCluster): Promise<void> {
  const areRaised = async () => {
    const statuses = await cluster.statuses();
    return statuses.every(({ clusterVersion }) => clusterVersion === KNOWN_VERSION);
  };
  await vi.waitUntil(areRaised, { timeout: WAIT_MS });
}
