// Keys of the desk: j/k move in the list, Enter opens, other keys press what bears data-key.
//
// [data-queue] holds the list; [data-evidence] are the links that "e" opens one after another;
// a control with data-key="a" is pressed (a field: focused) by that key. Silent while something is
// typed or composed with an input method, and while a dialog is open; switched off by the button
// [data-keys-switch], which a cookie remembers for a year.
(() => {
  const COOKIE = "desk_keys";
  const off = () => document.cookie.split("; ").includes(`${COOKIE}=off`);
  const remember = (state) => {
    document.cookie = `${COOKIE}=${state}; path=/; max-age=31536000; samesite=lax`;
  };

  const button = document.querySelector("[data-keys-switch]");
  function label() {
    if (button) button.textContent = off() ? button.dataset.on : button.dataset.off;
  }
  if (button) {
    button.addEventListener("click", () => {
      remember(off() ? "on" : "off");
      label();
    });
    label();
  }

  const typing = (target) =>
    target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");

  function step(by) {
    const links = [...document.querySelectorAll("[data-queue] a")];
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    const from = at >= 0 ? at : links.findIndex((link) => link.hasAttribute("aria-current"));
    const link = links[Math.min(Math.max(from + by, 0), links.length - 1)];
    link.focus();
    link.scrollIntoView({ block: "nearest" });
  }

  function evidence() {
    const links = [...document.querySelectorAll(".desk-panel [data-evidence]")];
    if (!links.length) return;
    const here = document.activeElement.closest?.("[data-point], .check-row");
    const inside = here ? links.filter((link) => here.contains(link)) : [];
    const at = links.indexOf(document.activeElement);
    const link = inside.length && at < 0 ? inside[0] : links[(at + 1) % links.length];
    link.focus();
    link.click();
  }

  document.addEventListener("keydown", (event) => {
    if (off() || event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "j" || event.key === "k") {
      step(event.key === "j" ? 1 : -1);
    } else if (event.key === "e") {
      evidence();
    } else if (event.key === "?") {
      document.querySelector("[data-opens=keys]")?.click();
    } else {
      const control = [...document.querySelectorAll("[data-key]")].find(
        (node) => node.dataset.key === event.key && !node.disabled,
      );
      if (!control) return;
      if (control.matches("input")) control.focus();
      else control.click();
    }
    event.preventDefault();
  });

  // The document is opened as soon as it is chosen; without scripts the button does it.
  const choice = document.querySelector("[data-document-choice]");
  if (choice) {
    choice.querySelector("button").hidden = true;
    choice.addEventListener("change", () => choice.requestSubmit());
  }

  // The case at hand is in view in the list, wherever in it it stands.
  document.querySelector("[data-queue] a[aria-current]")?.scrollIntoView({ block: "nearest" });

  // A row that an address names is brought into view.
  document.querySelector("tr.is-marked")?.scrollIntoView({ block: "center" });
})();
