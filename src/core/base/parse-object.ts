// JSON of which only an object is of use.

/** The fields of the object in `text`; none if it is no JSON. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return { ...JSON.parse(text) };
  } catch {
    return {};
  }
}
