import type { HttpMatch } from "./model";
import type { Problem } from "./problem";
import { re2Problem } from "./regex/matcher";

/** Methods that Consul and the Gateway API know. */
export const METHODS = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/** Makes a problem of the match that is checked. */
type Report = (code: Problem["code"], message: string) => Problem;

/** What is wrong with a match that no request satisfies, and what to do. */
export function neverMatches({
  pathRegex: path,
  headers,
}: {
  readonly pathRegex?: string | undefined;
  readonly headers: HttpMatch["headers"];
}): string {
  if (path === undefined)
    return `found headers (${headers.map(({ name }) => name).join(", ")}) with values that no request has; correct them`;
  const advice = path.replace(/^\^/, "").startsWith("/")
    ? "it asks for what no path has, such as a line break. Correct it."
    : `paths start with a slash. Write "/${path}" or ".*${path}".`;
  return `found pathRegex "${path}", which no path matches: ${advice}`;
}

/** Methods outside of `METHODS`. */
export function checkMethods({ methods = [] }: HttpMatch, report: Report): Problem[] {
  return methods
    .filter((method) => !METHODS.includes(method))
    .map((method) => report("SMI-METHOD", `found the method "${method}", allowed: ${METHODS.join(", ")}`));
}

/** Expressions of path and headers that are not RE2. */
export function checkExpressions({ pathRegex, headers }: HttpMatch, report: Report): Problem[] {
  return [pathRegex, ...headers.map(({ regex }) => regex)].flatMap((pattern) => {
    const found = pattern === undefined ? undefined : re2Problem(pattern);
    return found === undefined ? [] : [report("SMI-RE2", `found "${pattern}" with ${found}; allowed: RE2 syntax`)];
  });
}
