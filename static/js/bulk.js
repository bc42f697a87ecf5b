/**
 * The bulk bar: one verb for all selected incidents.
 * @module
 */

import { h, signal } from "./core.js";
import { can, VERBS } from "./lifecycle.js";
import { notice } from "./notices.js";
import { organization } from "./session.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {import("./lifecycle.js").Verb} Verb */

/**
 * @param {{chosen: import("./core.js").Signal<ReadonlySet<string>>, get: (id: string) => Incident | undefined,
 *   perform: (verb: Verb, incident: Incident) => Promise<boolean>, clear: () => void}} board
 */
export function bulk({ chosen, get, perform, clear }) {
  const busy = signal(false);

  /** One after the other, so that a slow server is not flooded. @param {Verb} verb */
  async function all(verb) {
    if (busy.peek()) return;
    busy.value = true;
    const { actor, actions } = organization.peek() ?? { actor: { id: "" }, actions: [] };
    const incidents = [...chosen.peek()].map(get).filter((one) => one !== undefined);
    const able = incidents.filter((one) => can(verb, one, actor.id, actions));
    let done = 0;
    for (const incident of able) if (await perform(verb, incident)) done++;
    busy.value = false;
    const skipped = incidents.length - able.length;
    notice(`${done} ${VERBS[verb].done}${skipped ? `, ${skipped} did not need it` : ""}.`);
    clear();
  }

  return h(
    "section",
    { class: "bulk", "aria-label": "Selected incidents", hidden: () => !chosen.value.size },
    h("strong", null, () => `${chosen.value.size} selected`),
    h(
      "button",
      { type: "button", "aria-disabled": () => String(busy.value), onclick: () => all("acknowledge") },
      "Acknowledge",
    ),
    h(
      "button",
      { type: "button", "aria-disabled": () => String(busy.value), onclick: () => all("resolve") },
      "Resolve",
    ),
    h("button", { type: "button", class: "quiet", onclick: clear }, "Clear"),
  );
}
