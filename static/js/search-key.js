// "/" brings the cursor to the search box [data-search-box]; where a page's own control has that key
// (data-key="/"), it is that control's. Silent while something is typed or composed.
(() => {
  const typing = (target) => target.isContentEditable || target.matches("input, textarea, select");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.defaultPrevented || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (document.querySelector('[data-key="/"]')) return;
    const boxes = [...document.querySelectorAll("[data-search-box]")];
    let box = boxes.find((node) => node.offsetParent !== null);
    if (!box && boxes.length) {
      document.querySelector("[data-menu-button]")?.click(); // the box is in the folded menu
      box = boxes.find((node) => node.offsetParent !== null);
    }
    if (!box) return;
    box.focus();
    box.select();
    event.preventDefault();
  });
})();
