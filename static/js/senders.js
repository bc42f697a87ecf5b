/**
 * What to paste where, so that something is sent: a part for each sender of an integration, a line for a key.
 * @module
 */

/** @typedef {{name: string, label: string, about: string, url: string, text: string}} Part */

/** Senders in the order of their tabs: snippet, address, label, and where it goes.
 * @type {readonly [string, string, string, string][]} */
const SENDERS = [
  ["curl", "events", "curl", "Paste it into a shell: it opens an incident at once."],
  [
    "alertmanager",
    "alertmanager",
    "Alertmanager",
    "A receiver for alertmanager.yml; have a route lead to it.",
  ],
  [
    "prometheus",
    "prometheus",
    "Prometheus",
    "For prometheus.yml: alerts come straight from Prometheus, without an Alertmanager between.",
  ],
  [
    "grafana",
    "grafana",
    "Grafana",
    "A contact point to provision Grafana with; have a notification policy lead to it.",
  ],
  [
    "pagerduty",
    "pagerduty",
    "PagerDuty",
    "For what can send to PagerDuty's Events API v2: its address, and the key.",
  ],
  [
    "opsgenie",
    "opsgenie",
    "Opsgenie",
    "For what can send to Opsgenie or JSM Operations: the host, and the key as its GenieKey.",
  ],
  [
    "changes",
    "changes",
    "Changes",
    "For what tells PagerDuty of deployments: a change is on record, and nobody is paged.",
  ],
  [
    "cloudevents",
    "cloudevents",
    "CloudEvents",
    "CloudEvents 1.0, structured, binary or in batches; this one is binary.",
  ],
  [
    "hooks",
    "hooks",
    "Only an address",
    "For tools that can send no header: the key is a part of the address.",
  ],
];

/** The parts that the API tells of; a sender of a later version comes last, by its own name.
 * @param {Record<string, string>} urls @param {Record<string, string>} snippets @returns {Part[]} */
export function senders(urls, snippets) {
  const known = SENDERS.map(([name, at, label, about]) => ({
    name,
    label,
    about,
    url: urls[at] ?? "",
    text: snippets[name] ?? "",
  })).filter(({ url, text }) => url || text);
  const told = new Set(SENDERS.flatMap(([name, at]) => [name, at]));
  const later = Object.keys({ ...urls, ...snippets }).filter((name) => !told.has(name));
  return [
    ...known,
    ...later.map((name) => ({
      name,
      label: name,
      about: "",
      url: urls[name] ?? "",
      text: snippets[name] ?? "",
    })),
  ];
}

/** A command that works with a new key: the incidents where it may read them, else who it is.
 * @param {string} origin @param {string} slug @param {string} secret @param {readonly string[]} scopes empty: all
 *   that its role holds */
export function keyLine(origin, slug, secret, scopes) {
  const reads = !scopes.length || scopes.includes("incident:read");
  const path = reads ? `/api/v1/orgs/${encodeURIComponent(slug)}/incidents?status=open` : "/api/v1/me";
  return `curl -sS '${origin}${path}' -H 'Authorization: Bearer ${secret}'`;
}
