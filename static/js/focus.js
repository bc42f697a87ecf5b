/**
 * Focus is never lost: what is used up and hidden hands it to what stands beside it.
 * @module
 */

/** Begin to watch. */
export function start() {
  addEventListener("focusout", ({ target, relatedTarget }) => {
    if (relatedTarget || !(target instanceof HTMLElement) || !target.closest("[hidden]")) return;
    // later, when everything that changes with it has changed
    queueMicrotask(() => pass(target.closest("[role=group], tr")));
  });
}

/** @param {Element | null | undefined} near something in it takes the focus, else the open dialog or the page's content does */
export function pass(near) {
  for (const wanted of ["a", ".primary:not([hidden])", "button:not([hidden])"]) {
    const heir = near?.querySelector(wanted);
    if (heir instanceof HTMLElement) return heir.focus({ preventScroll: true });
  }
  const dialog = [...document.querySelectorAll("dialog[open]")].at(-1);
  const rest = dialog?.querySelector("button") ?? document.querySelector("main");
  rest?.focus({ preventScroll: true });
}
