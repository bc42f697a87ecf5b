/**
 * The page of the API: every operation out of its description, searched, and tried with the session.
 * @module
 */

import { call, explain, Problem } from "./api.js";
import { dress, effect, h, signal } from "./core.js";
import { detail, prose } from "./operation.js";
import * as place from "./place.js";
import { matches, operations } from "./spec.js";

/** @typedef {import("./wire.js").Me} Me */
/** @typedef {import("./spec.js").Operation} Operation */
/** @typedef {import("./spec.js").Schema} Schema */
/** @typedef {import("./operation.js").Visitor} Visitor */

const visitor = signal(/** @type {Visitor | null} */ (null));
const search = signal("");
const main = /** @type {HTMLElement} */ (document.querySelector("main"));

/** @param {Schema} spec @param {Operation} operation */
function card(spec, operation) {
  const { id, method, path, summary } = operation;
  const node = h(
    "details",
    { id, class: "operation", hidden: () => !matches(operation, search.value) },
    h(
      "summary",
      null,
      h("span", { class: `method ${method.toLowerCase()}` }, method),
      h("code", { class: "path" }, path),
      h("span", { class: "faint" }, prose(summary)),
    ),
  );
  node.addEventListener("toggle", () => {
    // what nobody opens is never built
    if (node.open && node.children.length === 1) node.append(detail(spec, operation, () => visitor.value));
  });
  return node;
}

/** @param {Schema} spec */
function show(spec) {
  const all = operations(spec);
  const tags = [...new Set(all.map(({ tag }) => tag))];
  const found = () => all.filter((one) => matches(one, search.value)).length;
  main.replaceChildren();
  main.removeAttribute("aria-busy");
  dress(main, null, [
    h(
      "nav",
      { "aria-label": "Parts of the API" },
      h("input", {
        type: "search",
        placeholder: "Search",
        "aria-label": "Search the operations",
        oninput: (/** @type {Event} */ event) => {
          search.value = /** @type {HTMLInputElement} */ (event.currentTarget).value.trim();
        },
      }),
      h("p", { class: "faint", role: "status" }, () => `${found()} of ${all.length} operations`),
      h("ul", null, tags.map((tag) => h("li", null, h("a", { href: `#tag-${tag}` }, tag)))),
    ),
    h(
      "div",
      { class: "operations" },
      h("h1", null, "The API of IncidentHub"),
      h(
        "p",
        { class: "faint" },
        `Version ${spec.info.version}. The same for machines: `,
        h("a", { href: "/api/v1/openapi.json" }, "openapi.json"),
        ", and the streams: ",
        h("a", { href: "/api/v1/asyncapi.json" }, "asyncapi.json"),
        ". What each problem means: ",
        h("a", { href: "/docs/problems" }, "problems"),
        "; what each role may do: ",
        h("a", { href: "/docs/roles" }, "roles"),
        ".",
      ),
      tags.map((tag) =>
        h(
          "section",
          {
            "aria-labelledby": `tag-${tag}`,
            hidden: () => !all.some((one) => one.tag === tag && matches(one, search.value)),
          },
          h("h2", { id: `tag-${tag}` }, tag),
          all.filter((one) => one.tag === tag).map((one) => card(spec, one)),
        )
      ),
    ),
  ]);
  goTo();
}

/** Open what the address names. */
function goTo() {
  const node = document.getElementById(location.hash.slice(1));
  if (node instanceof HTMLDetailsElement) node.open = true;
  node?.scrollIntoView();
}

async function whoIsHere() {
  try {
    /** @type {Me} */
    const me = await call("GET", "/api/v1/me");
    const org = me.organizations[0]?.slug ?? "";
    visitor.value = { org, csrf: me.csrf, name: me.person?.name ?? "you" };
  } catch (fault) {
    if (!(fault instanceof Problem && fault.status === 401)) throw fault;
  }
}

async function start() {
  try {
    const [spec] = await Promise.all([call("GET", "/api/v1/openapi.json"), whoIsHere()]);
    show(spec);
  } catch (fault) {
    main.replaceChildren(h("p", { class: "failure" }, explain(fault)));
  }
}

const bar = document.querySelector("#bar");
if (bar) {
  dress(bar, null, [
    h("span", { class: "organization" }, "API"),
    h("span", { class: "grow" }),
    () =>
      visitor.value
        ? h("span", { class: "person" }, visitor.value.name)
        : h("a", { href: place.signIn(location) }, "Sign in"),
  ]);
}
addEventListener("hashchange", goTo);
effect(() => {
  document.body.dataset.searching = String(search.value !== "");
});
start();
