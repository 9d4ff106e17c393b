// Which filters and orders a list supports. An unsupported one is refused: ignoring it would list too much,
// and a caller that acts on the rows would act on the wrong ones.

import { status } from "@grpc/grpc-js";
import { type LabelTest, parseSelector, SELECTOR_RULE } from "../../base/label-selector.ts";
import { ListFilter, type ListRequest } from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";

type Field = keyof ListFilter;
type Order = "newestFirst";

const NONE = ListFilter.fromPartial({});

/** The request's filter with all fields set; throws the RpcError for one that is not `allowed`. */
export function filterOf(request: ListRequest, allowed: readonly (Field | Order)[]): ListFilter {
  if (request.newestFirst && !allowed.includes("newestFirst")) {
    throw rpcError(status.INVALID_ARGUMENT, "ORDER_UNKNOWN", "this list can't begin with its newest row");
  }
  const filter = request.filter ?? NONE;
  for (const field of Object.keys(NONE) as Field[]) {
    if (isUnset(filter, field) || allowed.includes(field)) continue;
    const message = `this list can't be filtered by ${field}`;
    throw rpcError(status.INVALID_ARGUMENT, "FILTER_UNKNOWN", message, { field });
  }
  return filter;
}

/** Whether labels match the selector; throws an RpcError if the text is no selector. */
export function selectorOf(text: string): LabelTest {
  const test = parseSelector(text);
  if (test === null) throw rpcError(status.INVALID_ARGUMENT, "SELECTOR_INVALID", SELECTOR_RULE);
  return test;
}

/** Whether `value` matches the filter; a filter that is not set matches anything. */
export function wants(wanted: string | number, value: string | number): boolean {
  return wanted === "" || wanted === 0 || wanted === value;
}

function isUnset(filter: ListFilter, field: Field): boolean {
  const value = filter[field];
  return Array.isArray(value) ? value.length === 0 : value === "" || value === 0;
}
