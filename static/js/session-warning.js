// Two minutes before the session ends a bar says so; any key, or its button, extends it.
(() => {
  const bar = document.querySelector("[data-session-warning]");
  if (!bar) return;
  const WARN_MS = 120_000;
  const text = bar.querySelector("[data-session-text]");
  const extendButton = bar.querySelector("[data-session-extend]");
  const loginLink = bar.querySelector("[data-session-login]");
  const idle = Number(bar.dataset.idleSeconds) * 1000;
  let ends = performance.now() + idle;
  let asking = false;
  let over = false;

  const minutes = (left) => {
    const seconds = Math.max(0, Math.ceil(left / 1000));
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };

  function alive() {
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

  function tick() {
    const left = ends - performance.now();
    if (left > WARN_MS) {
      bar.hidden = true;
    } else if (left > 0) {
      bar.hidden = false;
      text.textContent = bar.dataset.textSoon.replace("{left}", minutes(left));
    } else if (!over) {
      over = true;
      bar.hidden = false;
      text.textContent = bar.dataset.textOver;
      extendButton.hidden = true;
      loginLink.hidden = false;
    }
  }

  document.addEventListener("keydown", () => {
    if (!bar.hidden && !over) extend();
  });
  extendButton.addEventListener("click", extend);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) alive();
  });
  window.addEventListener("focus", tick);
  setInterval(tick, 1000);
})();
