/**
 * One team: its name, who is in it, what it owns, and its end.
 * @module
 */

import { call } from "./api.js";
import { derive, effect, h } from "./core.js";
import { confirm, sheet } from "./dialog.js";
import { attempt, change, remove } from "./edit.js";
import { form } from "./form.js";
import { holding } from "./holding.js";
import { rows } from "./listing.js";
import { notice } from "./notices.js";
import { settings as address } from "./parts.js";
import { members, services, TEAMS, teams } from "./people.js";
import { here } from "./session.js";

/** @typedef {import("./people.js").Team} Team */
/** @typedef {import("./wire.js").Named} Named */

/** @param {string} id */
const path = (id) => `${TEAMS}/${id}`;

/** @param {string} id a team's */
export function owned(id) {
  return services.items.value.filter(({ team }) => team?.id === id);
}

/** @param {Team} first */
export function manage(first) {
  const team = derive(() => teams.items.value.find(({ id }) => id === first.id) ?? first);
  sheet(
    () => team.value.name,
    () => [naming(team), inside(team), holding(team, { isTeam: true }), owns(first)],
  );
}

/** @param {import("./core.js").Signal<Team>} team */
function naming(team) {
  let seen = team.peek();
  const name = h("input", {
    type: "text",
    required: true,
    maxlength: "200",
    value: seen.name,
    autocomplete: "off",
  });
  // somebody who lets a member in changes the version, not the name
  effect(() => {
    if (team.value.name === seen.name) seen = team.value;
  });
  return h(
    "section",
    null,
    form({
      submit: "Rename",
      inline: true,
      fields: [{ name: "name", label: "Name", control: name }],
      send: async () => {
        seen = await change(path(seen.id), seen, { name: name.value.trim() });
        teams.put(seen);
        notice("The team has its new name.");
      },
      stale: (current) => {
        seen = current;
        teams.put(current);
        return current.name;
      },
    }),
  );
}

/** @param {import("./core.js").Signal<Team>} team */
function inside(team) {
  const items = derive(() => team.value.members);
  const others = derive(() => {
    const known = new Set(items.value.map(({ id }) => id));
    return members.items.value.filter(({ id }) => !known.has(id));
  });
  const somebody = h("select", { required: true });
  effect(() => {
    const chosen = somebody.value;
    somebody.replaceChildren(
      h("option", { value: "" }, "Choose…"),
      ...others.value.map(({ id, name }) => h("option", { value: id, selected: id === chosen }, name)),
    );
  });
  const list = { ...teams, items, next: derive(() => /** @type {string | null} */ (null)) };
  return h(
    "section",
    null,
    h("h3", null, "Members"),
    rows(/** @type {any} */ (list), {
      label: "Members of the team",
      empty: "Nobody is in it.",
      row: (item) => row(/** @type {any} */ (item), team),
    }),
    form({
      submit: "Let in",
      inline: true,
      fields: [{ name: "member", label: "Let somebody in", control: somebody }],
      send: async () => {
        teams.put(await call("PUT", `${path(team.peek().id)}/members/${somebody.value}`));
      },
    }),
  );
}

/** @param {import("./core.js").Signal<Named>} item @param {import("./core.js").Signal<Team>} team */
function row(item, team) {
  const { id, name } = item.peek();
  const takeOut = () =>
    attempt(async () => {
      const { id: of, version } = team.peek();
      teams.put(
        await call("DELETE", `${path(of)}/members/${id}`, undefined, { "if-match": `"${version}"` }),
      );
    });
  return h(
    "li",
    null,
    h("div", { class: "what" }, name),
    h(
      "div",
      { class: "do" },
      h("button", { type: "button", "aria-label": `Take ${name} out`, onclick: takeOut }, "Take out"),
    ),
  );
}

/** @param {Team} team */
function owns({ id }) {
  return h(
    "section",
    null,
    h("h3", null, "Services that it owns"),
    () => {
      const all = owned(id);
      return h("p", null, all.length ? all.map(({ name }) => name).join(", ") : "None.");
    },
  );
}

/** A team that owns something cannot go: say so before the API does, and which services. @param {Team} team */
export function deletion(team) {
  const all = owned(team.id).map(({ name }) => name);
  if (all.length) {
    return sheet(`${team.name} owns services`, () => [
      h("p", null, `${all.join(", ")}: give each to another team first, or to none. Then it can be deleted.`),
      h("p", null, h("a", { href: address(here.slug, "services") }, "To the services")),
    ], "question");
  }
  confirm({
    title: `Delete ${team.name}?`,
    what: h(
      "p",
      null,
      "Its members stay in the organization; the roles that they had through it end at once.",
    ),
    verb: "Delete",
    perform: async () => {
      const now = teams.items.peek().find(({ id }) => id === team.id) ?? team;
      await remove(path(team.id), now);
      teams.drop(team.id);
      notice(`${team.name} is deleted.`);
    },
    stale: (current) => {
      teams.put(current);
      return `${current.name}, ${
        current.members.map((/** @type {Named} */ one) => one.name).join(", ") || "nobody in it"
      }`;
    },
  });
}
