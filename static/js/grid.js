// A table that is filled in like a sheet: Enter and arrows move, rows come as they are needed, several
// cells may be pasted at once, and what was changed is saved within two seconds.
//
// <div data-grid="url"> around <table class="grid"> inside <form id="section-form">. A row is
// <tr data-row="key">; its controls are named <key>.<column>, its hidden <key>._seen holds the
// digests of what the page shows. Keys of new rows start with "new-".
(() => {
  const grid = document.querySelector("[data-grid]");
  if (!grid) return;
  const form = grid.closest("form");
  const table = grid.querySelector("table");
  const rows = table.tBodies[0];
  const state = document.querySelector("[data-save-state]");
  const DELAY = 1200;
  const RETRY = 5000;
  const dirty = new Set();
  const removed = new Set();
  let timer = 0;
  let busy = false;
  let submitting = false;
  let asked = null;
  let counter = 1;

  const tell = (text, failed = false) => {
    state.textContent = text;
    state.classList.toggle("is-failed", failed);
  };
  const rowOf = (control) => control.closest("tr[data-row]");
  const controlsOf = (row) => [...row.querySelectorAll("input:not([type=hidden]), select")];
  const isNew = (row) => row.dataset.row.startsWith("new-");
  const columnOf = (control) => control.name.slice(control.name.lastIndexOf(".") + 1);
  const later = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(save, delay);
  };

  // --- moving ---------------------------------------------------------------------

  function go(control, down, right) {
    const row = rowOf(control);
    const place = controlsOf(row).indexOf(control) + right;
    const list = [...rows.rows];
    let target = list[list.indexOf(row) + down];
    if (!target && down === 1 && template) target = addRow();
    const next = target && controlsOf(target)[place];
    if (!next) return false;
    next.focus();
    if (next.select) next.select();
    return true;
  }

  grid.addEventListener("keydown", (event) => {
    const control = event.target;
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!control.matches("input:not([type=hidden]), select") || !rowOf(control)) return;
    const isText = control.matches("input");
    const atStart = isText && control.selectionStart === 0 && control.selectionEnd === 0;
    const atEnd = isText && control.selectionStart === control.value.length && control.selectionEnd === control.selectionStart;
    const whole = isText && control.selectionStart === 0 && control.selectionEnd === control.value.length;
    let moved = false;
    if (event.key === "Enter") {
      event.preventDefault();
      go(control, event.shiftKey ? -1 : 1, 0);
      return;
    }
    if (event.shiftKey) return;
    // A select keeps up and down for its choices.
    if (isText && event.key === "ArrowDown") moved = go(control, 1, 0);
    else if (isText && event.key === "ArrowUp") moved = go(control, -1, 0);
    else if (event.key === "ArrowLeft" && (!isText || atStart || whole)) moved = go(control, 0, -1);
    else if (event.key === "ArrowRight" && (!isText || atEnd || whole)) moved = go(control, 0, 1);
    if (moved) event.preventDefault();
  });

  // --- rows -------------------------------------------------------------------------

  const blank = rows.querySelector("tr.is-new");
  const template = blank ? blank.cloneNode(true) : null;

  function addRow() {
    counter += 1;
    const row = template.cloneNode(true);
    const number = rows.rows.length + 1;
    const last = rows.rows[rows.rows.length - 1];
    const before = Number(last?.querySelector(".grid-no")?.firstChild?.textContent) || number - 1;
    row.dataset.row = `new-${counter}`;
    row.removeAttribute("id");
    row.querySelector(".grid-no").textContent = String(before + 1);
    const button = row.querySelector("[data-remove]");
    if (button) button.setAttribute("aria-label", button.getAttribute("aria-label").replace(/\d+/, String(before + 1)));
    for (const control of controlsOf(row)) {
      control.name = `new-${counter}.${columnOf(control)}`;
      control.setAttribute("aria-label", control.getAttribute("aria-label").replace(/^\d+/, String(before + 1)));
      if (control.matches("input")) control.value = "";
      else control.selectedIndex = 0;
    }
    rows.append(row);
    return row;
  }

  document.querySelector("[data-grid-add]")?.addEventListener("click", (event) => {
    event.preventDefault();
    const last = rows.rows[rows.rows.length - 1];
    const target = last && isNew(last) && controlsOf(last).every((control) => !control.value) ? last : addRow();
    controlsOf(target)[0].focus();
  });

  grid.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove]");
    if (!button) return;
    event.preventDefault();
    const row = rowOf(button);
    const next = row.nextElementSibling || row.previousElementSibling || addRow();
    if (!isNew(row)) removed.add(row.dataset.row);
    dirty.delete(row);
    row.remove();
    if (next) controlsOf(next)[0]?.focus();
    later(0);
  });

  // --- pasting into cells ----------------------------------------------------------------

  grid.addEventListener("paste", (event) => {
    const control = event.target;
    const text = event.clipboardData?.getData("text/plain") || "";
    if (!/[\t\n]/.test(text.replace(/\r?\n$/, ""))) return;
    const dialog = document.getElementById("paste-dialog");
    const lines = text.replace(/\r/g, "").replace(/\n$/, "").split("\n");
    event.preventDefault();
    // Whole rows, or many: the server reads them, with quotes and heads.
    if (dialog && (lines.length > 20 || lines[0].split("\t").length >= controlsOf(rowOf(control)).length - 1)) {
      const area = dialog.querySelector("textarea");
      area.value = text;
      save().finally(() => {
        submitting = true;
        area.form.requestSubmit();
      });
      return;
    }
    let row = rowOf(control);
    const start = controlsOf(row).indexOf(control);
    for (const line of lines) {
      if (!row) {
        if (!template) break;
        row = addRow();
      }
      const cells = controlsOf(row);
      line.split("\t").forEach((value, offset) => {
        const cell = cells[start + offset];
        if (cell) fill(cell, value.trim());
      });
      touch(row);
      row = row.nextElementSibling;
    }
    later(200);
  });

  function fill(cell, value) {
    if (cell.matches("select")) {
      const option = [...cell.options].find((item) => item.text === value || item.value === value);
      if (option) cell.value = option.value;
      else {
        cell.add(new Option(value, value));
        cell.value = value;
      }
    } else {
      cell.value = value;
    }
  }

  // --- saving ----------------------------------------------------------------------------------

  function touch(row) {
    dirty.add(row);
    tell(state.dataset.typing);
  }

  function body(sent) {
    const data = new FormData();
    data.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    for (const row of sent) {
      for (const control of row.querySelectorAll("input, select")) data.set(control.name, control.value);
    }
    for (const key of removed) data.append("remove", key);
    return data;
  }

  async function save() {
    clearTimeout(timer);
    if (submitting || (!dirty.size && !removed.size)) return;
    if (busy) {
      later(200);
      return;
    }
    busy = true;
    const sent = [...dirty];
    const gone = [...removed];
    tell(state.dataset.saving);
    try {
      const data = body(sent);
      dirty.clear();
      removed.clear();
      const answer = await fetch(grid.dataset.grid, { method: "POST", body: data, redirect: "manual", keepalive: document.hidden });
      if (answer.ok) {
        take(await answer.json(), sent);
      } else if (answer.status === 409) {
        tell((await answer.json()).refused, true);
      } else {
        keep(sent, gone);
        const out = answer.type === "opaqueredirect" || answer.status === 403;
        tell(out ? state.dataset.signedOut : state.dataset.failed, true);
        if (out) await freshToken();
        later(RETRY);
      }
    } catch {
      keep(sent, gone);
      tell(state.dataset.failed, true);
      later(RETRY);
    } finally {
      busy = false;
      if (asked) {
        const { by } = asked;
        asked = null;
        form.requestSubmit(by);
      }
    }
  }

  function keep(sent, gone) {
    form.dataset.unsaved = "1";
    for (const row of sent) dirty.add(row);
    for (const key of gone) removed.add(key);
  }

  async function freshToken() {
    const page = await fetch(location.href, { redirect: "manual" });
    if (!page.ok) return;
    const found = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(await page.text());
    if (!found) return;
    for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = found[1];
  }

  function take(answer, sent) {
    delete form.dataset.unsaved;
    const fresh = sent.filter((row) => isNew(row) && controlsOf(row).some((control) => control.value));
    answer.added.forEach((key, place) => {
      if (!fresh[place]) return;
      adopt(fresh[place], key);
      // Removed while it was on its way.
      if (fresh[place].isConnected) return;
      removed.add(key);
      later(0);
    });
    for (const [key, told] of Object.entries(answer.rows)) {
      const row = rows.querySelector(`tr[data-row="${key}"]`);
      if (row) apply(row, told);
    }
    if (answer.problems) {
      for (const row of rows.rows) {
        const key = row.dataset.row;
        mark(row, answer.problems[key] || {}, {}, answer.missing[key] || {});
      }
    }
    for (const conflict of answer.conflicts) {
      const row = rows.querySelector(`tr[data-row="${conflict.row}"]`);
      const cell = row && controlsOf(row).find((control) => columnOf(control) === conflict.column);
      if (!cell) continue;
      say(cell, "cell-problem", conflict.text);
    }
    for (const key of answer.gone) rows.querySelector(`tr[data-row="${key}"]`)?.classList.add("is-gone");
    if (answer.summary) document.querySelector("[data-grid-summary]").textContent = answer.summary;
    for (const name of ["count", "wrong"]) {
      const chip = document.querySelector(`[data-grid-${name}]`);
      if (chip && name in answer) chip.textContent = answer[name];
    }
    settle(answer.general);
    if (answer.total) {
      const total = document.querySelector("[data-grid-total]");
      if (total) total.textContent = answer.total;
      const related = document.querySelector("[data-grid-related]");
      if (related) related.textContent = answer.related;
    }
    // What was typed since is not saved yet.
    tell(dirty.size || removed.size ? state.dataset.typing : answer.saved);
  }

  const placeOf = (item) => item.querySelector("a")?.getAttribute("href") || "";
  const cellOf = (item) => document.getElementById(placeOf(item).slice(1));
  const isWrong = (cell) => cell?.getAttribute("aria-invalid") === "true";
  const summary = document.querySelector("[data-error-summary]");
  // A conflict is no fault of its cell: it stays until the page comes anew.
  const open = new Set([...(summary?.querySelectorAll("li") || [])].filter(
    (item) => placeOf(item) === "#section-form" || isWrong(cellOf(item)),
  ));

  // What is mended leaves the error summary; the last one takes it away.
  function settle(general) {
    const before = open.size;
    for (const item of open) {
      const mended = placeOf(item) === "#section-form"
        ? general && !general.includes(item.textContent.trim())
        : !isWrong(cellOf(item));
      if (!mended) continue;
      item.remove();
      open.delete(item);
    }
    if (open.size === before) return;
    const left = summary.querySelectorAll("li").length;
    const head = summary.querySelector("h2");
    head.textContent = head.textContent.replace(/\d+/, String(left));
    if (left) return;
    const prefix = summary.dataset.titlePrefix || "";
    if (document.title.startsWith(prefix)) document.title = document.title.slice(prefix.length);
    summary.remove();
  }

  // A new row is stored: from now on it bears its key.
  function adopt(row, key) {
    for (const control of controlsOf(row)) control.name = `${key}.${columnOf(control)}`;
    row.dataset.row = key;
    row.classList.remove("is-new");
    const seen = document.createElement("input");
    seen.type = "hidden";
    seen.name = `${key}._seen`;
    row.querySelector(".grid-no").append(seen);
  }

  function apply(row, told) {
    const seen = row.querySelector(`input[name="${row.dataset.row}._seen"]`);
    if (seen) seen.value = told.marks;
    if (told.problems) mark(row, told.problems, told.notes || {});
  }

  // What is missing is marked only where the page has marked it: nobody is told of a cell that he
  // has not come to yet.
  function mark(row, problems, notes, missing = {}) {
    for (const control of controlsOf(row)) {
      const code = columnOf(control);
      const cell = control.closest("td");
      const wrong = problems[code] || (control.hasAttribute("aria-invalid") && missing[code]);
      cell.querySelectorAll(".cell-problem, .cell-note").forEach((node) => node.remove());
      cell.classList.toggle("is-wrong", Boolean(wrong));
      control.toggleAttribute("aria-invalid", false);
      control.removeAttribute("aria-describedby");
      if (wrong) say(control, "cell-problem", wrong);
      else if (notes[code]) say(control, "cell-note", notes[code]);
    }
  }

  function say(control, kind, text) {
    const cell = control.closest("td");
    const node = document.createElement("span");
    node.className = kind;
    node.textContent = text;
    if (kind === "cell-problem") {
      cell.classList.add("is-wrong");
      control.id = `c-${control.name.replace(".", "-")}`;
      node.id = `e-${control.name.replace(".", "-")}`;
      control.setAttribute("aria-invalid", "true");
      control.setAttribute("aria-describedby", node.id);
    }
    cell.append(node);
  }

  grid.addEventListener("input", (event) => {
    const row = rowOf(event.target);
    if (!row || event.isComposing) return;
    touch(row);
    later(DELAY);
  });
  grid.addEventListener("compositionend", (event) => {
    const row = rowOf(event.target);
    if (row) touch(row);
    later(DELAY);
  });
  grid.addEventListener("change", () => dirty.size && later(200));
  form.addEventListener("submit", (event) => {
    if (busy) {
      // The keys of new rows are on their way: without them the rows would be stored twice.
      event.preventDefault();
      asked = { by: event.submitter };
      return;
    }
    submitting = true;
    clearTimeout(timer);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) save();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  window.addEventListener("beforeunload", (event) => {
    if ((dirty.size || removed.size) && !submitting) {
      save();
      event.preventDefault();
    }
  });
})();
