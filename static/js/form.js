/**
 * A form: labelled fields, sent once at a time; what the API refuses stands beside its field.
 * @module
 */

import { Problem } from "./api.js";
import { flush, h, signal } from "./core.js";
import { sort } from "./faults.js";
import { leaveIfSignedOut } from "./session.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */
/** @typedef {import("./core.js").Child} Child */

/**
 * @typedef {object} Field
 * @property {string} name its JSON pointer in the body, without the first slash
 * @property {string} label
 * @property {Control} control
 * @property {string} [hint] said below it
 */

/**
 * @typedef {object} Wants
 * @property {string} submit what the button says
 * @property {Field[]} fields
 * @property {() => Promise<unknown>} send send it; throws Problem
 * @property {(current: any) => string} [stale] somebody changed it meanwhile (412): takes it as it is now, says how it is
 * @property {boolean} [inline] fields in one row where there is room
 * @property {Child} [rest] between the fields and the button
 */

let count = 0;

/** @param {Wants} wants @returns {HTMLFormElement} */
export function form({ submit, fields, send, stale, inline = false, rest }) {
  const number = ++count;
  const said = signal(/** @type {import("./faults.js").Said} */ ({ fields: new Map(), rest: "" }));
  const busy = signal(false);

  /** @param {SubmitEvent} event */
  async function onsubmit(event) {
    event.preventDefault();
    if (busy.peek()) return;
    busy.value = true;
    said.value = { fields: new Map(), rest: "" };
    try {
      await send();
    } catch (fault) {
      leaveIfSignedOut(fault);
      said.value = stale && fault instanceof Problem && fault.status === 412 && fault.current
        ? { fields: new Map(), rest: changed(stale(fault.current)) }
        : sort(fault, fields.map(({ name }) => name));
      flush();
      const bad = node.querySelector("[aria-invalid=true]");
      if (bad instanceof HTMLElement) bad.focus();
    } finally {
      busy.value = false;
    }
  }

  /** @param {Field} field @param {number} index */
  function shown({ name, label, control, hint }, index) {
    const id = `field-${number}-${index}`;
    const fault = () => said.value.fields.get(name) ?? "";
    control.id = id;
    control.setAttribute("aria-describedby", `${hint ? `${id}-hint ` : ""}${id}-fault`);
    const invalid = h("span", null, () => {
      control.setAttribute("aria-invalid", String(fault() !== ""));
      return fault();
    });
    return h(
      "div",
      { class: "field" },
      h("label", { for: id }, label),
      control,
      hint ? h("p", { id: `${id}-hint`, class: "faint" }, hint) : null,
      h("p", { id: `${id}-fault`, class: "fault" }, invalid),
    );
  }

  const node = h(
    "form",
    { class: inline ? "fields inline" : "fields", onsubmit },
    ...fields.map(shown),
    rest,
    h("p", { class: "fault rest", role: "status" }, () => said.value.rest),
    h("button", { class: "primary", "aria-disabled": () => String(busy.value) }, submit),
  );
  return node;
}

/** @param {string} now */
export function changed(now) {
  return `Somebody changed it since you looked. It is now: ${now}. Send again to replace that.`;
}

/** A choice of words. @param {Iterable<[string, string]>} options values and what they say
 * @param {string} [chosen] */
export function choice(options, chosen = "") {
  return h(
    "select",
    null,
    ...[...options].map(([value, label]) => h("option", { value, selected: value === chosen }, label)),
  );
}
