/**
 * What the pages about people read besides their own list: roles, and the names of what a role can hold for.
 * @module
 */

import { listing } from "./listing.js";
import * as place from "./place.js";
import { here } from "./session.js";

/** @typedef {import("./wire.js").Named} Named */
/** @typedef {{id: string, name: string, time_zone: string, roles: string[], teams: Named[], joined_at: string,
 *   expires_at: string | null, version: number}} Member */
/** @typedef {{id: string, name: string, members: Named[], created_at: string, version: number}} Team */
/** @typedef {{id: string, name: string, team: Named | null}} Service */

/** As many as a page looks through; a list says itself when there are more. */
const MOST = 2_000;

export const MEMBERS = place.api(here.slug, "/members");
export const TEAMS = place.api(here.slug, "/teams");
export const BINDINGS = place.api(here.slug, "/bindings");

/** @type {ReturnType<typeof listing<Member>>} */
export const members = listing(MEMBERS);
/** @type {ReturnType<typeof listing<Team>>} */
export const teams = listing(TEAMS);
/** @type {ReturnType<typeof listing<import("./roles.js").Binding>>} */
export const bindings = listing(BINDINGS);
/** @type {ReturnType<typeof listing<Service>>} */
export const services = listing(place.api(here.slug, "/services"));

/** @param {{read: (least?: number) => Promise<void>}[]} lists */
export function readAll(...lists) {
  return Promise.all(lists.map((list) => list.read(MOST)));
}

/** The name of something that a role can hold for; empty where it is not read. @param {string} id */
export function nameOf(id) {
  for (const list of [services.items.value, teams.items.value]) {
    const found = list.find((one) => one.id === id);
    if (found) return found.name;
  }
  return "";
}
