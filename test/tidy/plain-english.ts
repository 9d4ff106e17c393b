// The rules of plain English that a test can hold (style.md, "Plain English"): for comments, texts for operators and pages.

/** A longer sentence is read twice. */
export const WORDS_MAX = 25;

/** Only these end a sentence: parts that ':' or ';' joins are read together. */
export const SENTENCE_END = /(?<=[.!?])\s+/;

/** Words that this project used where the field has a noun, or where a sentence lacked its actor. */
export const OVERUSED =
  /\b(nobody|whoever|everybody|anybody|somebody|those who|all the same|lets? go of|tells? of|told of|(go|goes|gone|going) on|(?<!there )is none|put right|be had|turned away)\b/i;
