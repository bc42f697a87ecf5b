/**
 * The board by keys: j and k move, the letters act on the row that has the focus.
 * @module
 */

import { bind } from "./keys.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {import("./lifecycle.js").Verb} Verb */

/**
 * @param {{body: HTMLElement, get: (id: string) => Incident | undefined,
 *   perform: (verb: Verb, incident: Incident) => void, choose: (id: string) => void}} board
 */
export function boardKeys({ body, get, perform, choose }) {
  let last = "";

  body.addEventListener("focusin", ({ target }) => {
    const row = target instanceof Element ? target.closest("tr") : null;
    last = row?.dataset.id ?? last;
  });

  /** @returns {HTMLTableRowElement[]} */
  const rows = () => [...body.querySelectorAll("tr")];
  const index = () => rows().findIndex((row) => row.dataset.id === last);

  /** @param {number} by */
  function move(by) {
    const all = rows();
    const from = index();
    const to = from < 0 ? 0 : Math.max(0, Math.min(all.length - 1, from + by));
    all[to]?.querySelector("a")?.focus();
  }

  /** @param {(incident: Incident) => void} run */
  const onCurrent = (run) => () => {
    const incident = index() < 0 ? undefined : get(last);
    if (incident) run(incident);
  };

  bind(
    { keys: "j", what: "Next incident", run: () => move(1) },
    { keys: "k", what: "Previous incident", run: () => move(-1) },
    {
      keys: "o",
      what: "Open the incident (also Enter)",
      run: () => rows()[index()]?.querySelector("a")?.click(),
    },
    { keys: "a", what: "Acknowledge", run: onCurrent((incident) => perform("acknowledge", incident)) },
    { keys: "e", what: "Resolve", run: onCurrent((incident) => perform("resolve", incident)) },
    { keys: "x", what: "Select", run: onCurrent((incident) => choose(incident.id)) },
    { keys: "/", what: "Filter", run: () => focusFilter() },
  );
  return { current: () => last };
}

function focusFilter() {
  const input = document.querySelector("input[type=search]");
  if (input instanceof HTMLInputElement) input.select();
}
