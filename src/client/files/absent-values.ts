// JSON that keeps fields without a value, which JSON alone would omit: a report reads back as it was.

const ABSENT = { $absent: true };

/** `value` as JSON. */
export const withAbsent = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_, field: unknown) => (field === undefined ? ABSENT : field), indent);

/** What `withAbsent` wrote, once parsed. JSON.parse's own reviver would remove fields that become undefined. */
export function restoreAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(restoreAbsent);
  if (typeof value !== "object" || value === null) return value;
  if ("$absent" in value) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, restoreAbsent(field)]));
}

/** The fields of an object; none of anything else. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
