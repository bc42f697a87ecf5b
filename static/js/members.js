/**
 * Settings: the members, their roles, and how each is changed or removed.
 * @module
 */

import { day, full } from "./clock.js";
import { h } from "./core.js";
import { leave } from "./leave.js";
import { rows } from "./listing.js";
import { manage, removal } from "./member.js";
import { bindings, members, nameOf, readAll, services, teams } from "./people.js";
import { settings as address } from "./parts.js";
import { rolesOf, said } from "./roles.js";
import { here, may, organization } from "./session.js";
import { lockedWithout, settings } from "./settings.js";

/** @typedef {import("./people.js").Member} Member */

settings({
  part: "members",
  intro: "Who is in the organization, and what each may do: by own roles and by those of their teams.",
  about: ["member.", "team.", "invitation.accepted"],
  read: () => Promise.all([members.read(), readAll(bindings, teams, services)]),
  body: () => [
    h(
      "p",
      { hidden: () => !may("member:manage") },
      h("a", { href: address(here.slug, "invitations") }, "Invite somebody"),
    ),
    lockedWithout("member:manage", "You can look. Only owners and admins change members and roles."),
    rows(members, { label: "Members", empty: "Nobody is here.", row }),
  ],
  choices: () =>
    may("member:manage")
      ? members.items.peek().map((member) => ({ title: `Manage ${member.name}`, run: () => manage(member) }))
      : [],
});

/** @param {import("./core.js").Signal<Member>} item */
function row(item) {
  const name = () => item.value.name;
  const isMe = () => organization.value?.actor.id === item.value.id;
  return h(
    "li",
    { "data-id": item.peek().id },
    h(
      "div",
      { class: "what" },
      h("strong", null, name),
      () => isMe() && h("span", { class: "faint" }, " (you)"),
      h(
        "p",
        { class: "faint", title: () => `Joined ${full(item.value.joined_at)}` },
        () => item.value.time_zone,
        () => item.value.expires_at && ` · ends ${day(item.value.expires_at)}`,
      ),
    ),
    h("ul", { class: "chips" }, () => chips(item.value)),
    h(
      "div",
      { class: "do" },
      h(
        "button",
        {
          type: "button",
          hidden: () => !may("member:manage"),
          "aria-label": () => `Manage ${name()}`,
          onclick: () => manage(item.peek()),
        },
        "Manage",
      ),
      () =>
        isMe() ? h("button", { type: "button", class: "grave", onclick: leave }, "Leave") : h(
          "button",
          {
            type: "button",
            class: "grave",
            hidden: () => !may("member:manage"),
            "aria-label": () => `Remove ${name()}`,
            onclick: () => removal(item.peek()),
          },
          "Remove",
        ),
    ),
  );
}

/** @param {Member} member */
function chips(member) {
  const all = rolesOf(bindings.items.value, member);
  if (!all.length) return h("li", { class: "none" }, "no role");
  return all.map(({ binding, team }) =>
    h(
      "li",
      { title: binding.expires_at ? `Ends ${full(binding.expires_at)}` : null },
      said(binding, nameOf),
      team ? h("span", { class: "faint" }, ` by ${team.name}`) : null,
    )
  );
}
