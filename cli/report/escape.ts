/** Characters that mean something to Markdown, HTML, or GitHub's links, mentions and formulas. */
const SPECIAL = /[&<>"'|`*_[\](){}~@#!\\$:^=+-]/g;

/** Controls, and the invisible characters that reorder or hide text (https://trojansource.codes). */
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * Foreign text as inline code that cannot leave a table cell. GitHub finds mentions and references in the rendered text
 * but never inside `code`, so entities alone would not be enough.
 *
 * @param limit characters of the text to show. Default: 120.
 */
export function code(text: string, limit = 120): string {
  return `<code>${escape(shorten(oneLine(text), limit))}</code>`;
}

/** Foreign text as a block that keeps its lines; at most `limit` characters after escaping. */
export function block(text: string, limit: number): string {
  const clean = text.replace(/\r\n?/g, "\n").replace(/\t/g, "  ").replace(INVISIBLE, "").trim();
  let kept = "";
  for (const character of clean) {
    const next = escape(character);
    if (kept.length + next.length > limit) return `<pre>${kept}…</pre>`;
    kept += next;
  }
  return `<pre>${kept}</pre>`;
}

function oneLine(text: string): string {
  return text
    .replace(/[\s\u2028\u2029]+/g, " ")
    .replace(INVISIBLE, "")
    .trim();
}

/** Cut between characters, so that no half of a surrogate pair is left. */
function shorten(text: string, limit: number): string {
  const characters = [...text];
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join("")}…`;
}

function escape(text: string): string {
  return text.replace(SPECIAL, (character) => `&#${character.charCodeAt(0)};`).replace(/\bwww\./gi, "www&#46;");
}
