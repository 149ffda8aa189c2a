// A demonstration account is put into the sign-in form by a click. Nothing is sent.
(() => {
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-demo-email]");
    const email = document.querySelector("input[name=login]");
    const password = document.querySelector("input[name=password]");
    if (!chosen || !email || !password) return;
    email.value = chosen.dataset.demoEmail;
    password.value = chosen.dataset.demoPassword;
    password.focus();
  });
})();
