// The header's menu button on narrow screens, and panels that close on Escape or a click elsewhere.
(() => {
  const button = document.querySelector("[data-menu-button]");
  const nav = button && document.getElementById(button.getAttribute("aria-controls"));
  const set = (open) => {
    nav.classList.toggle("is-open", open);
    button.setAttribute("aria-expanded", String(open));
  };
  if (button) {
    // Without this script the link leads to the menu, which shows as the address's target.
    button.addEventListener("click", (event) => {
      event.preventDefault();
      set(button.getAttribute("aria-expanded") !== "true");
    });
    button.addEventListener("keydown", (event) => {
      if (event.key === " ") {
        event.preventDefault();
        button.click();
      }
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const panel of document.querySelectorAll("details[data-panel][open]")) {
      panel.open = false;
      panel.querySelector("summary").focus();
    }
    if (nav && nav.classList.contains("is-open")) {
      set(false);
      button.focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const panel of document.querySelectorAll("details[data-panel][open]")) {
      if (!panel.contains(event.target)) panel.open = false;
    }
  });
})();
