// Fetches a whole list page by page. The stamp is the last page's: the newest of all rows.

/** A list as operators see it: without paging, but with the note whether rows are missing. */
export type Listed<Response> = Omit<Response, "nextPageToken"> & {
  /** There are more rows than were requested. */
  readonly more: boolean;
};

/** `rows` names the response's field with the rows; `rowsMax` ends the fetching early. */
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
