// What etcd's clients are told when the fleet refuses a change of its members. Pure.

import { status } from "@grpc/grpc-js";
import { type RpcError, reasonOf } from "../../wire/rpc-error.ts";
import { ETCD_ERRORS, etcdError } from "./etcd-errors.ts";

/** Null: nothing was changed, and another attempt, perhaps at another leader, may succeed. */
export function memberChangeError(error: RpcError): RpcError | null {
  const { code, details } = error;
  if (code === status.PERMISSION_DENIED) return ETCD_ERRORS.permissionDenied;
  switch (reasonOf(error)) {
    // etcd's own.
    case "":
      return error;
    case "NOT_LEADER":
    case "NO_LEADER":
    case "LEADERSHIP_TRANSFER":
    case "MEMBERSHIP_CHANGE_UNDER_WAY":
    case "REVOCATION_UNDER_WAY":
    // Two additions have chosen the same number.
    case "MEMBER_EXISTS":
      return null;
    case "NO_QUORUM":
      return ETCD_ERRORS.timeout;
    case "LEADERSHIP_LOST":
      return ETCD_ERRORS.timeoutLeaderFailed;
    case "OVERLOADED":
      return ETCD_ERRORS.tooManyRequests;
    case "QUORUM_WOULD_BE_LOST":
      return ETCD_ERRORS.unhealthy;
    case "INVALID_ADDRESS":
      return ETCD_ERRORS.memberBadUrls;
    default:
      return etcdError(code, details);
  }
}
