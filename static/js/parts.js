/**
 * The settings pages: their names, their addresses, and what one must be allowed to do to see them.
 * @module
 */

/** @typedef {{part: string, title: string, group: string, needs?: string, keys?: string}} Part */

/** The order is the navigation's. `needs` is an action. @type {readonly Part[]} */
export const PARTS = [
  { part: "", title: "Organization", group: "Organization" },
  { part: "members", title: "Members", group: "Organization", needs: "member:read" },
  { part: "invitations", title: "Invitations", group: "Organization", needs: "member:manage" },
  { part: "teams", title: "Teams", group: "Organization", needs: "member:read" },
  { part: "services", title: "Services", group: "Alerts", keys: "g s" },
  { part: "integrations", title: "Integrations", group: "Alerts" },
  { part: "heartbeats", title: "Heartbeats", group: "Alerts", needs: "integration:read", keys: "g h" },
  { part: "receipts", title: "Receipts", group: "Alerts" },
  { part: "keys", title: "API keys", group: "Alerts", needs: "key:manage", keys: "g k" },
  { part: "consumers", title: "Consumers", group: "Alerts", needs: "consumer:use" },
];

/** Those that somebody with these actions sees. @param {readonly string[]} actions */
export function visible(actions) {
  return PARTS.filter(({ needs }) => !needs || actions.includes(needs));
}

/** @param {string} slug @param {string} part */
export function settings(slug, part) {
  return `/orgs/${encodeURIComponent(slug)}/settings${part && `/${part}`}`;
}
