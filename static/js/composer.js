/**
 * The composer: notes and slash commands; what is written survives a reload and a sign-in.
 * @module
 */

import { derive, effect, h, signal } from "./core.js";
import { MOD } from "./keys.js";
import { announce } from "./notices.js";
import { may, organization } from "./session.js";
import { parse, suggest } from "./slash.js";

/** @typedef {(command: string, body: Record<string, unknown>, key: string) => Promise<boolean>} Perform */

const DRAFT = `hub.draft:${location.pathname}`;

/** @typedef {{perform: Perform, page: {stale: import("./core.js").Signal<boolean>}, wrote: (text: string) => void}} Room */

/** @param {Room} room `wrote` hears of what a hand writes and sends */
export function composer({ perform, page, wrote }) {
  const written = signal(sessionStorage.getItem(DRAFT) ?? "");
  const fault = signal("");
  /** What is on its way; a reload brings it back. */
  const sending = signal(/** @type {string[]} */ ([]));
  const hints = derive(() => suggest(written.value));
  /** A second try of the same text is the same note, also when only the first answer was lost. */
  let failed = { text: "", key: "" };
  let turn = Promise.resolve();

  const area = h("textarea", {
    id: "composer",
    rows: "2",
    maxlength: "16384",
    "aria-label": "Write a note, or a command that begins with a slash",
    "aria-describedby": "composer-hint",
    placeholder: "Write a note, or / for commands",
    value: written.peek(),
    "aria-invalid": () => fault.value ? "true" : null,
    oninput: () => {
      written.value = area.value;
      fault.value = "";
      wrote(area.value);
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        send();
      } else if (event.key === "Escape") area.blur();
    },
  });

  /** @param {string} text */
  function write(text) {
    written.value = area.value = text;
    fault.value = "";
  }

  /** The place is free at once for the next thing; one goes after the other, and what fails comes back. */
  function send() {
    const sent = area.value;
    const asked = parse(sent, organization.peek()?.actor.id);
    if (!asked) return;
    if ("fault" in asked) {
      announce(fault.value = asked.fault);
      return;
    }
    const { command, body } = asked.ask;
    const key = sent === failed.text ? failed.key : crypto.randomUUID();
    sending.value = [...sending.value, sent];
    write("");
    wrote("");
    turn = turn.then(async () => {
      const done = await perform(command, body, key);
      sending.value = sending.value.slice(1);
      if (done) return;
      failed = { text: sent, key };
      write([sent, area.value].filter(Boolean).join("\n"));
    });
  }

  effect(() => sessionStorage.setItem(DRAFT, [...sending.value, written.value].filter(Boolean).join("\n")));
  return h(
    "form",
    {
      class: "composer",
      hidden: () => !may("incident:note"),
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        send();
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
        { class: "primary", "aria-disabled": () => String(page.stale.value) },
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
