// Native dialogs: [data-opens="id"] opens one; a typed confirmation unlocks its button.
//
// Without scripts the dialog's form is reached by its own page: the opener is a link or a
// submit button that works as such.
(() => {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.opens);
      if (!dialog) return;
      event.preventDefault();
      dialog.showModal();
      check(dialog);
      return;
    }
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog").close();
  });
  document.addEventListener("input", (event) => {
    const dialog = event.target.closest("dialog");
    if (dialog) check(dialog);
  });
  function check(dialog) {
    const typed = dialog.querySelector("[data-expected]");
    const button = dialog.querySelector("[data-confirms]");
    if (!typed || !button) return;
    button.disabled = typed.value.trim() !== typed.dataset.expected;
  }
  for (const dialog of document.querySelectorAll("dialog[data-open-now]")) dialog.showModal();
})();
