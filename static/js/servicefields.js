/**
 * The fields of a service, for a new one and for one that exists.
 * @module
 */

import { h } from "./core.js";
import { follows, pick } from "./pick.js";

/** @typedef {import("./catalogue.js").Service} Service */
/** @typedef {import("./wire.js").Named} Named */

const TIERS = ["1: nothing works without it", "2", "3: usual", "4", "5: nobody waits for it"];

/** @type {[string, string][]} */
const AUTO_RESOLVE = [
  ["unless_worked", "Resolve, unless somebody has worked on it"],
  ["always", "Resolve always"],
  ["never", "Leave it to a person"],
];

/** @param {() => Service | null} get null for one to make @param {() => Named[]} teams */
export function serviceFields(get, teams) {
  const name = follows(
    h("input", { type: "text", required: true, maxlength: "200", autocomplete: "off" }),
    () => get()?.name ?? "",
  );
  const tier = pick(
    () => TIERS.map((label, index) => [String(index + 1), label]),
    () => `${get()?.tier ?? 3}`,
  );
  const team = pick(() => owners(teams(), get()?.team ?? null), () => get()?.team?.id ?? "");
  const runbook = follows(
    h("input", {
      type: "text",
      inputmode: "url",
      maxlength: "2000",
      autocomplete: "off",
      placeholder: "https://",
    }),
    () => get()?.runbook_url ?? "",
  );
  const links = follows(
    h("textarea", { rows: "4", autocomplete: "off", spellcheck: "false" }),
    () => (get()?.links ?? []).map(({ title, url }) => `${title} ${url}`).join("\n"),
  );
  const auto = pick(() => AUTO_RESOLVE, () => get()?.auto_resolve ?? "unless_worked");
  const minutes = follows(
    h("input", { type: "number", required: true, min: "0", max: "10080", step: "any" }),
    () => String((get()?.reopen_within_seconds ?? 300) / 60),
  );
  return {
    first: [
      { name: "name", label: "Name", control: name },
      { name: "tier", label: "Tier", control: tier },
      { name: "team", label: "Owner", control: team },
    ],
    rest: [
      {
        name: "runbook_url",
        label: "Runbook",
        control: runbook,
        hint: "A web address; shown with the service.",
      },
      {
        name: "links",
        label: "Links",
        control: links,
        hint: "One to a line, at most 20: a title, then a web address.",
      },
      { name: "auto_resolve", label: "When all alerts of an incident have cleared", control: auto },
      {
        name: "reopen_within_seconds",
        label: "Reopen within (minutes)",
        control: minutes,
        hint: "An alert that comes back this soon after an automatic resolve reopens the incident.",
      },
    ],
    body: () => ({
      name: name.value.trim(),
      tier: Number(tier.value),
      team: team.value || null,
      runbook_url: runbook.value.trim(),
      links: linesOf(links.value),
      auto_resolve: auto.value,
      reopen_within_seconds: Math.round(Number(minutes.value) * 60),
    }),
    /** For the next one. */
    clear: () => name.value = "",
  };
}

/** A link for each line that says something: its last word is the address, and the title where there is no
 * other word. What is no address is left to the API to refuse.
 * @param {string} text @returns {import("./catalogue.js").ServiceLink[]} */
export function linesOf(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const url = line.split(/\s/).at(-1) ?? "";
    return { title: line.slice(0, -url.length).trim() || url, url };
  });
}

/** The owner of now is offered also where the teams were not all read.
 * @param {Named[]} teams @param {Named | null} owner @returns {[string, string][]} */
function owners(teams, owner) {
  const all = !owner || teams.some(({ id }) => id === owner.id) ? teams : [owner, ...teams];
  return [["", "No team"], ...all.map(({ id, name }) => /** @type {[string, string]} */ ([id, name]))];
}
