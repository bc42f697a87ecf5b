/**
 * One member: the sheet to change them, and their removal, which shows first what they hold.
 * @module
 */

import { call } from "./api.js";
import { derive, h } from "./core.js";
import { confirm, sheet } from "./dialog.js";
import { attempt, change, remove } from "./edit.js";
import { forgotten } from "./forgotten.js";
import { form } from "./form.js";
import { holding } from "./holding.js";
import { notice } from "./notices.js";
import { bindings, MEMBERS, members, nameOf } from "./people.js";
import * as place from "./place.js";
import { local, moment, said } from "./roles.js";
import { here } from "./session.js";

/** @typedef {import("./people.js").Member} Member */
/** @typedef {import("./wire.js").Named} Named */
/** @typedef {{roles: string[], teams: Named[], acknowledged: {id: string, number: number, title: string}[],
 *   commands: {id: string, number: number, title: string}[], keys: Named[]}} Holds */

/** @param {string} id */
const path = (id) => `${MEMBERS}/${id}`;

/** @param {Member} member as it is now, if it is still on the list */
const latest = (member) => members.items.value.find(({ id }) => id === member.id) ?? member;

/** @param {Member} member */
export function manage(member) {
  sheet(() => latest(member).name, () => [
    details(member),
    holding(derive(() => latest(member))),
    inTeams(member),
    forgotten(member),
  ]);
}

/** @param {Member} member */
function details(member) {
  let seen = member;
  const name = h("input", {
    type: "text",
    required: true,
    maxlength: "200",
    value: member.name,
    autocomplete: "off",
  });
  const zone = h("input", {
    type: "text",
    required: true,
    maxlength: "64",
    value: member.time_zone,
    list: "zones",
    autocomplete: "off",
  });
  const ends = h("input", { type: "datetime-local", value: local(member.expires_at) });

  /** What differs from what was seen. */
  function wanted() {
    return {
      ...(name.value.trim() === seen.name ? {} : { display_name: name.value.trim() }),
      ...(zone.value.trim() === seen.time_zone ? {} : { time_zone: zone.value.trim() }),
      ...(ends.value === local(seen.expires_at) ? {} : { expires_at: moment(ends.value) }),
    };
  }

  return h(
    "section",
    null,
    form({
      submit: "Save",
      fields: [
        { name: "display_name", label: "Name", control: name },
        { name: "time_zone", label: "Time zone", control: zone },
        {
          name: "expires_at",
          label: "Membership ends",
          control: ends,
          hint: "In your time zone. Empty: it lasts.",
        },
      ],
      send: async () => {
        const body = wanted();
        if (Object.keys(body).length) {
          seen = await change(path(member.id), seen, body);
          members.put(seen);
        }
        notice(`${seen.name} is saved.`);
      },
      stale: (current) => {
        seen = current;
        members.put(current);
        return `${current.name}, ${current.time_zone}${
          current.expires_at ? `, ends ${current.expires_at}` : ""
        }`;
      },
    }),
    h(
      "datalist",
      { id: "zones" },
      ...Intl.supportedValuesOf("timeZone").map((value) => h("option", { value })),
    ),
  );
}

/** @param {Member} member */
function inTeams({ teams }) {
  return h(
    "section",
    null,
    h("h3", null, "Teams"),
    teams.length ? null : h("p", null, "In no team."),
    h("ul", null, ...teams.map((team) => h("li", null, team.name, () => brought(team)))),
  );
}

/** The roles that come with a team. @param {Named} team */
function brought(team) {
  const roles = bindings.items.value.filter(({ subject }) => subject.id === team.id);
  return roles.length ? `: ${roles.map((binding) => said(binding, nameOf)).join(", ")}` : ": no role by it";
}

/** Ask what they hold, show it, and remove them then. @param {Member} member */
export async function removal(member) {
  /** @type {Holds | undefined} */
  let holds;
  await attempt(async () => {
    holds = await call("GET", `${path(member.id)}/holds`);
  });
  if (!holds) return;
  confirm({
    title: `Remove ${member.name}?`,
    what: [
      h("p", null, "What they have here ends at once, on every device. Their account stays."),
      held(holds),
    ],
    verb: "Remove",
    perform: async () => {
      await remove(path(member.id), latest(member));
      members.drop(member.id);
      notice(`${member.name} is removed.`);
    },
    stale: (current) => {
      members.put(current);
      return `${current.name}, ${current.roles.join(", ") || "no role"}`;
    },
  });
}

/** @param {Holds} holds */
function held({ roles, teams, acknowledged, commands, keys }) {
  return h(
    "dl",
    { class: "facts-list" },
    h("dt", null, "Roles"),
    h("dd", null, roles.join(", ") || "none"),
    h("dt", null, "Teams"),
    h("dd", null, teams.map(({ name }) => name).join(", ") || "none"),
    h("dt", null, "Commands"),
    h("dd", null, open(commands)),
    h("dt", null, "Acknowledged"),
    h("dd", null, open(acknowledged)),
    h("dt", null, "Keys they know"),
    h(
      "dd",
      null,
      keys.length ? `${keys.map(({ name }) => name).join(", ")}: rotate them, they work on` : "none",
    ),
  );
}

/** @param {Holds["acknowledged"]} incidents */
function open(incidents) {
  if (!incidents.length) return "nothing that is open";
  return h(
    "ul",
    null,
    ...incidents.map(({ number, title }) =>
      h("li", null, h("a", { href: place.page(here.slug, number) }, `#${number} ${title}`))
    ),
  );
}
