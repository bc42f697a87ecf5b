/**
 * Roles as people read them: what each may do, and where it holds.
 * @module
 */

/** @typedef {{kind: string, id: string | null, name?: string | null}} Scope */
/** @typedef {{id: string, subject: {id: string, name: string}, role: string, scope?: Scope | null,
 *   expires_at: string | null, version: number}} Binding */

/** From most to least. @type {readonly [string, string][]} */
export const ROLES = [
  ["owner", "owner: everything"],
  ["admin", "admin: all but owners"],
  ["responder", "responder: works on incidents"],
  ["observer", "observer: looks"],
];

/** Where a role holds, empty for the whole organization. @param {Scope | null | undefined} scope
 * @param {(id: string) => string} nameOf */
export function where(scope, nameOf) {
  if (!scope || scope.kind === "organization" || !scope.id) return "";
  return `${scope.kind} ${scope.name || nameOf(scope.id) || scope.id}`;
}
