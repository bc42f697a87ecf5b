/**
 * Who is here and in which organization.
 * @module
 */

import { call, Problem, useToken } from "./api.js";
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

/** @param {"incident:acknowledge" | "incident:resolve" | "incident:note" | "incident:edit"} action */
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

/** Ask whether the session still holds; without one the sign-in page takes over. */
export async function probe() {
  await call("GET", "/api/v1/me").catch(leaveIfSignedOut);
}

/** @param {unknown} fault */
export function leaveIfSignedOut(fault) {
  if (fault instanceof Problem && fault.status === 401) toSignIn();
}

export function toSignIn() {
  location.replace(place.signIn(location));
}

/** End the session and all its streams. */
export async function signOut() {
  await call("DELETE", "/api/v1/session");
  location.assign("/sign-in");
}
