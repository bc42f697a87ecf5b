/**
 * Sending one request by hand, as the person who is signed in: the answer is shown whole, whatever it is.
 * @module
 */

/** @typedef {{status: string, headers: [string, string][], body: string}} Outcome */

const PATIENCE = 15_000;
const SHOWN = ["etag", "location", "link", "retry-after", "ratelimit", "idempotent-replayed", "x-request-id"];

/** Send it; never throws.
 * @param {string} method @param {string} path @param {string} body @param {Record<string, string>} headers
 * @returns {Promise<Outcome>} */
export async function attempt(method, path, body, headers) {
  try {
    const response = await fetch(path, {
      method,
      body: body || undefined,
      headers: { ...(body ? { "content-type": "application/json" } : {}), ...headers },
      credentials: "same-origin",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    return {
      status: `${response.status} ${response.statusText}`,
      headers: SHOWN.flatMap((name) => {
        const value = response.headers.get(name);
        return value === null ? [] : [/** @type {[string, string]} */ ([name, value])];
      }),
      body: pretty(await response.text()),
    };
  } catch (fault) {
    return { status: `No answer: ${fault instanceof Error ? fault.message : fault}`, headers: [], body: "" };
  }
}

/** JSON with line breaks; anything else as it is. @param {string} text */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
