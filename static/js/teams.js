/**
 * Settings: the teams, who is in them, and what they own.
 * @module
 */

import { h } from "./core.js";
import { create } from "./edit.js";
import { form } from "./form.js";
import { rows } from "./listing.js";
import { notice } from "./notices.js";
import { bindings, members, nameOf, readAll, services, TEAMS, teams } from "./people.js";
import { said } from "./roles.js";
import { may } from "./session.js";
import { lockedWithout, settings } from "./settings.js";
import { deletion, manage, owned } from "./team.js";

/** @typedef {import("./people.js").Team} Team */

settings({
  part: "teams",
  intro: "Teams own services; a role that a team has, everybody in it has.",
  about: ["team.", "member.", "service."],
  read: () => Promise.all([teams.read(), readAll(bindings, services, members)]),
  body: () => [
    h("div", { hidden: () => !may("team:manage") }, making()),
    lockedWithout("team:manage", "You can look. Only owners and admins change teams."),
    rows(teams, { label: "Teams", empty: "No team yet.", row }),
  ],
  choices: () =>
    may("team:manage")
      ? teams.items.peek().map((team) => ({ title: `Manage team ${team.name}`, run: () => manage(team) }))
      : [],
});

function making() {
  const name = h("input", { type: "text", required: true, maxlength: "200", autocomplete: "off" });
  return form({
    submit: "Make a team",
    inline: true,
    fields: [{ name: "name", label: "New team", control: name }],
    send: async () => {
      const team = await create(TEAMS, { name: name.value.trim() });
      teams.put(team);
      name.value = "";
      notice(`${team.name} is made. Nobody is in it yet.`);
    },
  });
}

/** @param {number} count */
const people = (count) => count === 1 ? "1 member" : `${count || "no"} members`;

/** @param {import("./core.js").Signal<Team>} item */
function row(item) {
  const name = () => item.value.name;
  const owns = () => owned(item.value.id).map((service) => service.name).join(", ");
  return h(
    "li",
    null,
    h(
      "div",
      { class: "what" },
      h("strong", null, name),
      h(
        "p",
        { class: "faint" },
        () => people(item.value.members.length),
        () => owns() && ` · owns ${owns()}`,
      ),
    ),
    h(
      "ul",
      { class: "chips" },
      () =>
        bindings.items.value.filter(({ subject }) => subject.id === item.value.id)
          .map((binding) => h("li", null, said(binding, nameOf))),
    ),
    h(
      "div",
      { class: "do", hidden: () => !may("team:manage") },
      h(
        "button",
        { type: "button", "aria-label": () => `Manage ${name()}`, onclick: () => manage(item.peek()) },
        "Manage",
      ),
      h(
        "button",
        {
          type: "button",
          class: "grave",
          "aria-label": () => `Delete ${name()}`,
          onclick: () => deletion(item.peek()),
        },
        "Delete",
      ),
    ),
  );
}
