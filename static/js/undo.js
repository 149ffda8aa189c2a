// The bar of an act that can still be undone counts down, then leaves only what was done.
//
// <div data-undo-left="9200">… <button>… <span data-undo-seconds>10</span></button></div>:
// milliseconds left when the page was made. The server judges; this only counts.
(() => {
  const started = performance.getEntriesByType("navigation")[0]?.responseStart ?? performance.now();
  for (const bar of document.querySelectorAll("[data-undo-left]")) {
    const left = Number(bar.dataset.undoLeft);
    const seconds = bar.querySelector("[data-undo-seconds]");
    const button = bar.querySelector("button");
    const tick = () => {
      const rest = left - (performance.now() - started);
      if (rest <= 0) {
        button.remove();
        return;
      }
      seconds.textContent = String(Math.ceil(rest / 1000));
      setTimeout(tick, rest % 1000 || 1000);
    };
    tick();
  }
})();
