/**
 * The fields of a heartbeat, for a new one and for one that exists; and how it is pinged.
 * @module
 */

import { pageOf } from "./catalogue.js";
import { h } from "./core.js";
import * as place from "./place.js";
import { copied } from "./sending.js";
import { here } from "./session.js";
import { seconds, span } from "./spans.js";

/** @typedef {import("./wire.js").Named} Named */
/** @typedef {{id: string, name: string, integration: Named, service: Named, interval_seconds: number,
 *   grace_seconds: number, fed_by: string, enabled: boolean, status: string, last_ping_at: string | null,
 *   due_at: string | null, late_since: string | null, url: string, version: number}} Heartbeat */

export const HEARTBEATS = place.api(here.slug, "/heartbeats");
export const MANAGES = "integration:manage";
const HINT = "Such as 30s, 5m, 24h or 1d 12h.";

/** The fields that a new one and a change have in common. @param {Heartbeat} [heartbeat] as it is */
export function fields(heartbeat) {
  const name = h("input", {
    type: "text",
    required: true,
    maxlength: "100",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "nightly-backup",
    value: heartbeat?.name ?? "",
  });
  const interval = span(heartbeat?.interval_seconds);
  const grace = span(heartbeat?.grace_seconds ?? 60);
  const fed = h("input", {
    type: "text",
    maxlength: "200",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "Watchdog",
    value: heartbeat?.fed_by ?? "",
  });
  return {
    name: { name: "name", label: "Name", control: name, hint: "Letters, digits and . _ ~ -" },
    interval: { name: "interval_seconds", label: "Expected every", control: interval, hint: HINT },
    grace: { name: "grace_seconds", label: "Grace", control: grace, hint: "How much later it may come." },
    fed: {
      name: "fed_by",
      label: "Fed by alerts named",
      control: fed,
      hint: "An alert of this name that always fires is a ping, too. Leave it empty for a job.",
    },
    body: () => ({
      name: name.value.trim(),
      interval_seconds: seconds(interval.value),
      grace_seconds: seconds(grace.value),
      fed_by: fed.value.trim(),
    }),
    /** For the next one. */
    clear: () => name.value = "",
  };
}

/** @param {Pick<Heartbeat, "name" | "url" | "integration">} one */
export function pinging({ name, url, integration }) {
  return [
    h(
      "p",
      { class: "faint" },
      "At the end of the job. KEY stands for the key of ",
      h("a", { href: pageOf("integrations", integration.id) }, integration.name),
      ".",
    ),
    copied(`Command that pings ${name}`, `curl -sS -X POST '${url}' -H 'Authorization: Bearer KEY'`),
  ];
}
