/**
 * Requests to the API: a time-out on each, the CSRF token on what changes something, problems as errors.
 * @module
 */

import { hear } from "./clock.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {{actor: string, actorname: string, type: string, time: string}} First */

const PATIENCE = 15_000;

/** A request that did not do what it should (RFC 9457), or did not arrive: `code` is `unreachable` then. */
export class Problem extends Error {
  /** @param {number} status @param {Record<string, any>} body */
  constructor(status, body) {
    super(String(body.detail || body.title || `The server answered ${status}.`));
    this.status = status;
    this.code = String(body.code ?? "");
    this.request = String(body.request_id ?? "");
    /** @type {{pointer: string, code: string, detail: string}[]} */
    this.errors = body.errors ?? [];
    /** Who was first, with a conflict. @type {First | null} */
    this.first = body.first ?? null;
    /** @type {Incident | null} */
    this.current = body.current ?? null;
  }
}

let csrf = "";
/** Changes that are not answered yet. @type {Set<Promise<unknown>>} */
const changing = new Set();

/** Resolves once every change that is under way has its answer, or its time is over. */
export async function settled() {
  await Promise.allSettled(changing);
}

/** @param {string} token */
export function useToken(token) {
  csrf = token;
}

/** Send one request and read its answer; throws Problem and nothing else.
 *
 * Another tab may have renewed the session that both share: then the token of this one is worth nothing any
 * more, is asked for again, once, and the request goes out a second time; the first had no effect.
 * @template T
 * @param {string} method @param {string} path @param {object} [body] @param {Record<string, string>} [headers]
 * @returns {Promise<T>} */
export async function call(method, path, body, headers = {}) {
  const used = csrf;
  try {
    return await ask(method, path, body, headers);
  } catch (fault) {
    if (!(fault instanceof Problem) || fault.code !== "csrf") throw fault;
    const me = await /** @type {Promise<import("./wire.js").Me>} */ (ask("GET", "/api/v1/me", undefined, {}));
    if (me.csrf === used) throw fault;
    useToken(me.csrf);
    return await ask(method, path, body, headers);
  }
}

/** @template T @param {string} method @param {string} path @param {object | undefined} body
 * @param {Record<string, string>} headers @returns {Promise<T>} */
async function ask(method, path, body, headers) {
  const response = await send(method, path, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: {
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(method === "GET" ? {} : { "x-csrf-token": csrf }),
      ...headers,
    },
    credentials: "same-origin",
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE),
  });
  hear(response.headers.get("date"));
  csrf = response.headers.get("x-csrf-token") ?? csrf; // the answer came with a new session
  const value = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, value);
  return value;
}

/** @param {string} method @param {string} path @param {RequestInit} request @returns {Promise<Response>} */
async function send(method, path, request) {
  const answer = fetch(path, request);
  if (method !== "GET") changing.add(answer);
  try {
    return await answer;
  } catch {
    const detail = method === "GET"
      ? "The server cannot be reached."
      : "The server cannot be reached; the change may not have been made.";
    throw new Problem(0, { code: "unreachable", detail });
  } finally {
    changing.delete(answer);
  }
}

/** What to tell a person about a failure, on one line. @param {unknown} fault */
export function explain(fault) {
  if (!(fault instanceof Problem)) {
    reportError(fault);
    return "This page has a fault. Reload it.";
  }
  const fields = fault.errors.map((error) => error.detail).join(" ");
  const request = fault.status >= 500 && fault.request ? ` (request ${fault.request})` : "";
  return (fields || fault.message) + request;
}
