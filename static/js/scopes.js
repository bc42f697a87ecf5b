/**
 * What the role of an API key holds, and so what its scopes can be; a test compares this with domain/access.py.
 * @module
 */

const READ = [
  "incident:read",
  "stream:follow",
  "consumer:use",
  "service:read",
  "integration:read",
  "member:read",
  "receipt:read",
];
const WORK = [
  "incident:open",
  "incident:acknowledge",
  "incident:resolve",
  "incident:note",
  "incident:edit",
  "incident:hide",
  "receipt:replay",
];
const MANAGE = [
  "audit:read",
  "incident:break_glass",
  "service:manage",
  "integration:manage",
  "key:manage",
  "consumer:manage",
  "organization:manage",
  "member:manage",
  "team:manage",
];

/** The roles that a key can have, from the least on. @type {Record<string, string[]>} */
export const HOLDS = {
  observer: READ,
  responder: [...READ, ...WORK],
  admin: [...READ, ...WORK, ...MANAGE],
};

/** The roles that somebody with these actions can give away: nobody gives what they do not hold.
 * @param {readonly string[]} actions */
export function givable(actions) {
  return Object.keys(HOLDS).filter((role) => HOLDS[role]?.every((action) => actions.includes(action)));
}
