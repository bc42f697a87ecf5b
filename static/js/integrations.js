/**
 * Settings: the integrations, and making one.
 * @module
 */

import {
  ago,
  integrationList,
  INTEGRATIONS,
  MANY,
  named,
  pageOf,
  serviceList,
  stateOf,
} from "./catalogue.js";
import { h, signal } from "./core.js";
import { create } from "./edit.js";
import { form } from "./form.js";
import { rows } from "./listing.js";
import { settings as address } from "./parts.js";
import { pick } from "./pick.js";
import { secret } from "./secret.js";
import { sending } from "./sending.js";
import { here, may } from "./session.js";
import { lockedWithout, settings } from "./settings.js";
import { trying } from "./trying.js";

/** @typedef {import("./catalogue.js").Integration} Integration */
/** @typedef {import("./catalogue.js").Sendable} Sendable */

const list = integrationList();
const services = serviceList();
const made = signal(/** @type {Sendable | null} */ (null));
/** The service that a link asked for. */
const wanted = new URLSearchParams(location.search).get("service") ?? "";

settings({
  part: "integrations",
  intro:
    "Where alerts come from. An integration belongs to one service, and takes every format with one key.",
  about: ["integration.", "service."],
  read: () => Promise.all([list.read(), services.read(MANY)]),
  body: () => [
    h("section", { "aria-labelledby": "new" }, h("h2", { id: "new" }, "New integration"), making()),
    () => made.value && fresh(made.value),
    h(
      "section",
      { "aria-labelledby": "all" },
      h("h2", { id: "all" }, "Integrations"),
      rows(list, { label: "Integrations", empty: "No integration yet: nothing can send alerts.", row }),
    ),
  ],
  choices: () =>
    list.items.peek().map(({ id, name }) => ({
      title: `Integration ${name}`,
      run: () => location.assign(pageOf("integrations", id)),
    })),
});

function making() {
  const name = h("input", {
    type: "text",
    required: true,
    maxlength: "200",
    autocomplete: "off",
    placeholder: "Prometheus",
  });
  const service = pick(() => named(services.items.value), () => wanted);
  const make = form({
    submit: "Make the integration",
    inline: true,
    fields: [
      { name: "name", label: "Name", control: name },
      { name: "service", label: "Service", control: service },
    ],
    send: async () => {
      /** @type {Sendable} */
      const one = await create(INTEGRATIONS, { name: name.value.trim(), service: service.value });
      list.put(one);
      made.value = one;
      name.value = "";
    },
  });
  const none = () => !services.items.value.length;
  return [
    h("div", { hidden: () => !may("integration:manage") || none() }, make),
    h(
      "p",
      { class: "locked", hidden: () => !may("integration:manage") || !none() },
      "An integration belongs to a service: ",
      h("a", { href: address(here.slug, "services") }, "make a service"),
      " first.",
    ),
    lockedWithout("integration:manage", "Only owners and admins make integrations."),
  ];
}

/** The new one with its key, which is in this answer only. @param {Sendable} one */
function fresh(one) {
  return h(
    "section",
    { "aria-labelledby": "fresh" },
    h("h2", { id: "fresh" }, `Send to ${one.name}`),
    one.key
      ? secret({
        label: `Key of ${one.name}`,
        value: one.key,
        note: "Whoever has this key can send alerts. It is in the snippets below, too.",
        done: () => made.value = null,
      })
      : null,
    sending(one),
    trying(one),
  );
}

/** @param {import("./core.js").Signal<Integration>} item */
function row(item) {
  const it = () => item.value;
  return h(
    "li",
    null,
    h(
      "div",
      { class: "what" },
      h("strong", null, () => h("a", { href: pageOf("integrations", it().id) }, it().name)),
      h("p", { class: "faint" }, () => `for ${it().service.name}, last use `, () => ago(it().last_used_at)),
    ),
    h("div", { class: "do" }, () => stateOf(it())),
  );
}
