/**
 * The reactive core: a signal holds a value, an effect runs again when what it read changes, `h` builds nodes.
 * @module
 */

/** @template T @typedef {{value: T, peek: () => T}} Signal */
/** @typedef {{run: (() => void) | null, sources: Set<Set<Scope>>, parts: Scope[]}} Scope */
/** @typedef {Node | string | number | null | undefined | false} Simple */
/** @typedef {Simple | Simple[]} Content */
/** @typedef {Content | (() => Content) | (Content | (() => Content))[]} Child */

/** @type {Scope | null} */
let owner = null;
let tracking = false;
/** @type {Set<Scope>} */
const waiting = new Set();

/** @template T @param {T} value @returns {Signal<T>} */
export function signal(value) {
  /** @type {Set<Scope>} */
  const readers = new Set();
  return {
    get value() {
      if (owner && tracking) owner.sources.add(readers.add(owner));
      return value;
    },
    set value(next) {
      if (Object.is(next, value)) return;
      value = next;
      if (readers.size && !waiting.size) queueMicrotask(flush);
      for (const reader of readers) waiting.add(reader);
    },
    peek: () => value,
  };
}

/** Run what waits, now. Changes are gathered and run once in a microtask: a burst of events is one repaint. */
export function flush() {
  for (const scope of waiting) {
    waiting.delete(scope);
    try {
      scope.run?.();
    } catch (fault) {
      reportError(fault); // one broken place must not stop the others
    }
  }
}

/** @param {Scope} scope */
function clear(scope) {
  for (const readers of scope.sources) readers.delete(scope);
  scope.sources.clear();
  for (const part of scope.parts.splice(0)) stop(part);
}

/** @param {Scope} scope */
function stop(scope) {
  clear(scope);
  waiting.delete(scope);
  scope.run = null;
}

/** @template T @param {Scope} scope @param {boolean} track @param {() => T} body @returns {T} */
function within(scope, track, body) {
  const before = [owner, tracking];
  [owner, tracking] = [scope, track];
  try {
    return body();
  } finally {
    [owner, tracking] = /** @type {[Scope | null, boolean]} */ (before);
  }
}

/** Run `body` now and whenever a signal that it read changes; what it made before is undone first.
 * @param {() => void} body @returns {() => void} ends it */
export function effect(body) {
  /** @type {Scope} */
  const scope = { run: null, sources: new Set(), parts: [] };
  scope.run = () => {
    clear(scope);
    within(scope, true, body);
  };
  owner?.parts.push(scope);
  scope.run();
  return () => stop(scope);
}

/** Run `body` once, untracked, so that its effects live until `end` and not until the effect around it runs again.
 * @template T @param {() => T} body @returns {{result: T, end: () => void}} */
export function root(body) {
  /** @type {Scope} */
  const scope = { run: null, sources: new Set(), parts: [] };
  return { result: within(scope, false, body), end: () => stop(scope) };
}

/** A signal that follows `body`. @template T @param {() => T} body @returns {Signal<T>} */
export function derive(body) {
  const result = signal(/** @type {T} */ (undefined));
  effect(() => {
    result.value = body();
  });
  return result;
}

/** @param {Element} node @param {string} name @param {unknown} value */
function put(node, name, value) {
  if (name in node && (name === "value" || name === "checked" || name === "indeterminate")) {
    Object.assign(node, { [name]: value });
  } else if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : String(value));
}

/** Append children; a function is a place that follows the signals it reads.
 * @param {Node} parent @param {Child} child */
function append(parent, child) {
  if (Array.isArray(child)) { for (const one of child) append(parent, one); }
  else if (typeof child === "function") {
    const anchor = parent.appendChild(document.createTextNode(""));
    /** @type {ChildNode[]} */
    let shown = [];
    effect(() => {
      const box = document.createDocumentFragment();
      append(box, child());
      for (const node of shown) node.remove();
      shown = [...box.childNodes];
      anchor.before(box);
    });
  } else if (child instanceof Node) parent.appendChild(child);
  else if (child !== null && child !== undefined && child !== false) {
    parent.appendChild(document.createTextNode(String(child)));
  }
}

/** Build an element: `on…` are listeners, a function is an attribute that follows its signals, every string is text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, unknown> | null} [props] @param {Child[]} children
 * @returns {HTMLElementTagNameMap[K]} */
export function h(tag, props, ...children) {
  return dress(document.createElement(tag), props, children);
}

/** The same for an element that exists. @template {Element} E
 * @param {E} node @param {Record<string, unknown> | null} [props] @param {Child[]} [children] @returns {E} */
export function dress(node, props, children = []) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (typeof value === "function") effect(() => put(node, name, value()));
    else put(node, name, value);
  }
  for (const child of children) append(node, child);
  return node;
}
