// etcd's Auth service. Certificates say who a caller is here, and the fleet's roles say what it may do: there are no
// users and passwords. So every method answers as an etcd whose authentication is not enabled.

import type { AuthServer } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import type { Headers } from "./headers.ts";

/** etcd's own, as long as nothing of its users has changed. */
const AUTH_REVISION = 1;

export function authService(headers: Headers): Implementation<AuthServer> {
  const refuse = () => Promise.reject(ETCD_ERRORS.authNotEnabled);
  return {
    authStatus: async () => ({ header: headers.now(), enabled: false, authRevision: AUTH_REVISION }),
    authDisable: async () => ({ header: headers.now() }),
    authEnable: refuse,
    authenticate: refuse,
    userAdd: refuse,
    userGet: refuse,
    userList: refuse,
    userDelete: refuse,
    userChangePassword: refuse,
    userGrantRole: refuse,
    userRevokeRole: refuse,
    roleAdd: refuse,
    roleGet: refuse,
    roleList: refuse,
    roleDelete: refuse,
    roleGrantPermission: refuse,
    roleRevokePermission: refuse,
  };
}
