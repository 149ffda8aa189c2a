// A section saves itself: at most two seconds after the last key, when a choice is made, when the
// page is left. What another page wrote meanwhile is taken over or, for the same field, shown.
//
// <form data-autosave="url"> with hidden inputs `_seen` (digests of what the page shows, as JSON)
// and `_tab`; the foot's [data-save-state] tells. Nothing is kept in this browser's storage.
(() => {
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const state = document.querySelector("[data-save-state]");
  const url = form.dataset.autosave;
  const DELAY = 1200;
  const RETRY = 5000;
  const seen = form.elements._seen;
  const tab = form.elements._tab;
  if (!tab.value) tab.value = crypto.randomUUID().slice(0, 12);
  let token = form.elements.csrfmiddlewaretoken.value;
  let timer = 0;
  let busy = false;
  let again = false;
  let dirty = false;
  let saved = "";
  let submitting = false;

  const tell = (text, failed = false) => {
    state.textContent = text;
    state.classList.toggle("is-failed", failed);
  };
  const later = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(save, delay);
  };
  const controls = (code) => [...form.elements].filter((control) => control.name === code);
  const box = (code) => document.getElementById(`div_id_${code}`);

  function body() {
    const data = new FormData(form);
    // A field in conflict waits for its owner's choice.
    for (const conflict of form.querySelectorAll("[data-conflict]")) {
      const code = conflict.dataset.conflict;
      data.delete(code);
      const kept = data.getAll("_fields").filter((name) => name !== code);
      data.delete("_fields");
      for (const name of kept) data.append("_fields", name);
    }
    data.set("csrfmiddlewaretoken", token);
    return data;
  }

  // Only for the person whose page this is: nobody saves in another's name.
  async function freshToken() {
    const session = document.querySelector("[data-session-warning]")?.dataset;
    const headers = { Accept: "application/json" };
    const answer = await fetch(session?.extendUrl || url, { headers, redirect: "manual" });
    if (!answer.ok) return false;
    const told = await answer.json();
    if (session && told.person !== session.person) return false;
    token = told.token;
    for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = token;
    return true;
  }

  async function save() {
    clearTimeout(timer);
    if (submitting || !dirty) return;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    dirty = false;
    tell(state.dataset.saving);
    try {
      const sent = body();
      const answer = await fetch(url, { method: "POST", body: sent, redirect: "manual", keepalive: document.hidden });
      if (answer.status === 409) {
        tell((await answer.json()).refused, true);
      } else if (answer.ok) {
        take(await answer.json(), sent);
      } else if (answer.type === "opaqueredirect" || answer.status === 403) {
        // Signed out, or signed in again over this page: a fresh token tells which.
        dirty = true;
        if (await freshToken()) later(0);
        else signedOut();
      } else {
        failed();
      }
    } catch {
      failed();
    } finally {
      busy = false;
      if (again) {
        again = false;
        dirty = true;
        later(0);
      }
    }
  }

  function failed() {
    form.dataset.unsaved = "1";
    dirty = true;
    tell(state.dataset.failed, true);
    later(RETRY);
  }

  function signedOut() {
    form.dataset.unsaved = "1";
    tell(state.dataset.signedOut, true);
    later(RETRY);
  }

  function take(answer, sent) {
    const typed = new FormData(form);
    for (const [code, merged] of Object.entries(answer.merged)) {
      // What was typed since stays; the next save tells that both wrote it.
      if (String(typed.getAll(code)) === String(sent.getAll(code))) setValue(code, merged.value);
      else delete answer.seen[code];
    }
    const marks = { ...JSON.parse(seen.value || "{}"), ...answer.seen };
    for (const [code, conflict] of Object.entries(answer.conflicts)) show(code, conflict);
    seen.value = JSON.stringify(marks);
    delete form.dataset.unsaved;
    // What was typed since is not saved yet.
    saved = answer.saved;
    settled();
    form.dispatchEvent(new CustomEvent("saved", { bubbles: true }));
  }

  // Saved, typed since, or waiting for a choice between mine and theirs.
  function settled() {
    const asks = Boolean(form.querySelector("[data-conflict]"));
    if (dirty) tell(state.dataset.typing);
    else tell(asks ? state.dataset.asks : saved, asks);
  }

  function setValue(code, value) {
    for (const control of controls(code)) {
      if (control.type === "radio" || control.type === "checkbox") {
        control.checked = Array.isArray(value) ? value.includes(control.value) : control.value === value;
      } else if (control.type !== "hidden") {
        control.value = value;
        control.dispatchEvent(new Event("change", { bubbles: true }));
      }
    }
  }

  function show(code, conflict) {
    const place = box(code);
    if (!place) return;
    place.querySelector("[data-conflict]")?.remove();
    place.insertAdjacentHTML("afterbegin", conflict.html);
    const shown = place.querySelector("[data-conflict]");
    shown.addEventListener("click", (event) => {
      const choice = event.target.closest("[data-take]")?.dataset.take;
      if (!choice) return;
      const marks = JSON.parse(seen.value || "{}");
      marks[code] = conflict.digest;
      seen.value = JSON.stringify(marks);
      shown.remove();
      if (choice === "theirs") {
        setValue(code, conflict.theirs);
        settled();
      } else {
        dirty = true;
        later(0);
      }
      controls(code).find((control) => control.type !== "hidden")?.focus();
    });
  }

  form.addEventListener("input", (event) => {
    // What is written here no longer comes from elsewhere.
    event.target.closest(".field")?.querySelector(".field-source")?.remove();
    if (event.isComposing) return;
    dirty = true;
    tell(state.dataset.typing);
    later(DELAY);
  });
  form.addEventListener("compositionend", () => {
    dirty = true;
    later(DELAY);
  });
  form.addEventListener("change", (event) => {
    if (event.isTrusted) later(200);
  });
  form.addEventListener("submit", () => {
    submitting = true;
    clearTimeout(timer);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && dirty) save();
  });
  window.addEventListener("online", () => dirty && later(0));
  window.addEventListener("pageshow", (event) => {
    // Back brings an old page: what it shows may be stale, so it comes anew.
    if (event.persisted) location.reload();
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty && !submitting) {
      save();
      event.preventDefault();
    }
  });
})();
