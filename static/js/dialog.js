/**
 * Dialogs: a sheet with a title, and the question before something that is not easily undone.
 * @module
 */

import { Problem } from "./api.js";
import { flush, h, root, signal } from "./core.js";
import { told } from "./faults.js";
import { pass } from "./focus.js";
import { changed } from "./form.js";
import { leaveIfSignedOut } from "./session.js";

/** @typedef {import("./core.js").Child} Child */

let count = 0;

/** Open a dialog; its effects end with it, and the focus goes back. @param {Child} title
 * @param {(close: () => void) => Child} body @param {string} [kind] a class */
export function sheet(title, body, kind = "") {
  const id = `sheet-${++count}`;
  const opener = document.activeElement;
  const home = opener?.closest("ul, section, main");
  const { result: dialog, end } = root(() => {
    const close = () => dialog.close();
    const dialog = h("dialog", { class: `sheet ${kind}`, "aria-labelledby": id });
    dialog.append(
      h(
        "header",
        null,
        h("h2", { id }, title),
        h("button", { type: "button", class: "quiet", onclick: close }, "Close"),
      ),
      h("div", { class: "inside" }, body(close)),
    );
    return dialog;
  });
  dialog.addEventListener("close", () => {
    end();
    dialog.remove();
    if (!opener?.isConnected) pass(home); // what was asked about is gone, and the button with it
  });
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * @typedef {object} Question
 * @property {string} title as a question
 * @property {Child} what what will happen
 * @property {string} verb what the button says
 * @property {() => Promise<unknown>} perform do it; throws Problem, and the dialog says so and stays
 * @property {(current: any) => string} [stale] somebody changed it meanwhile: takes it as it is now, says how it is
 */

/** Ask first. The focus begins on Cancel. @param {Question} question */
export function confirm({ title, what, verb, perform, stale }) {
  const fault = signal("");
  const busy = signal(false);
  sheet(title, (close) => {
    async function go() {
      if (busy.peek()) return;
      busy.value = true;
      fault.value = "";
      try {
        await perform();
        close();
      } catch (thrown) {
        leaveIfSignedOut(thrown);
        fault.value = stale && thrown instanceof Problem && thrown.status === 412 && thrown.current
          ? changed(stale(thrown.current))
          : told(thrown);
        flush();
      } finally {
        busy.value = false;
      }
    }
    return [
      h("div", { class: "what" }, what),
      h("p", { class: "fault", role: "status" }, () => fault.value),
      h(
        "div",
        { class: "answers" },
        h("button", { type: "button", autofocus: true, onclick: close }, "Cancel"),
        h(
          "button",
          { type: "button", class: "grave", "aria-disabled": () => String(busy.value), onclick: go },
          verb,
        ),
      ),
    ];
  }, "question");
}
