// File inputs in the page's language: the browser's own words are covered by ours. The input stays
// what it is (keyboard, label, drop); uploads of application files have their own control.
(() => {
  const { choose, none } = document.currentScript.dataset;

  function dress(input) {
    if (input.closest("[data-upload], .file-pick")) return;
    const pick = document.createElement("span");
    pick.className = "file-pick";
    const button = document.createElement("span");
    button.className = "btn btn-secondary";
    button.textContent = choose;
    const name = document.createElement("span");
    name.className = "file-pick-name";
    const tell = () => {
      name.textContent = [...input.files].map((file) => file.name).join("、") || none;
    };
    button.setAttribute("aria-hidden", "true");
    input.before(pick);
    pick.append(button, name, input);
    input.addEventListener("change", tell);
    input.form?.addEventListener("reset", () => setTimeout(tell));
    tell();
  }

  const all = () => document.querySelectorAll("input[type=file]").forEach(dress);
  document.addEventListener("DOMContentLoaded", all);
  document.addEventListener("htmx:afterSwap", all);
})();
