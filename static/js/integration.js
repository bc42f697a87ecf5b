/**
 * Settings: one integration, how to send to it, its keys, and what came in.
 * @module
 */

import { call } from "./api.js";
import { arrivalRows, arrivals } from "./arrivals.js";
import { ago, ahead, INTEGRATIONS, MANY, named, pageOf, serviceList, stateOf } from "./catalogue.js";
import { derive, h, signal } from "./core.js";
import { confirm } from "./dialog.js";
import { each } from "./each.js";
import { attempt, change, create } from "./edit.js";
import { form } from "./form.js";
import { leaked } from "./leaked.js";
import { notice } from "./notices.js";
import { settings as address } from "./parts.js";
import { follows, pick } from "./pick.js";
import * as place from "./place.js";
import { rotate } from "./rotating.js";
import { secret } from "./secret.js";
import { sending } from "./sending.js";
import { here, may } from "./session.js";
import { lockedWithout, settings } from "./settings.js";
import { trying } from "./trying.js";

/** @typedef {import("./catalogue.js").Sendable} Sendable */
/** @typedef {import("./core.js").Child} Child */

const path = `${INTEGRATIONS}/${encodeURIComponent(place.last(location.pathname))}`;
const integration = signal(/** @type {Sendable | null} */ (null));
/** With its new key, until that is hidden. */
const made = signal(/** @type {Sendable | null} */ (null));
const services = serviceList();
const came = arrivals(place.last(location.pathname));
const manages = derive(() => may("integration:manage"));

/** What is read again looks the same: then it is not made anew, and the tab that is open stays. */
const how = derive(() => {
  const one = made.value ?? integration.value;
  return one ? JSON.stringify({ urls: one.urls, snippets: one.snippets, key: one.key }) : "";
});
const name = derive(() => integration.value?.name ?? "");

settings({
  part: "integrations",
  title: () => integration.value?.name ?? "",
  intro: h("a", { href: address(here.slug, "integrations") }, "All integrations"),
  about: ["integration.", "service.", "alert."],
  read: async () => {
    const [one] = await Promise.all([call("GET", path), services.read(MANY), came.read()]);
    integration.value = one;
  },
  body: () => [
    summary(),
    section("Send to it", sends()),
    section("What came in", arrivalRows(came)),
    section("Keys", keys()),
    section("Settings", editing()),
    section("If the key leaked", leaked({ path, integration, manages })),
    section("Disable", disabling()),
  ],
  choices: () =>
    manages.peek()
      ? [{ title: "Send a test alert", run: test }, { title: "Rotate the key", run: renew }]
      : [],
});

/** @param {string} title @param {Child} rest */
function section(title, rest) {
  const id = title.toLowerCase().replaceAll(" ", "-");
  return h("section", { "aria-labelledby": id }, h("h2", { id }, title), rest);
}

function summary() {
  return h("p", { class: "summary" }, () => {
    const one = integration.value;
    return one && [
      stateOf(one),
      h(
        "span",
        { class: "faint" },
        "for ",
        h("a", { href: pageOf("services", one.service.id) }, one.service.name),
      ),
      h("span", { class: "faint" }, "last use ", ago(one.last_used_at)),
      h("a", { href: `${address(here.slug, "heartbeats")}?integration=${one.id}` }, "Heartbeats"),
    ];
  });
}

function sends() {
  return [
    () => made.value?.key ? once(made.value.key) : null,
    () => how.value && sending(JSON.parse(how.value)),
    () =>
      name.value && manages.value ? trying({ id: place.last(location.pathname), name: name.value }) : null,
  ];
}

/** @param {string} key */
function once(key) {
  return secret({
    label: `New key of ${name.peek()}`,
    value: key,
    note: "Whoever has this key can send alerts. It is in the snippets below, too.",
    done: () => made.value = null,
  });
}

function test() {
  const button = document.querySelector(".trying button");
  if (button instanceof HTMLElement) button.click();
}

function renew() {
  rotate({
    name: name.peek(),
    path: `${path}/rotate`,
    done: (/** @type {Sendable} */ one) => {
      integration.value = { ...one, key: null };
      made.value = one;
    },
  });
}

function keys() {
  const list = h("ul", { class: "items plain", "aria-label": "Keys that work" });
  each(list, () => integration.value?.keys ?? [], ({ last4, created_at }) => last4 + created_at, key);
  return [
    list,
    h(
      "p",
      { hidden: () => !manages.value },
      h("button", { type: "button", onclick: renew }, "Rotate the key"),
    ),
  ];
}

/** @param {import("./core.js").Signal<import("./catalogue.js").KeyShown>} item */
function key(item) {
  const it = () => item.value;
  return h(
    "li",
    null,
    h("span", null, "ends with ", h("code", null, it().last4), ", made ", ago(it().created_at)),
    h("span", { class: "faint" }, () =>
      [
        "last use ",
        ago(it().last_used_at),
        it().expires_at ? [", ends ", ahead(String(it().expires_at))] : null,
      ].flat()),
  );
}

function editing() {
  const called = follows(
    h("input", { type: "text", required: true, maxlength: "200", autocomplete: "off" }),
    () => name.value,
  );
  const service = pick(() => offered(), () => integration.value?.service.id ?? "");
  const edit = form({
    submit: "Save",
    fields: [
      { name: "name", label: "Name", control: called },
      {
        name: "service",
        label: "Service",
        control: service,
        hint: "With another service, new incidents open there.",
      },
    ],
    send: async () => {
      const seen = integration.peek();
      if (!seen) return;
      integration.value = await change(path, seen, { name: called.value.trim(), service: service.value });
      notice("Saved.");
    },
    stale: (current) => {
      integration.value = current;
      return `${current.name}, for ${current.service.name}`;
    },
  });
  return [
    h("div", { hidden: () => !manages.value }, edit),
    lockedWithout("integration:manage", "Only owners and admins change integrations."),
  ];
}

/** Its own service is offered also when that is archived. */
function offered() {
  const own = integration.value?.service;
  const all = services.items.value;
  return named(!own || all.some(({ id }) => id === own.id) ? all : [own, ...all]);
}

function disabling() {
  const isOff = () => Boolean(integration.value?.disabled_at);
  const enable = () =>
    attempt(async () => {
      integration.value = await create(`${path}/enable`);
      notice("Its keys are taken again.");
    });
  return [
    h(
      "p",
      null,
      () =>
        isOff()
          ? "It is disabled: its keys are refused like unknown ones."
          : "While it is disabled, its keys are refused like unknown ones, and what they send is lost.",
    ),
    h(
      "p",
      { role: "group", hidden: () => !manages.value },
      h("button", { type: "button", hidden: () => !isOff(), onclick: enable }, "Enable"),
      h(
        "button",
        { type: "button", class: "grave", hidden: isOff, onclick: disable },
        "Disable the integration",
      ),
    ),
    lockedWithout("integration:manage", "Only owners and admins disable integrations."),
  ];
}

function disable() {
  confirm({
    title: `Disable ${name.peek()}?`,
    what: h("p", null, "What is sent with its keys from now on is refused, and lost. Its alerts stay."),
    verb: "Disable",
    perform: async () => {
      integration.value = await create(`${path}/disable`);
      notice("The integration is disabled.");
    },
  });
}
