/**
 * The catalogue as the API tells of it: services, integrations and keys, and how each is shown.
 * @module
 */

import { brief, full, now } from "./clock.js";
import { h } from "./core.js";
import { sign } from "./icons.js";
import { listing } from "./listing.js";
import { settings as address } from "./parts.js";
import * as place from "./place.js";
import { here } from "./session.js";

/** @typedef {import("./wire.js").Named} Named */
/** @typedef {{title: string, url: string}} ServiceLink */
/** @typedef {{id: string, name: string, team: Named | null, dependencies: Named[], tier: number,
 *   runbook_url: string, links: ServiceLink[], auto_resolve: string, reopen_within_seconds: number,
 *   status: string, open_incidents: number, created_at: string, archived_at: string | null, version: number}} Service */
/** @typedef {{last4: string, created_at: string, expires_at: string | null, last_used_at: string | null}} KeyShown */
/** @typedef {{id: string, name: string, service: Named, keys: KeyShown[], last_used_at: string | null,
 *   created_at: string, disabled_at: string | null, version: number,
 *   hold: {addresses: string[], since: string, releasing: string | null} | null}} Integration */
/** @typedef {Integration & {urls: Record<string, string>, snippets: Record<string, string>,
 *   key?: string | null}} Sendable */

/** As many as a choice can offer: more are read, but nobody would find one among them. */
export const MANY = 1_000;

export const SERVICES = place.api(here.slug, "/services");
export const INTEGRATIONS = place.api(here.slug, "/integrations");

/** @returns {ReturnType<typeof listing<Service>>} */
export const serviceList = () => listing(SERVICES);
/** @returns {ReturnType<typeof listing<Service>>} */
export const archivedList = () => listing(`${SERVICES}?archived=true`);
/** @returns {ReturnType<typeof listing<Integration>>} */
export const integrationList = () => listing(INTEGRATIONS);
/** @returns {ReturnType<typeof listing<Named>>} */
export const teamList = () => listing(place.api(here.slug, "/teams"));

/** The page of a service or an integration. @param {"services" | "integrations"} part @param {string} id */
export function pageOf(part, id) {
  return `${address(here.slug, part)}/${encodeURIComponent(id)}`;
}

/** @param {string} id */
export function receiptPage(id) {
  return `${place.page(here.slug)}/receipts/${encodeURIComponent(id)}`;
}

/** @param {Named[]} named @returns {[string, string][]} */
export const named = (named) => named.map(({ id, name }) => [id, name]);

/** A word with a shape and a colour, never a colour alone.
 * @param {string} tone @param {string} word */
export function badge(tone, word) {
  const shape = tone === "good" ? "cleared" : tone === "bad" ? "alert" : "dot";
  return h("span", { class: `badge ${tone}` }, sign(shape), word);
}

/** @param {Service} service */
export function statusOf({ status, archived_at }) {
  if (archived_at) return badge("quiet", "Archived");
  if (status === "ok") return badge("good", "OK");
  return badge(status === "down" ? "bad" : "warn", status === "down" ? "Down" : "Degraded");
}

/** @param {Integration} integration */
export function stateOf({ disabled_at, hold }) {
  if (disabled_at) return badge("quiet", "Disabled");
  return hold ? badge("warn", "On hold") : badge("good", "Enabled");
}

/** A moment in the past, ticking. @param {string | null} at @param {string} [never] */
export function ago(at, never = "never") {
  if (!at) return h("span", null, never);
  return h("time", { datetime: at, title: full(at) }, () => `${brief(now.value - Date.parse(at))} ago`);
}

/** A moment to come, ticking. @param {string} at */
export function ahead(at) {
  return h("time", { datetime: at, title: full(at) }, () => {
    const left = Date.parse(at) - now.value;
    return left > 0 ? `in ${brief(left)}` : `${brief(-left)} ago`;
  });
}

/** How long the key before works on beside a new one. @type {[string, string][]} */
export const OVERLAPS = [
  ["0", "Not at all: it ends now"],
  ["3600", "1 hour"],
  ["86400", "1 day"],
  ["604800", "1 week"],
];
