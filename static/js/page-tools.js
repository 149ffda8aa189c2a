/* Buttons that print the page or copy its address; without script they are not shown.
   What the address points at is opened where it is closed. */
(() => {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  const openTarget = () => {
    const target = document.getElementById(window.location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  window.addEventListener("hashchange", openTarget);
  openTarget();
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy-address]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(window.location.href.split("#")[0]);
      button.textContent = button.dataset.done;
    });
  }
})();
