// A second click on the act does nothing while the first is on its way. The server holds to one
// case in any event (idempotency key); this only spares the reader a doubt.
(() => {
  for (const form of document.querySelectorAll("form[data-submit-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "1";
      const button = form.querySelector("button:not([type=button])");
      button.setAttribute("aria-disabled", "true");
      if (button.dataset.wordBusy) button.textContent = button.dataset.wordBusy;
    });
  }
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
