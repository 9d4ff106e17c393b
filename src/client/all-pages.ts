// A list as a whole, fetched page by page. The stamp is that of the last page: the newest that any of its
// rows is of.

/** `rows` is the response's field with the rows; `rowsMax` ends the fetching early. */
export async function allPages<Field extends string, Response extends Record<Field, unknown[]>>(
  load: (pageToken: string) => Promise<Response & { readonly nextPageToken: string }>,
  rows: Field,
  rowsMax: number = Number.POSITIVE_INFINITY,
): Promise<Response & { readonly nextPageToken: string }> {
  let page = await load("");
  const found: unknown[] = [...page[rows]];
  while (page.nextPageToken !== "" && found.length < rowsMax) {
    page = await load(page.nextPageToken);
    for (const row of page[rows]) found.push(row);
  }
  return { ...page, [rows]: found.slice(0, rowsMax) };
}
