// A list as a whole, fetched page by page. The stamp is that of the last page: the newest that any of its
// rows is of.

/** A list as operators see it: how it was fetched is no part of it, and whether it was cut short is. */
export type Listed<Response> = Omit<Response, "nextPageToken"> & {
  /** There are more rows than were asked for. */
  readonly more: boolean;
};

/** `rows` is the response's field with the rows; `rowsMax` ends the fetching early. */
export async function allPages<Field extends string, Response extends Record<Field, unknown[]>>(
  load: (pageToken: string) => Promise<Response & { readonly nextPageToken: string }>,
  rows: Field,
  rowsMax: number = Number.POSITIVE_INFINITY,
): Promise<Listed<Response>> {
  let page = await load("");
  const found: unknown[] = [...page[rows]];
  while (page.nextPageToken !== "" && found.length < rowsMax) {
    page = await load(page.nextPageToken);
    for (const row of page[rows]) found.push(row);
  }
  const { nextPageToken, ...last } = page;
  const more = nextPageToken !== "" || found.length > rowsMax;
  return { ...last, [rows]: found.slice(0, rowsMax), more };
}
