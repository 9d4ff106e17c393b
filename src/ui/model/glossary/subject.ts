// The form of the glossary: what `fleet explain` prints and what the pages in docs/commands show. Each column of each
// table has its meaning here (test/unit/ui/model/glossary.test.ts).

/** A column of a table; with its values, where these are words. */
export type Meaning = string | { readonly is: string; readonly values: Readonly<Record<string, string>> };

/** What the rows of one table are. */
export interface Subject {
  readonly name: string;
  readonly is: string;
  /** The commands that show the table. */
  readonly shownBy: readonly string[];
  /** By the column's name, as for --columns. */
  readonly columns: Readonly<Record<string, Meaning>>;
}
