// Uploads one by one with a bar for each file, cancel and retry. Without scripts the form sends
// the files and the page comes back.
//
// <form data-upload> inside .slot; the slot's [data-slot-files] is replaced by the answer's html.
(() => {
  for (const form of document.querySelectorAll("form[data-upload]")) ready(form);

  function ready(form) {
    const input = form.querySelector("input[type=file]");
    const list = form.querySelector("[data-upload-list]");
    const words = form.dataset;
    const queue = [];
    let busy = false;
    form.querySelector("[data-upload-button]").addEventListener("click", (event) => {
      if (input.files.length) return;
      event.preventDefault();
      input.click();
    });
    input.addEventListener("change", () => {
      add(input.files);
      input.value = "";
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      add(input.files);
      input.value = "";
    });
    for (const name of ["dragenter", "dragover"]) {
      form.addEventListener(name, (event) => {
        event.preventDefault();
        form.classList.add("is-over");
      });
    }
    for (const name of ["dragleave", "drop"]) {
      form.addEventListener(name, () => form.classList.remove("is-over"));
    }
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      add(event.dataTransfer.files);
    });

    function add(files) {
      // What was refused is over; what was broken off may still be tried again.
      for (const row of list.querySelectorAll("[data-refused]")) row.remove();
      for (const file of files) {
        const item = line(file);
        if (file.size > Number(words.maxBytes)) refuse(item, words.wordTooBig);
        else queue.push(item);
      }
      next();
    }

    function line(file) {
      const row = document.createElement("div");
      row.className = "upload-row";
      const name = document.createElement("div");
      name.className = "upload-name";
      name.textContent = file.name;
      const told = document.createElement("div");
      told.className = "small muted";
      told.setAttribute("role", "status");
      told.textContent = words.wordWaiting;
      const bar = document.createElement("progress");
      bar.max = 100;
      bar.value = 0;
      bar.setAttribute("aria-label", file.name);
      const acts = document.createElement("div");
      acts.className = "actions";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-secondary";
      button.textContent = words.wordCancel;
      button.setAttribute("aria-label", `${words.wordCancel} ${file.name}`);
      acts.append(button);
      row.append(name, told, acts, bar);
      list.append(row);
      const item = { file, row, told, bar, button, request: null, cancelled: false };
      button.addEventListener("click", () => press(item));
      return item;
    }

    function press(item) {
      if (item.request) {
        item.cancelled = true;
        item.request.abort();
      } else if (item.refused) {
        item.row.remove();
      } else if (item.ended) {
        item.row.remove();
        queue.push(line(item.file));
        renew().then(next);
      } else {
        queue.splice(queue.indexOf(item), 1);
        item.row.remove();
      }
    }

    // Signed in again in another window, this page's token is old.
    async function renew() {
      const url = document.querySelector("[data-session-warning]")?.dataset.extendUrl;
      if (!url) return;
      try {
        const answer = await fetch(url, { headers: { Accept: "application/json" }, redirect: "manual" });
        if (answer.ok) form.elements.csrfmiddlewaretoken.value = (await answer.json()).token;
      } catch {
        // Without a connection the upload itself says so.
      }
    }

    function next() {
      if (busy || !queue.length) return;
      busy = true;
      send(queue.shift());
    }

    function send(item) {
      const request = new XMLHttpRequest();
      const data = new FormData();
      data.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
      data.set("file", item.file);
      item.request = request;
      request.upload.addEventListener("progress", (event) => {
        if (!event.lengthComputable) return;
        const percent = Math.floor((event.loaded / event.total) * 100);
        item.bar.value = percent;
        item.told.textContent = percent < 100 ? `${percent}%` : words.wordChecking;
      });
      request.addEventListener("load", () => done(item));
      request.addEventListener("error", () => fail(item, words.wordFailed));
      request.addEventListener("abort", () => fail(item, words.wordCancelled));
      request.open("POST", form.action);
      request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
      request.send(data);
    }

    function done(item) {
      let answer = null;
      try {
        answer = JSON.parse(item.request.responseText);
      } catch {
        fail(item, item.request.status === 403 || item.request.responseURL.includes("/accounts/") ? words.wordSignedOut : words.wordFailed);
        return;
      }
      form.closest(".slot").querySelector("[data-slot-files]").innerHTML = answer.html;
      const state = document.querySelector("[data-save-state]");
      if (state && answer.saved) state.textContent = answer.saved;
      if (answer.errors.length) {
        refuse(item, answer.errors.join(" "));
        over();
      } else {
        item.row.remove();
        over();
      }
    }

    function fail(item, text) {
      end(item, text, words.wordRetry);
      over();
    }

    // The file itself is at fault: sent again it would be refused again.
    function refuse(item, text) {
      item.refused = true;
      item.row.dataset.refused = "";
      end(item, text, words.wordRemove);
    }

    function end(item, text, word) {
      item.request = null;
      item.ended = true;
      item.bar.remove();
      item.told.className = "upload-error small";
      item.told.textContent = text;
      item.button.textContent = word;
      item.button.setAttribute("aria-label", `${word} ${item.file.name}`);
    }

    function over() {
      busy = false;
      next();
    }
  }
})();
