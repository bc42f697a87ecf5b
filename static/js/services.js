/**
 * Settings: the services, and making one.
 * @module
 */

import { archivedList, MANY, pageOf, serviceList, SERVICES, statusOf, teamList } from "./catalogue.js";
import { h } from "./core.js";
import { create } from "./edit.js";
import { form } from "./form.js";
import { rows } from "./listing.js";
import { notice } from "./notices.js";
import { link } from "./prose.js";
import { serviceFields } from "./servicefields.js";
import { may } from "./session.js";
import { lockedWithout, settings } from "./settings.js";

/** @typedef {import("./catalogue.js").Service} Service */

const list = serviceList();
const archived = archivedList();
const teams = teamList();

settings({
  part: "services",
  intro: "What can break. Integrations send alerts about a service, and incidents open on it.",
  about: ["service.", "team.", "incident."],
  // who has a role for some services alone does not see the teams
  read: () => Promise.all([list.read(), archived.read(), may("member:read") && teams.read(MANY)]),
  body: () => [
    rows(list, { label: "Services", empty: "There is no service yet.", row }),
    h("section", { "aria-labelledby": "new" }, h("h2", { id: "new" }, "New service"), making()),
    h(
      "details",
      { hidden: () => !archived.items.value.length },
      h("summary", null, "Archived services"),
      rows(archived, { label: "Archived services", empty: "None.", row }),
    ),
  ],
  choices: () =>
    list.items.peek().map(({ id, name }) => ({
      title: `Service ${name}`,
      run: () => location.assign(pageOf("services", id)),
    })),
});

function making() {
  const fields = serviceFields(() => null, () => teams.items.value);
  const make = form({
    submit: "Make the service",
    inline: true,
    fields: fields.first,
    send: async () => {
      const made = await create(SERVICES, fields.body());
      list.put(made);
      fields.clear();
      notice(`${made.name} is there. Give it an integration, so that alerts come in.`);
    },
  });
  return [
    h("div", { hidden: () => !may("service:manage") }, make),
    lockedWithout("service:manage", "Only owners and admins make services."),
  ];
}

/** @param {import("./core.js").Signal<Service>} item */
function row(item) {
  const it = () => item.value;
  return h(
    "li",
    null,
    h(
      "div",
      { class: "what" },
      h("strong", null, () => h("a", { href: pageOf("services", it().id) }, it().name)),
      h("p", { class: "faint" }, () =>
        [
          it().team ? `Owned by ${it().team?.name}` : "Owned by no team",
          it().dependencies.length ? `, needs ${it().dependencies.length}` : "",
          it().runbook_url ? [" · ", link(it().runbook_url, "runbook")] : "",
        ].flat()),
    ),
    h(
      "ul",
      { class: "chips" },
      h("li", null, () => `tier ${it().tier}`),
      h("li", { hidden: () => !it().open_incidents }, () => `${it().open_incidents} open`),
    ),
    h("div", { class: "do" }, () => statusOf(it())),
  );
}
