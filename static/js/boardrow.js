/**
 * One incident on the board.
 * @module
 */

import { brief, full, now } from "./clock.js";
import { derive, h } from "./core.js";
import * as icons from "./icons.js";
import { can, VERBS } from "./lifecycle.js";
import * as place from "./place.js";
import { here, organization, services } from "./session.js";
import { isOpen, label as name } from "./wire.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {import("./lifecycle.js").Verb} Verb */
/** @template T @typedef {import("./core.js").Signal<T>} Signal */

/**
 * @param {Signal<Incident>} item
 * @param {{chosen: Signal<ReadonlySet<string>>, pending: Signal<ReadonlyMap<string, Verb>>,
 *   stale: Signal<boolean>,
 *   perform: (verb: Verb, incident: Incident) => void, choose: (id: string) => void}} board
 */
export function row(item, { chosen, pending, stale, perform, choose }) {
  const { id, number } = item.peek();
  const verb = derive(() => pending.value.get(id));
  // what was asked for shows at once; the server's word follows, or takes it back
  const status = derive(() => verb.value ? VERBS[verb.value].to : item.value.status);
  const severity = derive(() => item.value.severity);

  return h(
    "tr",
    {
      "data-id": id,
      role: "row",
      class: () =>
        [verb.value && "pending", isOpen(status.value) || "over"].filter(Boolean).join(" ") || null,
      "aria-selected": () => String(chosen.value.has(id)),
    },
    cell(
      "select",
      h("input", {
        type: "checkbox",
        "aria-label": `Select incident ${number}`,
        checked: () => chosen.value.has(id),
        onchange: () => choose(id),
      }),
    ),
    cell("severity", () => icons.severity(severity.value)),
    cell("status", () => icons.status(status.value)),
    cell(
      "number",
      () => name(item.value),
      () => item.value.private && icons.sign("lock"),
      () => item.value.storm && icons.storm(),
    ),
    h(
      "th",
      { scope: "row", role: "rowheader", class: "col-title" },
      h("a", {
        href: place.page(here.slug, number < 0 ? name({ number }) : number),
        title: () => item.value.title,
      }, () => item.value.title),
    ),
    cell("service", () => services.value.get(item.value.service.id) ?? item.value.service.name),
    cell("alerts", () => counts(item.value)),
    cell("age", h("time", { title: () => full(item.value.opened_at) }, () => age(item.value))),
    cell("acknowledged", () => item.value.acknowledgements.map(({ name }) => name).join(", ")),
    cell("do", button("acknowledge"), button("resolve"), button("reopen")),
  );

  /** @param {Verb} name */
  function button(name) {
    const { label } = VERBS[name];
    return h("button", {
      type: "button",
      class: "quiet",
      "aria-disabled": () => String(stale.value),
      "aria-label": `${label} incident ${number}`,
      hidden: () => {
        const { actor, actions } = organization.value ?? { actor: { id: "" }, actions: [] };
        // whoever has it already needs no second pair of hands by one click; the key a and the war room do it
        const wanted = name !== "acknowledge" || item.value.status === "triggered";
        return !wanted || verb.value !== undefined || !can(name, item.value, actor.id, actions);
      },
      onclick: () => perform(name, item.peek()),
    }, label);
  }
}

/** @param {string} name @param {import("./core.js").Child[]} children */
function cell(name, ...children) {
  return h("td", { class: `col-${name}`, role: "cell" }, ...children);
}

/** @param {Incident} incident */
function counts({ alerts: { firing, total, stale = 0 } }) {
  if (!total) return h("span", { class: "faint" }, "–");
  return h(
    "span",
    { title: `${firing} of ${total} alerts are firing${stale ? `, ${stale} are stale` : ""}` },
    h("b", { class: firing ? "" : "faint" }, firing),
    `/${total}${stale ? " stale" : ""}`,
  );
}

/** How long it has been open, or was. @param {Incident} incident */
function age({ opened_at, resolved_at, closed_at }) {
  const ended = resolved_at ?? closed_at;
  return brief((ended ? Date.parse(ended) : now.value) - Date.parse(opened_at));
}
