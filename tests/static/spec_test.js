/** The API's page: reading a description, searching it, and writing requests out of it. */

import assert from "node:assert/strict";
import {
  address,
  curl,
  example,
  fields,
  headers,
  matches,
  operations,
  resolve,
  typeName,
} from "../../static/js/spec.js";
import { pretty } from "../../static/js/trial.js";

const SPEC = {
  paths: {
    "/orgs/{org}/things": {
      get: {
        operationId: "get_things",
        summary: "A page of things.",
        description: "",
        tags: ["things"],
        "x-action": "thing:read",
        security: [{ session: [] }, { api_key: [] }],
        parameters: [
          { name: "org", in: "path", required: true, description: "The slug.", schema: { type: "string" } },
          { name: "limit", in: "query", required: false, description: "", schema: { type: "integer" } },
        ],
        responses: { 404: { $ref: "#/components/responses/not_found" } },
      },
      post: {
        operationId: "post_things",
        summary: "Make one.",
        description: "With a name.",
        tags: ["things"],
        "x-action": "thing:make",
        security: [{ session: [] }, { api_key: [] }],
        parameters: [
          { name: "org", in: "path", required: true, description: "", schema: { type: "string" } },
          { name: "Idempotency-Key", in: "header", required: false, description: "", schema: {} },
        ],
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } } },
        responses: {
          201: {
            description: "Created",
            content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } },
          },
        },
      },
    },
  },
  components: {
    schemas: {
      Thing: {
        title: "Thing",
        type: "object",
        required: ["name", "kind"],
        properties: {
          name: { type: "string", minLength: 1, maxLength: 64 },
          kind: { $ref: "#/components/schemas/Kind" },
          parts: { type: "array", items: { $ref: "#/components/schemas/Thing" } },
          made_at: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }] },
          count: { type: "integer", minimum: 3 },
        },
      },
      Kind: { enum: ["round", "square"] },
    },
    responses: { not_found: { description: "There is no such thing." } },
  },
};
const THING = { $ref: "#/components/schemas/Thing" };
const [LIST, MAKE] = /** @type {[any, any]} */ (operations(SPEC));

Deno.test("operations are read with their answers, and references are followed", () => {
  assert.deepEqual([LIST.method, LIST.path, LIST.tag], ["GET", "/orgs/{org}/things", "things"]);
  assert.deepEqual(LIST.credentials, ["session", "api_key"]);
  assert.deepEqual(LIST.answers, [{ status: "404", about: "There is no such thing.", schema: null }]);
  assert.deepEqual([LIST.body, MAKE.body], [null, THING]);
  assert.equal(resolve(SPEC, THING).title, "Thing");
});

Deno.test("a search wants every word, anywhere, in any case", () => {
  assert.ok(matches(LIST, ""));
  assert.ok(matches(LIST, "PAGE get"));
  assert.ok(matches(MAKE, "thing:make"));
  assert.ok(!matches(LIST, "page post"));
});

Deno.test("types are told in a few words", () => {
  assert.deepEqual(fields(SPEC, THING), [
    { name: "name", type: "string, 1 to 64 characters", required: true },
    { name: "kind", type: "round, square", required: true },
    { name: "parts", type: "list of Thing", required: false },
    { name: "made_at", type: "date-time or null", required: false },
    { name: "count", type: "integer, from 3", required: false },
  ]);
  assert.equal(typeName(SPEC, {}), "anything");
});

Deno.test("an example has what it must, or everything; what holds itself comes to an end", () => {
  assert.deepEqual(example(SPEC, THING, true), { name: "…", kind: "round" });
  const whole = /** @type {Record<string, unknown>} */ (example(SPEC, THING));
  assert.deepEqual(Object.keys(whole), ["name", "kind", "parts", "made_at", "count"]);
  assert.deepEqual([whole.made_at, whole.count], ["2026-01-31T12:00:00Z", 3]);
});

Deno.test("an address takes what was filled in, encoded, and nothing else", () => {
  assert.equal(address(LIST, {}), "/orgs/{org}/things");
  assert.equal(address(LIST, { org: "a/b?c", limit: "1&2" }), "/orgs/a%2Fb%3Fc/things?limit=1%262");
  assert.deepEqual(headers(MAKE, { "Idempotency-Key": "k", org: "a" }), { "Idempotency-Key": "k" });
  assert.deepEqual(headers(MAKE, {}), {});
});

Deno.test("the command for a terminal is quoted, and holds no secret", () => {
  const text = curl(MAKE, { org: "acme", "Idempotency-Key": "it's" }, '{"name":"it\'s"}', "https://hub");
  assert.equal(
    text,
    [
      "curl -X POST 'https://hub/orgs/acme/things'",
      '-H "Authorization: Bearer $HUB_API_KEY"',
      "-H 'Idempotency-Key: it'\\''s'",
      "-H 'Content-Type: application/json'",
      `-d '{"name":"it'\\''s"}'`,
    ].join(" \\\n  "),
  );
  assert.equal(
    curl({ ...MAKE, credentials: ["session"] }, { org: "a" }, "", "https://hub"),
    [
      "curl -X POST 'https://hub/orgs/a/things'",
      '-H "Cookie: $HUB_COOKIE"',
      "-H 'Origin: https://hub'",
      '-H "X-CSRF-Token: $HUB_CSRF"',
    ].join(" \\\n  "),
  );
  assert.match(
    curl({ ...MAKE, credentials: ["integration_key"] }, {}, "", ""),
    /Bearer \$HUB_INTEGRATION_KEY/,
  );
});

Deno.test("answers are shown with line breaks where they are JSON", () => {
  assert.equal(pretty('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(pretty("<b>no</b>"), "<b>no</b>");
});
