/**
 * Settings: the API keys, and making one.
 * @module
 */

import { ago, ahead, badge, MANY, named, serviceList } from "./catalogue.js";
import { now } from "./clock.js";
import { h, signal } from "./core.js";
import { confirm } from "./dialog.js";
import { create, remove } from "./edit.js";
import { choice, form } from "./form.js";
import { listing, rows } from "./listing.js";
import { notice } from "./notices.js";
import { boxes, pick } from "./pick.js";
import * as place from "./place.js";
import { ROLES } from "./roles.js";
import { rotate } from "./rotating.js";
import { givable, HOLDS } from "./scopes.js";
import { secret } from "./secret.js";
import { copied } from "./sending.js";
import { keyLine } from "./senders.js";
import { here, organization } from "./session.js";
import { settings } from "./settings.js";

/** @typedef {{id: string, name: string, roles: string[], scopes: string[], services?: import("./wire.js").Named[],
 *   last4: string, created_at: string, expires_at: string | null, last_used_at: string | null,
 *   old_key_until: string | null, version: number, secret?: string | null}} Key */

const path = place.api(here.slug, "/keys");
/** @type {ReturnType<typeof listing<Key>>} */
const list = listing(path);
const services = serviceList();
const made = signal(/** @type {Key | null} */ (null));

/** Seconds that a key lives. @type {[string, string][]} */
const LIVES = [
  ["", "until it is deleted"],
  ["86400", "1 day"],
  ["2592000", "30 days"],
  ["7776000", "90 days"],
  ["31536000", "1 year"],
];

settings({
  part: "keys",
  intro: "What programs sign in with. A key is shown once, and may do no more than who makes it.",
  about: ["key.", "service."],
  read: () => Promise.all([list.read(), services.read(MANY)]),
  body: () => [
    h("section", { "aria-labelledby": "new" }, h("h2", { id: "new" }, "New key"), making()),
    () => made.value?.secret ? fresh(made.value, made.value.secret) : null,
    h(
      "section",
      { "aria-labelledby": "all" },
      h("h2", { id: "all" }, "Keys"),
      rows(list, { label: "API keys", empty: "There is no API key.", row }),
    ),
  ],
});

function making() {
  const name = h("input", {
    type: "text",
    required: true,
    maxlength: "200",
    autocomplete: "off",
    placeholder: "Deploy bot",
  });
  const chosen = signal("");
  const role = pick(
    () => {
      const can = givable(organization.value?.actions ?? []);
      return ROLES.filter(([value]) => can.includes(value));
    },
    () => "responder",
    (value) => chosen.value = value,
  );
  const life = choice(LIVES);
  const scopes = boxes({
    legend: "Only these actions",
    hint: "With none ticked, it may do all that its role holds.",
    options: () => (HOLDS[chosen.value] ?? []).map((action) => [action, action]),
  });
  const only = boxes({
    legend: "Only these services",
    hint: "With none ticked, it may act in the whole organization.",
    empty: "There is no service.",
    options: () => named(services.items.value),
  });
  return form({
    submit: "Make the key",
    fields: [
      { name: "name", label: "Name", control: name },
      { name: "role", label: "Role", control: role },
      { name: "expires_at", label: "Works", control: life },
    ],
    rest: h(
      "details",
      { class: "narrow" },
      h("summary", null, "Narrow it"),
      scopes.node,
      only.node,
    ),
    send: async () => {
      const [narrowed, within] = [scopes.values(), only.values()];
      /** @type {Key} */
      const one = await create(path, {
        name: name.value.trim(),
        role: role.value,
        ...(life.value
          ? { expires_at: new Date(now.peek() + Number(life.value) * 1_000).toISOString() }
          : {}),
        ...(narrowed.length ? { scopes: narrowed } : {}),
        ...(within.length ? { services: within } : {}),
      });
      show(one);
      name.value = "";
      scopes.clear();
      only.clear();
    },
  });
}

/** Its secret is in this answer only. @param {Key} one */
function show(one) {
  list.put({ ...one, secret: null });
  made.value = one;
}

/** @param {Key} one @param {string} value */
function fresh({ name, scopes }, value) {
  return h(
    "section",
    { "aria-labelledby": "fresh" },
    h("h2", { id: "fresh" }, `The key ${name}`),
    secret({
      label: `Secret of ${name}`,
      value,
      note: "Whoever has it may do what the key may.",
      done: () => made.value = null,
    }),
    h("p", { class: "faint" }, "Try it in a shell:"),
    copied(`Command that uses ${name}`, keyLine(location.origin, here.slug, value, scopes)),
  );
}

/** @param {import("./core.js").Signal<Key>} item */
function row(item) {
  const it = () => item.value;
  return h(
    "li",
    null,
    h(
      "div",
      { class: "what" },
      h("strong", null, () => it().name),
      h(
        "p",
        { class: "faint" },
        h("code", null, () => it().id),
        " ends with ",
        h("code", null, () => it().last4),
      ),
      h("p", { class: "faint" }, "last use ", () => ago(it().last_used_at), () => ends(it())),
    ),
    h("ul", { class: "chips" }, () => chips(it()).map((word) => h("li", null, word))),
    h(
      "div",
      { class: "do" },
      () => isOver(it()) ? badge("quiet", "Expired") : null,
      h(
        "button",
        {
          type: "button",
          hidden: () => isOver(it()),
          "aria-label": () => `Rotate the key ${it().name}`,
          onclick: () => renew(item.peek()),
        },
        "Rotate",
      ),
      h(
        "button",
        {
          type: "button",
          class: "grave",
          "aria-label": () => `Delete the key ${it().name}`,
          onclick: () => end(item.peek()),
        },
        "Delete",
      ),
    ),
  );
}

/** @param {Key} key */
function isOver({ expires_at }) {
  return expires_at !== null && Date.parse(expires_at) <= now.value;
}

/** @param {Key} key */
function ends({ expires_at, old_key_until }) {
  return [
    expires_at ? [" · ends ", ahead(expires_at)] : [],
    old_key_until ? [" · the key before ends ", ahead(old_key_until)] : [],
  ].flat();
}

/** @param {Key} key */
function chips({ roles, scopes, services = [] }) {
  return [...roles, ...scopes, ...services.map(({ name }) => `in ${name}`)];
}

/** @param {Key} key */
function renew({ id, name }) {
  rotate({ name, path: `${path}/${id}/rotate`, done: show });
}

/** @param {Key} key */
function end(key) {
  let seen = key;
  confirm({
    title: `Delete the key ${key.name}?`,
    what: h("p", null, "What uses it is refused at once, and its streams end. This cannot be undone."),
    verb: "Delete",
    perform: async () => {
      await remove(`${path}/${key.id}`, seen);
      list.drop(key.id);
      if (made.peek()?.id === key.id) made.value = null;
      notice("The key is deleted.");
    },
    stale: (current) => {
      seen = current;
      return `rotated, ends with ${current.last4}`;
    },
  });
}
