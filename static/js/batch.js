// Several rows of a list for one act: a box of the bar ticks the page, and the bar tells how many
// are ticked. Without scripts each row is ticked by hand, and the act's own page tells the rest.
(() => {
  const form = document.querySelector("form[data-batch]");
  if (!form) return;
  const boxes = [...form.elements].filter((control) => control.name === "case");
  const all = form.querySelector("[data-batch-all]");
  const told = form.querySelector("[data-batch-count]");
  all.closest("label").hidden = false;

  function tell() {
    const count = boxes.filter((box) => box.checked).length;
    told.textContent = told.dataset.batchCount.replace("{n}", count);
    // In sight while something is chosen; it takes no room of a phone before.
    form.classList.toggle("is-chosen", count > 0);
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  }

  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  // Back to the list: the browser may have ticked again what was ticked.
  window.addEventListener("pageshow", tell);
  tell();
})();
