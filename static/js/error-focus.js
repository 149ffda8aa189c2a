// An error summary takes focus when the page or a fragment comes, and the title says so; a page that
// was opened at one of its places (#id) puts the focus there.
(() => {
  function take(root) {
    const summary = root.querySelector("[data-error-summary]");
    if (!summary) return;
    const prefix = summary.dataset.titlePrefix;
    if (prefix && !document.title.startsWith(prefix)) document.title = prefix + document.title;
    // Who came for one place of the page goes there; the summary stands above it.
    const asked = root === document && location.hash.length > 1 && location.hash !== "#main";
    const target = asked && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) arrive(target);
    else summary.focus();
  }
  // The browser's own way to the place takes the focus off it again where the place takes none.
  function arrive(target) {
    go(target);
    const again = () => requestAnimationFrame(() => document.activeElement === document.body && go(target));
    if (document.readyState === "complete") again();
    else window.addEventListener("load", again, { once: true });
  }
  function go(target) {
    const field = target.matches("input, select, textarea, button, [tabindex]")
      ? target
      : target.querySelector("input:not([type=hidden]), select, textarea, button");
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) {
      box.open = true;
    }
    (field || target).focus();
    (target.closest(".field") || target).scrollIntoView({ block: "center" });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-error-summary] a[href^='#']");
    const target = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!target) return;
    event.preventDefault();
    go(target);
  });
  take(document);
  document.addEventListener("htmx:afterSettle", (event) => take(event.target.parentElement || document));
})();
