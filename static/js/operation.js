/**
 * One operation: what it takes, what it answers, the same for a terminal, and a way to try it.
 * @module
 */

import { h, signal } from "./core.js";
import { address, curl, example, fields, headers } from "./spec.js";
import { attempt } from "./trial.js";

/** @typedef {import("./spec.js").Operation} Operation */
/** @typedef {import("./spec.js").Parameter} Parameter */
/** @typedef {import("./spec.js").Schema} Schema */
/** @typedef {import("./spec.js").Values} Values */
/** @typedef {import("./trial.js").Outcome} Outcome */
/** What the person is here. @typedef {{org: string, csrf: string, name: string}} Visitor */

/** @type {Record<string, string>} */
const CREDENTIALS = {
  session: "a browser's session",
  api_key: "an API key",
  integration_key: "an integration key",
};

/** @param {Schema} spec @param {Operation} operation @param {() => Visitor | null} visitor */
export function detail(spec, operation, visitor) {
  const values = signal(/** @type {Values} */ ({ org: visitor()?.org ?? "" }));
  const first = operation.body ? JSON.stringify(example(spec, operation.body, true), null, 2) : "";
  const body = signal(first === "{}" ? "" : first);
  return h(
    "div",
    { class: "detail" },
    operation.description && h("p", null, prose(operation.description)),
    h("p", { class: "faint" }, needs(operation)),
    operation.parameters.length > 0 && h("h3", null, "Parameters"),
    h("div", { class: "inputs" }, operation.parameters.map((one) => input(operation, one, values))),
    operation.body && bodyOf(spec, operation, body),
    h("h3", null, "In a terminal"),
    terminal(() => curl(operation, values.value, body.value, location.origin)),
    trial(operation, visitor, values, body),
    h("h3", null, "Answers"),
    operation.answers.map((one) => answer(spec, one)),
  );
}

/** @param {Operation} operation */
function needs({ credentials, action }) {
  if (!credentials.length) return "Needs no credential.";
  const which = credentials.map((one) => CREDENTIALS[one] ?? one).join(" or ");
  return [`Needs ${which}`, action && [" that may ", h("code", null, action)], "."].flat();
}

/** @param {Operation} operation @param {Parameter} one @param {import("./core.js").Signal<Values>} values */
function input(operation, one, values) {
  const id = `${operation.id}-${one.name}`;
  return h(
    "div",
    null,
    h(
      "label",
      { for: id },
      h("code", null, one.name),
      one.required ? "" : h("span", { class: "faint" }, " optional"),
    ),
    h("input", {
      id,
      value: values.peek()[one.name] ?? "",
      placeholder: one.schema.default ?? "",
      autocomplete: "off",
      spellcheck: "false",
      "aria-describedby": `${id}-about`,
      oninput: (/** @type {Event} */ event) => {
        const { value } = /** @type {HTMLInputElement} */ (event.currentTarget);
        values.value = { ...values.peek(), [one.name]: value };
      },
    }),
    h("p", { id: `${id}-about`, class: "faint" }, prose(one.description)),
  );
}

/** Text with code between backticks. @param {string} text */
export function prose(text) {
  return text.split("`").map((part, index) => index % 2 ? h("code", null, part) : part);
}

/** @param {Schema} spec @param {Operation} operation @param {import("./core.js").Signal<string>} body */
function bodyOf(spec, operation, body) {
  const known = operation.body ? fields(spec, operation.body) : [];
  const rows = Math.min(Math.max(body.peek().split("\n").length, 2), 14);
  const id = `${operation.id}-body`;
  return h(
    "div",
    null,
    h("h3", null, h("label", { for: id }, "Body, as JSON")),
    known.length > 0 && h(
      "dl",
      { class: "fields" },
      known.map((one) => [
        h("dt", null, h("code", null, one.name)),
        h("dd", { class: "faint" }, one.type, one.required ? "" : ", optional"),
      ]).flat(),
    ),
    h("textarea", {
      id,
      rows,
      spellcheck: "false",
      value: body.peek(),
      oninput: (/** @type {Event} */ event) => {
        body.value = /** @type {HTMLTextAreaElement} */ (event.currentTarget).value;
      },
    }),
  );
}

/** A command with its copy button. @param {() => string} text */
function terminal(text) {
  const said = signal("Copy");
  return h(
    "div",
    { class: "terminal" },
    h("pre", { tabindex: "0", role: "group", "aria-label": "Command" }, text),
    h("button", {
      type: "button",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(text());
          said.value = "Copied";
        } catch {
          said.value = "Select it by hand";
        }
        setTimeout(() => said.value = "Copy", 2_000);
      },
    }, h("span", { "aria-live": "polite" }, () => said.value)),
  );
}

/** @param {Operation} operation @param {() => Visitor | null} visitor
 * @param {import("./core.js").Signal<Values>} values @param {import("./core.js").Signal<string>} body */
function trial(operation, visitor, values, body) {
  const { credentials, method } = operation;
  if (credentials.length && !credentials.includes("session")) {
    return h("p", { class: "faint" }, "To try it, use the command: this page holds no integration key.");
  }
  const outcome = signal(/** @type {Outcome | null} */ (null));
  const busy = signal(false);
  async function send() {
    if (busy.peek()) return;
    busy.value = true;
    const token = visitor()?.csrf;
    outcome.value = await attempt(method, address(operation, values.peek()), body.peek(), {
      ...headers(operation, values.peek()),
      ...(method !== "GET" && token ? { "x-csrf-token": token } : {}),
    });
    busy.value = false;
  }
  return h(
    "div",
    { class: "trial" },
    h(
      "p",
      null,
      h("button", {
        type: "button",
        class: "primary",
        onclick: send,
        "aria-disabled": () => String(busy.value),
      }, "Send"),
      h("span", { class: "faint" }, () => {
        const who = visitor();
        if (!who) return credentials.length ? " You are not signed in; it will be refused." : "";
        return method === "GET" ? ` As ${who.name}.` : ` As ${who.name}, for real.`;
      }),
    ),
    h("div", { role: "status" }, () => outcome.value && shown(outcome.value)),
  );
}

/** @param {Outcome} outcome */
function shown({ status, headers, body }) {
  return h(
    "div",
    { class: "outcome" },
    h("strong", null, status),
    h("p", { class: "faint" }, headers.map(([name, value]) => h("span", null, `${name}: ${value}`))),
    body && h("pre", { tabindex: "0", role: "group", "aria-label": "Answer" }, body),
  );
}

/** @param {Schema} spec @param {import("./spec.js").Answer} one */
function answer(spec, { status, about, schema }) {
  const body = schema && status < "300" ? JSON.stringify(example(spec, schema), null, 2) : "{}";
  return h(
    "div",
    { class: "answer" },
    h("strong", { class: status < "400" ? "" : "faint" }, status),
    h("span", null, prose(about)),
    body !== "{}" && h("pre", { tabindex: "0", role: "group", "aria-label": `Example of a ${status}` }, body),
  );
}
