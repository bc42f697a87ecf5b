/**
 * The roles of a member or a team: each with its way back, and a form that gives one.
 * @module
 */

import { call, Problem } from "./api.js";
import { day } from "./clock.js";
import { derive, h } from "./core.js";
import { confirm } from "./dialog.js";
import { create, remove } from "./edit.js";
import { choice, form } from "./form.js";
import { rows } from "./listing.js";
import { notice } from "./notices.js";
import { BINDINGS, bindings, nameOf, services, teams } from "./people.js";
import * as place from "./place.js";
import { moment, ROLES, said } from "./roles.js";
import { here, may } from "./session.js";

/** @typedef {import("./roles.js").Binding} Binding */
/** @typedef {import("./wire.js").Named} Named */

/** @type {[string, string][]} */
const SCOPES = [
  ["", "the whole organization"],
  ["team", "what a team owns"],
  ["service", "one service"],
  ["incident", "one incident"],
];

/** @param {import("./core.js").Signal<Named>} subject
 * @param {{isTeam?: boolean}} [kind] owners are members, never teams */
export function holding(subject, { isTeam = false } = {}) {
  const { id } = subject.peek();
  const items = derive(() => bindings.items.value.filter((one) => one.subject.id === id));
  const list = { ...bindings, items, next: derive(() => /** @type {string | null} */ (null)) };
  return h(
    "section",
    null,
    h("h3", null, isTeam ? "Roles that everybody in it has" : "Roles"),
    rows(list, {
      label: isTeam ? "Roles of the team" : "Roles of the member",
      empty: "No role of its own.",
      row: (item) => row(item, subject),
    }),
    h("div", { hidden: () => !may("member:manage") }, giving(subject, isTeam)),
  );
}

/** @param {import("./core.js").Signal<Binding>} item @param {import("./core.js").Signal<Named>} subject */
function row(item, subject) {
  const binding = item.peek();
  const words = () => said(item.value, nameOf);
  return h(
    "li",
    null,
    h(
      "div",
      { class: "what" },
      h("strong", null, words),
      binding.expires_at ? h("p", { class: "faint" }, `Ends ${day(binding.expires_at)}`) : null,
    ),
    h(
      "div",
      { class: "do" },
      h(
        "button",
        {
          type: "button",
          hidden: () => !may("member:manage"),
          "aria-label": () => `Take back: ${words()}`,
          onclick: () => takeBack(binding, words(), subject.peek()),
        },
        "Take back",
      ),
    ),
  );
}

/** @param {Binding} binding @param {string} words @param {Named} subject */
function takeBack(binding, words, subject) {
  confirm({
    title: `Take back “${words}” from ${subject.name}?`,
    what: h("p", null, "What the role allows ends at once, on every device."),
    verb: "Take back",
    perform: async () => {
      await remove(`${BINDINGS}/${binding.id}`, binding);
      bindings.drop(binding.id);
      notice("The role is taken back.");
    },
  });
}

/** @param {import("./core.js").Signal<Named>} subject @param {boolean} isTeam */
function giving(subject, isTeam) {
  const role = choice(
    ROLES.filter(([value]) => value !== "owner" || (!isTeam && may("owner:manage"))),
    "responder",
  );
  const kind = choice(SCOPES);
  const target = h("select", null);
  const number = h("input", { type: "number", min: "1", inputmode: "numeric", placeholder: "Number" });
  const ends = h("input", { type: "datetime-local" });
  kind.addEventListener("change", fill);

  /** Offer what the chosen kind can hold for. */
  function fill() {
    const offered = kind.value === "team" ? teams : kind.value === "service" ? services : null;
    target.replaceChildren(
      ...(offered?.items.peek() ?? []).map(({ id, name }) => h("option", { value: id }, name)),
    );
    node.dataset.scope = kind.value;
  }

  /** Where it shall hold; the organization needs no word. @returns {Promise<{kind: string, id: string} | undefined>} */
  async function scope() {
    if (kind.value === "incident") return { kind: kind.value, id: await incidentId(number.value) };
    return kind.value ? { kind: kind.value, id: target.value } : undefined;
  }

  const node = form({
    submit: "Give role",
    inline: true,
    fields: [
      { name: "role", label: "Role", control: role },
      { name: "scope", label: "For", control: kind },
      { name: "scope/id", label: "Which", control: target },
      { name: "number", label: "Incident", control: number },
      { name: "expires_at", label: "Ends (optional)", control: ends },
    ],
    send: async () => {
      const body = {
        subject: subject.peek().id,
        role: role.value,
        scope: await scope(),
        expires_at: moment(ends.value),
      };
      bindings.put(await create(BINDINGS, body));
      ends.value = "";
      notice(`${subject.peek().name} has the role.`);
    },
  });
  node.classList.add("giving");
  fill();
  return node;
}

/** People know an incident by its number. Throws Problem. @param {string} number @returns {Promise<string>} */
async function incidentId(number) {
  try {
    const { id } = await call("GET", place.api(here.slug, `/incidents/${encodeURIComponent(number)}`));
    return id;
  } catch (fault) {
    if (!(fault instanceof Problem) || fault.status !== 404) throw fault;
    const detail = "There is no incident with this number.";
    throw new Problem(404, { errors: [{ pointer: "/number", code: "unknown", detail }] });
  }
}
