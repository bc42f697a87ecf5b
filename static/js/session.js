/**
 * Who is here and in which organization.
 * @module
 */

import { call, Problem, settled, useToken } from "./api.js";
import { signal } from "./core.js";
import * as place from "./place.js";

/** @typedef {import("./wire.js").Me} Me */
/** @typedef {import("./wire.js").Organization} Organization */

export const here = place.read(location.pathname);
export const me = signal(/** @type {Me | null} */ (null));
export const organization = signal(/** @type {Organization | null} */ (null));
/** Names of services by id. */
export const services = signal(/** @type {Map<string, string>} */ (new Map()));

/** Read who is here, once; again after a failure. Throws Problem.  @returns {Promise<void>} */
export async function enter() {
  if (me.peek() && organization.peek()) return;
  const who = await call("GET", "/api/v1/me");
  useToken(who.csrf);
  me.value = who;
  organization.value = await call("GET", place.api(here.slug));
}

/** @param {string} action */
export function may(action) {
  return organization.value?.actions.includes(action) ?? false;
}

/** @param {string} id */
export function serviceName(id) {
  return services.peek().get(id) ?? "";
}

/** Read the services' names; an organization with more than this page holds shows ids for the rest. */
export async function readServices() {
  /** @type {import("./wire.js").Page<import("./wire.js").Named>} */
  const page = await call("GET", place.api(here.slug, "/services?limit=200"));
  services.value = new Map(page.data.map(({ id, name }) => [id, name]));
}

/** Ask why there is no stream: null where it may still come, else what forbids it. Without a session the sign-in
 * page takes over; but a change that is under way may be answered with another session. @returns {Promise<string | null>} */
export async function probe() {
  await settled();
  try {
    await call("GET", place.api(here.slug));
  } catch (fault) {
    leaveIfSignedOut(fault);
    if (fault instanceof Problem && [403, 404].includes(fault.status)) return fault.message;
  }
  return null;
}

/** @param {unknown} fault */
export function leaveIfSignedOut(fault) {
  if (fault instanceof Problem && fault.status === 401) toSignIn();
}

function toSignIn() {
  if (!leaving) location.replace(place.signIn(location));
}

/** The stream of this page ends before the answer is here, and would lead to the sign-in page. */
let leaving = false;

/** End the session and all its streams; throws Problem. */
export function signOut() {
  return depart("/api/v1/session", "/sign-in");
}

/** Leave the organization; throws Problem. */
export function leaveOrganization() {
  return depart(place.api(here.slug, "/me"), "/");
}

/** @param {string} path what is deleted @param {string} to where to go then */
async function depart(path, to) {
  leaving = true;
  try {
    await call("DELETE", path);
  } catch (fault) {
    leaving = false;
    throw fault;
  }
  location.assign(to);
}
