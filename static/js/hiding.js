/**
 * Who sees an incident: everybody, or those who are named; hiding, showing, and breaking the glass.
 * @module
 */

import { h, signal } from "./core.js";
import { sheet } from "./dialog.js";
import { attempt, create } from "./edit.js";
import { members, readAll, teams } from "./people.js";
import { boxes } from "./pick.js";
import * as place from "./place.js";
import { here, may, organization } from "./session.js";
import { names } from "./words.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @template T @typedef {import("./core.js").Signal<T>} Signal */
/** @typedef {(command: string, body?: Record<string, unknown>) => Promise<boolean>} Perform */

/** Who sees it, and the buttons for those who may change that.
 * @param {Signal<Incident>} incident @param {{perform: Perform, page: {stale: Signal<boolean>}}} room */
export function lock(incident, { perform, page }) {
  const wait = () => String(page.stale.value);
  return h(
    "span",
    { class: "lock" },
    h("span", null, () => incident.value.private ? names(incident.value.named) : "everybody"),
    () =>
      may("incident:hide") &&
      h(
        "button",
        { type: "button", class: "quiet", "aria-disabled": wait, onclick: () => hide(incident, perform) },
        incident.value.private ? "Change" : "Hide",
      ),
    () =>
      may("incident:hide") && incident.value.private &&
      h(
        "button",
        { type: "button", class: "quiet", "aria-disabled": wait, onclick: () => void perform("show") },
        "Show",
      ),
  );
}

/** @param {Signal<Incident>} incident @param {Perform} perform */
function hide(incident, perform) {
  const named = incident.peek().named.map(({ id }) => id);
  const me = organization.peek()?.actor.id;
  void attempt(() => readAll(members, teams));
  sheet("Hide this incident", (close) => {
    const people = boxes({
      legend: "Members",
      hint: "You see it in any case.",
      options: () => members.items.value.filter(({ id }) => id !== me).map(({ id, name }) => [id, name]),
      get: () => named,
    });
    const groups = boxes({
      legend: "Teams",
      empty: "There are no teams.",
      options: () => teams.items.value.map(({ id, name }) => [id, name]),
      get: () => named,
    });
    const keys = named.filter((id) => id.startsWith("key_"));
    const go = async () => {
      if (await perform("hide", { members: people.values(), teams: groups.values(), keys })) close();
    };
    return [
      h(
        "p",
        null,
        "Nobody else will find it, whatever their role: not in lists, numbers, streams or the audit log.",
      ),
      people.node,
      groups.node,
      h("div", { class: "answers" }, h("button", { type: "button", class: "primary", onclick: go }, "Hide")),
    ];
  });
}

/** For who may look at what they are not named for; they are told in the same way whether it is there.
 * @param {string} reference */
export function glass(reference) {
  return () =>
    may("incident:break_glass") && h(
      "button",
      { type: "button", class: "quiet", onclick: () => ask(reference) },
      "Break the glass…",
    );
}

/** @param {string} reference */
function ask(reference) {
  const empty = signal(true);
  sheet("Break the glass", (close) => {
    const why = h("textarea", {
      rows: "3",
      maxlength: "1000",
      "aria-label": "Why",
      oninput: () => empty.value = !why.value.trim(),
    });
    const go = async () => {
      const path = place.api(here.slug, `/incidents/${encodeURIComponent(reference)}/break-glass`);
      if (why.value.trim() && await attempt(() => create(path, { reason: why.value }))) {
        close();
        location.reload();
      }
    };
    return [
      h(
        "p",
        null,
        "If it is private, you see it for 8 hours. Those who are named are told, with your reason.",
      ),
      why,
      h(
        "div",
        { class: "answers" },
        h("button", {
          type: "button",
          class: "grave",
          "aria-disabled": () => String(empty.value),
          onclick: go,
        }, "Break it"),
      ),
    ];
  });
}
