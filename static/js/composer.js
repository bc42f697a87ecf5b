/**
 * The composer: notes and slash commands; what is written survives a reload and a sign-in.
 * @module
 */

import { derive, effect, h, signal } from "./core.js";
import { MOD } from "./keys.js";
import { announce } from "./notices.js";
import { may } from "./session.js";
import { parse, suggest } from "./slash.js";

/** @typedef {(command: string, body: Record<string, unknown>, key: string) => Promise<boolean>} Perform */

const DRAFT = `hub.draft:${location.pathname}`;

/** @param {{perform: Perform, page: {stale: import("./core.js").Signal<boolean>}}} room */
export function composer({ perform, page }) {
  const written = signal(sessionStorage.getItem(DRAFT) ?? "");
  const fault = signal("");
  const busy = signal(false);
  const hints = derive(() => suggest(written.value));
  // a second try of the same text is the same note, also when the first answer was lost
  let key = crypto.randomUUID();

  const area = h("textarea", {
    id: "composer",
    rows: "2",
    maxlength: "16384",
    "aria-label": "Write a note, or a command that begins with a slash",
    "aria-describedby": "composer-hint",
    placeholder: "Write a note, or / for commands",
    value: written.peek(),
    "aria-invalid": () => fault.value ? "true" : null,
    oninput: () => write(area.value),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void send();
      } else if (event.key === "Escape") area.blur();
    },
  });

  /** @param {string} text */
  function write(text) {
    if (text !== written.peek()) key = crypto.randomUUID();
    written.value = text;
    fault.value = "";
  }

  async function send() {
    const asked = parse(area.value);
    if (!asked || busy.peek()) return;
    if ("fault" in asked) {
      announce(fault.value = asked.fault);
      return;
    }
    const sent = area.value;
    busy.value = true;
    const done = await perform(asked.ask.command, asked.ask.body, key);
    busy.value = false;
    if (done && area.value === sent) write(area.value = "");
  }

  effect(() => sessionStorage.setItem(DRAFT, written.value));
  return h(
    "form",
    {
      class: "composer",
      hidden: () => !may("incident:note"),
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void send();
      },
    },
    h(
      "ul",
      { class: "hints", hidden: () => !hints.value.length },
      () => hints.value.map(([word, { hint }]) => h("li", null, h("b", null, word), ` ${hint}`)),
    ),
    h(
      "div",
      { class: "write" },
      area,
      h(
        "button",
        { class: "primary", "aria-disabled": () => String(page.stale.value || busy.value) },
        "Send",
      ),
    ),
    h(
      "p",
      { id: "composer-hint", class: () => fault.value ? "fault" : "faint" },
      () =>
        fault.value ||
        `${MOD} ↵ sends. A note counts as work: the incident then waits for a person to resolve it.`,
    ),
  );
}
