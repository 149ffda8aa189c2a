/* Buttons that print the page or copy its address; without script they are not shown. */
(() => {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy-address]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(window.location.href.split("#")[0]);
      button.textContent = button.dataset.done;
    });
  }
})();
