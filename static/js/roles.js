/**
 * Roles as people read them: what each may do, and where it holds.
 * @module
 */

/** @typedef {import("./wire.js").Named} Named */
/** @typedef {{kind: string, id: string | null, name?: string | null}} Scope */
/** @typedef {{id: string, subject: Named, role: string, scope?: Scope | null, expires_at: string | null,
 *   version: number}} Binding */

/** From most to least. @type {readonly [string, string][]} */
export const ROLES = [
  ["owner", "owner: everything"],
  ["admin", "admin: all but owners"],
  ["responder", "responder: works on incidents"],
  ["observer", "observer: looks"],
];

/** Where a role holds; empty for the whole organization. @param {Scope | null | undefined} scope
 * @param {(id: string) => string} [nameOf] */
export function where(scope, nameOf = () => "") {
  if (!scope?.id) return "";
  return `for ${scope.kind} ${scope.name || nameOf(scope.id) || scope.id}`;
}

/** A role in words: `admin`, `responder for team Payments`. @param {Binding} binding
 * @param {(id: string) => string} [nameOf] */
export function said({ role, scope }, nameOf) {
  return [role, where(scope, nameOf)].filter(Boolean).join(" ");
}

/** All roles that somebody has, own ones first, and the team that each comes through.
 * @param {readonly Binding[]} bindings @param {{id: string, teams: Named[]}} member
 * @returns {{binding: Binding, team: Named | null}[]} */
export function rolesOf(bindings, { id, teams }) {
  const own = bindings.filter(({ subject }) => subject.id === id).map((binding) => ({ binding, team: null }));
  const through = teams.flatMap((team) =>
    bindings.filter(({ subject }) => subject.id === team.id).map((binding) => ({ binding, team }))
  );
  return [...own, ...through];
}

/** What the API takes for the value of a `datetime-local` field: null for none. @param {string} local */
export function moment(local) {
  return local ? new Date(local).toISOString() : null;
}

/** The value of a `datetime-local` field for a moment, to the minute, in this browser's time zone.
 * @param {string | null} at */
export function local(at) {
  if (!at) return "";
  const time = new Date(at);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
