// `fleet member list` of a plain etcd cluster.
import { listMembers } from "../../client/etcd/cluster-status.ts";
import { leaseName as hex } from "../../client/etcd/lease-id.ts";
import { type EtcdMemberRow, etcdMemberTable } from "../model/tables/etcd-member-table.ts";
import type { EtcdReading } from "./fleet-command.ts";

export interface EtcdMembers {
  readonly members: readonly EtcdMemberRow[];
}

const TIMEOUT_MS = 5_000;

export const etcdMembersReading: EtcdReading<EtcdMembers, EtcdMemberRow> = {
  load: async (client) => {
    const members = await listMembers(client, TIMEOUT_MS);
    return {
      members: members.map(({ ID, name, isLearner, peerURLs, clientURLs }) => {
        return {
          name,
          memberId: hex(ID),
          role: isLearner ? "learner" : "voter",
          peers: peerURLs,
          clients: clientURLs,
        };
      }),
    };
  },
  view: {
    kind: "EtcdMemberList",
    rowKind: "EtcdMember",
    table: etcdMemberTable,
    rows: ({ members }) => members,
    empty: "the cluster has no members",
  },
};
