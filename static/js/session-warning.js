// Two minutes before the session ends a bar says so; any key, or its button, extends it. A form of
// a page that has stood open for a while is sent only after the server was heard: signed out, or
// without a connection, what was typed stays on the page. An impatient second press of the same
// form is not sent: its answer would be a refusal of what has just been done.
(() => {
  const bar = document.querySelector("[data-session-warning]");
  if (!bar) return;
  const WARN_MS = 120_000;
  const FRESH_MS = 60_000;
  const TWICE_MS = 3_000;
  const text = bar.querySelector("[data-session-text]");
  const extendButton = bar.querySelector("[data-session-extend]");
  const loginLink = bar.querySelector("[data-session-login]");
  const idle = Number(bar.dataset.idleSeconds) * 1000;
  let ends = performance.now() + idle;
  let asking = false;
  let over = false;
  // The wall's clock too: the other one stands still while the computer sleeps.
  let heard = Date.now();
  const passed = new WeakSet();
  const sent = new WeakMap();

  const minutes = (left) => {
    const seconds = Math.max(0, Math.ceil(left / 1000));
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };

  function alive() {
    heard = Date.now();
    ends = performance.now() + idle;
    over = false;
    bar.hidden = true;
    extendButton.hidden = false;
    loginLink.hidden = true;
  }

  async function extend() {
    if (asking) return;
    asking = true;
    try {
      const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
      const answer = await fetch(bar.dataset.extendUrl, { method: "POST", headers, redirect: "error" });
      if (answer.ok) alive();
    } catch {
      // No connection, or signed out: the bar stays and says how long is left.
    } finally {
      asking = false;
    }
  }

  // The form stays unsent, and the bar says why.
  function hold(why, { signIn = false } = {}) {
    over = true;
    bar.hidden = false;
    text.textContent = bar.dataset[why];
    extendButton.hidden = true;
    loginLink.hidden = !signIn;
  }

  // Who is signed in now, and the token for this page: "" if it is this page's person, else why not.
  async function hear() {
    let told;
    try {
      const headers = { Accept: "application/json" };
      const answer = await fetch(bar.dataset.extendUrl, { headers, redirect: "manual" });
      if (!answer.ok) return answer.status >= 500 ? "textOffline" : "textOver";
      told = await answer.json();
    } catch {
      return "textOffline";
    }
    if (told.person !== bar.dataset.person) return "textOther";
    for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = told.token;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": told.token }));
    alive();
    return "";
  }

  async function sendOnceHeard(form, submitter) {
    const why = await hear();
    if (why) {
      hold(why, { signIn: why !== "textOffline" });
      return;
    }
    passed.add(form);
    form.requestSubmit(submitter);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (Date.now() - sent.get(form) < TWICE_MS) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (passed.delete(form)) return;
    if (Date.now() - heard < FRESH_MS && navigator.onLine && !over && !form.dataset.unsaved) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    sendOnceHeard(form, event.submitter);
  }, true);

  window.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) sent.set(event.target, Date.now());
  });

  function tick() {
    if (over) return;
    const left = ends - performance.now();
    if (left > WARN_MS) {
      bar.hidden = true;
    } else if (left > 0) {
      bar.hidden = false;
      text.textContent = bar.dataset.textSoon.replace("{left}", minutes(left));
    } else {
      hold("textOver", { signIn: true });
    }
  }

  document.addEventListener("keydown", () => {
    if (!bar.hidden && !over) extend();
  });
  extendButton.addEventListener("click", extend);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) alive();
  });
  // A part of the page that was asked for in vain: signed out, or signed in again elsewhere.
  document.addEventListener("htmx:responseError", async (event) => {
    if (![401, 403].includes(event.detail.xhr.status)) return;
    const why = await hear();
    hold(why || "textAgain", { signIn: Boolean(why) });
  });
  document.addEventListener("htmx:sendError", () => hold("textOffline"));
  // A section that saved itself was heard too.
  document.addEventListener("saved", alive);
  // Back from the window in which one signed in.
  window.addEventListener("focus", () => (over ? hear() : tick()));
  setInterval(tick, 1000);
})();
