/**
 * The description of the API, read for people: operations, searched, shown as fields, examples and curl.
 * @module
 */

/** @typedef {Record<string, any>} Schema */
/** @typedef {{name: string, in: "path" | "query" | "header", required: boolean, description: string, schema: Schema}} Parameter */
/** @typedef {{status: string, about: string, schema: Schema | null}} Answer */
/** @typedef {{name: string, type: string, required: boolean}} Field */
/** Values by the parameter's name. @typedef {Record<string, string>} Values */

/**
 * @typedef {object} Operation
 * @property {string} id
 * @property {string} method
 * @property {string} path
 * @property {string} tag
 * @property {string} summary
 * @property {string} description
 * @property {string} action what a role must hold, empty where none is asked for
 * @property {string[]} credentials names of security schemes, any of which serves
 * @property {Parameter[]} parameters
 * @property {Schema | null} body
 * @property {Answer[]} answers good ones first
 */

const DEPTH_MAX = 6;

/** Every operation in the order of the description. @param {Schema} spec @returns {Operation[]} */
export function operations(spec) {
  return Object.entries(spec.paths).flatMap(([path, methods]) =>
    Object.entries(/** @type {Record<string, Schema>} */ (methods)).map(([method, said]) => ({
      id: said.operationId,
      method: method.toUpperCase(),
      path,
      tag: said.tags[0],
      summary: said.summary,
      description: said.description,
      action: said["x-action"] ?? "",
      credentials: said.security.flatMap((/** @type {Schema} */ one) => Object.keys(one)),
      parameters: said.parameters,
      body: said.requestBody?.content["application/json"].schema ?? null,
      answers: Object.entries(said.responses).map(([status, answer]) => answered(spec, status, answer)),
    }))
  );
}

/** @param {Schema} spec @param {string} status @param {any} answer @returns {Answer} */
function answered(spec, status, answer) {
  const found = resolve(spec, answer);
  return { status, about: found.description, schema: found.content?.["application/json"]?.schema ?? null };
}

/** Follow a reference of the description into itself. @param {Schema} spec @param {Schema} schema @returns {Schema} */
export function resolve(spec, schema) {
  if (!schema.$ref) return schema;
  /** @type {any} */
  let at = spec;
  for (const step of schema.$ref.slice(2).split("/")) at = at[step];
  return at;
}

/** Whether an operation has every word of a search somewhere. @param {Operation} operation @param {string} search */
export function matches(operation, search) {
  const { method, path, tag, summary, description, action } = operation;
  const text = [method, path, tag, summary, description, action].join(" ").toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** A type in a few words. @param {Schema} spec @param {Schema} schema @returns {string} */
export function typeName(spec, schema) {
  if (schema.anyOf) return schema.anyOf.map((/** @type {Schema} */ one) => typeName(spec, one)).join(" or ");
  const found = resolve(spec, schema);
  if (found.enum) return found.enum.join(", ");
  if (found.type === "array") return `list of ${typeName(spec, found.items ?? {})}`;
  if (found.type === "object") return found.title ?? "object";
  return [found.format ?? found.type ?? "anything", bounds(found)].filter(Boolean).join(", ");
}

/** @param {Schema} schema */
function bounds({ minLength, maxLength, minimum, maximum }) {
  const [low, high, unit] = maxLength === undefined
    ? [minimum, maximum, ""]
    : [minLength ?? 0, maxLength, " characters"];
  if (low === undefined && high === undefined) return "";
  return high === undefined ? `from ${low}` : `${low ?? "…"} to ${high}${unit}`;
}

/** The members of an object. @param {Schema} spec @param {Schema} schema @returns {Field[]} */
export function fields(spec, schema) {
  const { properties = {}, required = [] } = resolve(spec, schema);
  return Object.entries(properties).map(([name, one]) => ({
    name,
    type: typeName(spec, /** @type {Schema} */ (one)),
    required: required.includes(name),
  }));
}

/** A value of a type. With `least`, only what must be there.
 * @param {Schema} spec @param {Schema} schema @param {boolean} [least] @param {number} [depth] @returns {unknown} */
export function example(spec, schema, least = false, depth = 0) {
  const one = schema.anyOf?.find((/** @type {Schema} */ each) => each.type !== "null") ?? schema;
  const found = resolve(spec, one);
  if (depth > DEPTH_MAX) return null;
  if (found.enum) return found.enum[0];
  if (found.type === "array") return found.items ? [example(spec, found.items, least, depth + 1)] : [];
  if (found.type === "object") {
    const required = found.required ?? [];
    return Object.fromEntries(
      Object.entries(found.properties ?? {})
        .filter(([name]) => !least || required.includes(name))
        .map(([name, each]) => [name, example(spec, /** @type {Schema} */ (each), least, depth + 1)]),
    );
  }
  if (found.type === "integer" || found.type === "number") return found.minimum ?? 1;
  if (found.type === "boolean") return false;
  return found.format === "date-time" ? "2026-01-31T12:00:00Z" : found.type === "string" ? "…" : {};
}

/** The address of a request; a place without a value stays as it is written.
 * @param {Operation} operation @param {Values} values */
export function address({ path, parameters }, values) {
  const filled = path.replaceAll(
    /\{(\w+)\}/g,
    (place, name) => values[name] ? encodeURIComponent(values[name]) : place,
  );
  const query = parameters.filter((one) => one.in === "query" && values[one.name]).map((one) =>
    `${one.name}=${encodeURIComponent(values[one.name] ?? "")}`
  );
  return filled + (query.length ? `?${query.join("&")}` : "");
}

/** The headers that were filled in. @param {Operation} operation @param {Values} values
 * @returns {Record<string, string>} */
export function headers({ parameters }, values) {
  return Object.fromEntries(
    parameters.filter((one) => one.in === "header" && values[one.name])
      .map(({ name }) => [name, values[name] ?? ""]),
  );
}

/** Text between quotes of a shell. @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The same request for a terminal; the secret comes from the environment.
 * @param {Operation} operation @param {Values} values @param {string} body @param {string} origin */
export function curl(operation, values, body, origin) {
  const { method, credentials } = operation;
  const lines = [
    `curl ${method === "GET" ? "" : `-X ${method} `}${quoted(origin + address(operation, values))}`,
  ];
  if (credentials.includes("api_key")) lines.push('-H "Authorization: Bearer $HUB_API_KEY"');
  else if (credentials.includes("integration_key")) {
    lines.push('-H "Authorization: Bearer $HUB_INTEGRATION_KEY"');
  } else if (credentials.includes("session")) lines.push('-H "Cookie: $HUB_COOKIE"');
  if (method !== "GET" && !credentials.some((one) => one.endsWith("_key"))) {
    lines.push(`-H ${quoted(`Origin: ${origin}`)}`);
    if (credentials.length) lines.push('-H "X-CSRF-Token: $HUB_CSRF"');
  }
  for (const [name, value] of Object.entries(headers(operation, values))) {
    lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  }
  if (body) lines.push("-H 'Content-Type: application/json'", `-d ${quoted(body)}`);
  return lines.join(" \\\n  ");
}
