/* The keyboard and the side sheet of the desk. Nothing here is needed to do the work: without it every action is a
   link to its own page. Keys: j k move, Enter open, / search, Esc close, ? help; the letter on a button presses it. */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const drawer = $("#drawer");
  let opener = null;

  const typing = (element) => element && element.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
  const current = () => $("[data-row].on");

  const choose = (row) => {
    if (!row) return;
    current()?.classList.remove("on");
    row.classList.add("on");
    row.scrollIntoView({ block: "nearest" });
    const link = $("a[data-open]", row) || $("a", row);
    link?.focus({ preventScroll: true });
    if (row.dataset.preview && window.htmx && matchMedia("(min-width: 56rem)").matches) {
      htmx.ajax("GET", row.dataset.preview, { target: "#detail", swap: "innerHTML" });
      history.replaceState(null, "", row.dataset.url || location.href);
    }
  };

  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(current());
    choose(all[Math.min(all.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))]);
  };

  const press = (key) => {
    const wanted = `[data-key="${CSS.escape(key)}"]`;
    const scope = drawer && !drawer.hidden ? drawer : document;
    // On a list the letter presses the button of the row one stands on.
    const here = scope === document ? [...(current()?.querySelectorAll(wanted) || [])] : [];
    const button = [...here, ...scope.querySelectorAll(wanted)].find((b) => b.offsetParent !== null || b.closest("details"));
    if (!button) return false;
    button.click();
    return true;
  };

  const close = () => {
    if (!drawer || drawer.hidden) return false;
    drawer.hidden = true;
    drawer.replaceChildren();
    opener?.focus();
    return true;
  };

  /* drafts: what was typed for an action on a case survives a closed sheet, a reload and a stale click */
  const draftKey = (form) => form && form.dataset.draft && `desk:${form.dataset.draft}`;
  const restore = (form) => {
    const key = draftKey(form);
    if (!key) return;
    let kept;
    try {
      kept = JSON.parse(sessionStorage.getItem(key) || "null");
    } catch {
      kept = null;
    }
    if (!kept) return;
    for (const field of form.elements) {
      if (!field.name || field.type === "hidden" || field.type === "file" || !(field.name in kept)) continue;
      if (field.type === "radio" || field.type === "checkbox") field.checked = kept[field.name].includes(field.value);
      else if (!field.value) field.value = kept[field.name][0] || "";
    }
  };
  const keep = (form) => {
    const key = draftKey(form);
    if (!key) return;
    const kept = {};
    for (const [name, value] of new FormData(form)) if (typeof value === "string") (kept[name] ||= []).push(value);
    delete kept.csrfmiddlewaretoken;
    try {
      sessionStorage.setItem(key, JSON.stringify(kept));
    } catch {
      return; // storage is switched off: the form still works
    }
  };
  /* a draft that was sent is done with: the next page says so by not asking again (refused, it shows the same form) */
  const SENT = "desk-sent";
  document.addEventListener("submit", (event) => {
    const key = draftKey(event.target);
    if (!key) return;
    try {
      sessionStorage.setItem(SENT, key);
    } catch {
      return;
    }
  });
  const settle = () => {
    const sent = sessionStorage.getItem(SENT);
    if (!sent) return;
    sessionStorage.removeItem(SENT);
    const asked = [...document.querySelectorAll("form[data-draft]")].some((form) => draftKey(form) === sent);
    if (!asked) sessionStorage.removeItem(sent);
  };
  document.addEventListener("input", (event) => keep(event.target.form));
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button) return;
    button.setAttribute("aria-busy", "true");
    // A form that gives a file out (Word, PDF) leaves the page where it is: its button must not look busy for ever.
    setTimeout(() => button.removeAttribute("aria-busy"), 4000);
  });

  /* fields that only apply with certain answers of the same form: data-when='{"field":["value"]}' */
  const applies = (form) => {
    for (const part of form.querySelectorAll("[data-when]")) {
      const rule = JSON.parse(part.dataset.when);
      const answers = new FormData(form);
      const shown = Object.entries(rule).every(([name, values]) => values.includes(String(answers.get(name) ?? "")));
      part.hidden = !shown;
      for (const field of part.querySelectorAll("input, select, textarea")) field.disabled = !shown;
    }
  };
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form) applies(form);
    if (!event.target.closest("[data-auto-submit]")) return;
    if (event.target === stepped) passing = stepped;
    else event.target.form.requestSubmit();
  });

  /* A list says "changed" at each arrow key. By keyboard its form is sent with Enter, or (it has no button) when it is left:
     not at every entry on the way to the one that is meant. */
  let stepped = null;
  let passing = null;
  document.addEventListener("keydown", (event) => {
    stepped = event.target.tagName === "SELECT" && event.key !== "Enter" ? event.target : null;
    if (event.key !== "Enter" || event.target !== passing) return;
    event.preventDefault();
    passing = null;
    event.target.form.requestSubmit();
  });
  document.addEventListener("pointerdown", () => { stepped = null; });
  document.addEventListener("focusout", (event) => {
    if (event.target !== passing) return;
    passing = null;
    if (event.target.isConnected && !event.target.form.querySelector("button:not([type=button])")) event.target.form.requestSubmit();
  });

  /* What had the focus went with the old editor (a button that added something): the form of the step takes it. What was
     refused is said above everything else: it must be seen by who stands further down. */
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "editor") return;
    const refused = event.target.querySelector(".note.wrong");
    if (document.activeElement === document.body) document.getElementById("step")?.focus({ preventScroll: Boolean(refused) });
    refused?.scrollIntoView({ block: "center" });
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target !== drawer) return;
    drawer.hidden = false;
    for (const form of drawer.querySelectorAll("form")) {
      restore(form);
      applies(form);
    }
    const first = $("[aria-invalid=true], textarea, select, input:not([type=hidden]), button", drawer);
    first?.focus();
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === drawer && !drawer.contains(event.detail.elt)) opener = event.detail.elt;
  });

  /* Not answered with a sheet (signed out meanwhile, no longer allowed, no line): what the page of the refusal says is said
     above what was typed, which stays, also for when the sheet is opened again after signing in. */
  const unanswered = (form, what, next, link) => {
    const sent = sessionStorage.getItem(SENT);
    if (sent && sent === draftKey(form)) sessionStorage.removeItem(SENT);
    $("[data-unanswered]", form)?.remove();
    const [note, words] = [document.createElement("div"), document.createElement("div")];
    note.className = "note wrong";
    note.dataset.unanswered = "";
    note.setAttribute("role", "alert");
    for (const [name, text] of [["b", what], ["span", next]]) {
      const part = document.createElement(name);
      part.textContent = text;
      if (name === "span") part.className = "small";
      words.append(part);
    }
    if (link) {
      const way = document.createElement("a");
      way.className = "link";
      way.href = `${new URL(link.href, location.href).pathname}?next=${encodeURIComponent(location.pathname + location.search)}`;
      way.textContent = link.textContent.trim();
      words.append(" ", way);
    }
    note.append(words);
    form.prepend(note);
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  };
  document.addEventListener("htmx:responseError", (event) => {
    const { elt, target, xhr } = event.detail;
    if (target !== drawer) return;
    if (!drawer.contains(elt)) {
      if (elt.href) location.href = elt.href;
      return;
    }
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const next = $(".refusal .next", page);
    $("b", next || page)?.remove();
    unanswered(elt.closest("form") || elt, ($("h1", page) || page.body).textContent.trim().slice(0, 200), next ? next.textContent.trim() : "",
      xhr.status === 401 ? $(".refusal a.main", page) : null);
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.target === drawer && drawer.contains(event.detail.elt)) unanswered(event.detail.elt.closest("form"), drawer.dataset.lost, "");
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) {
      if (close()) event.preventDefault();
      return;
    }
    if (event.target.closest("[data-print]")) {
      event.preventDefault();
      window.print();
      return;
    }
    const row = event.target.closest("[data-row]");
    if (row && !event.target.closest("a, button, input, label, summary")) {
      if (row.dataset.preview) choose(row);
      else $("a[data-open], a", row)?.click();
    } else if (row && row.dataset.preview && event.target.closest("a[data-open]") && matchMedia("(min-width: 56rem)").matches && window.htmx) {
      event.preventDefault();
      choose(row);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const help = $("#keys[open]");
      if (help) help.close();
      else if (!close() && typing(event.target)) event.target.blur();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.target.form?.requestSubmit();
      return;
    }
    if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "/") {
      event.preventDefault();
      $("[data-find]")?.focus();
    } else if (event.key === "j" || event.key === "k") {
      const beside = $(`[data-step="${event.key}"]`);
      if (beside) beside.click();
      else step(event.key === "j" ? 1 : -1);
    } else if (event.key === "Enter" && current() && event.target.closest("[data-row]")) {
      event.preventDefault();
      location.href = ($("a[data-open]", current()) || $("a", current())).href;
    } else if (event.key === "?") {
      $("#keys")?.showModal();
    } else if (/^[a-z0-9]$/i.test(event.key) && press(event.key)) {
      event.preventDefault();
    }
  });

  /* a link to a folded part opens it */
  document.addEventListener("click", (event) => {
    const target = event.target.closest("a[href^='#']");
    const folded = target && document.getElementById(target.hash.slice(1));
    if (folded instanceof HTMLDetailsElement) folded.open = true;
  });

  /* ticks of a group, all at once; how many stand is said */
  const ticked = (form) => {
    const boxes = [...form.querySelectorAll("input[name=report]")];
    const count = $("[data-tick-count]", form);
    if (count) count.textContent = count.dataset.template.replace("{n}", boxes.filter((box) => box.checked).length);
    for (const all of form.querySelectorAll("[data-tick-all]")) {
      const own = [...all.closest("[data-ticks]").querySelectorAll("input[name=report]")];
      const on = own.filter((box) => box.checked).length;
      all.hidden = own.length < 2;
      $("input", all).checked = on === own.length;
      $("input", all).indeterminate = on > 0 && on < own.length;
    }
  };
  for (const form of document.querySelectorAll("form:has([data-ticks])")) {
    ticked(form);
    form.addEventListener("change", (event) => {
      const all = event.target.closest("[data-tick-all]");
      if (all) for (const box of all.closest("[data-ticks]").querySelectorAll("input[name=report]")) box.checked = event.target.checked;
      ticked(form);
    });
  }

  /* stepping from case to case: a list leaves its addresses in the tab, the case page finds its neighbours there */
  const LIST = "desk:list";
  const links = rows().map((row) => ($("a[data-open]", row) || {}).href).filter((href) => href && /\/desk\/cases\/\d+/.test(href));
  if (links.length) sessionStorage.setItem(LIST, JSON.stringify(links));
  const stepper = $("[data-steps]");
  if (stepper) {
    const known = JSON.parse(sessionStorage.getItem(LIST) || "[]");
    const plain = (href) => new URL(href, location.href).pathname;
    const at = known.findIndex((href) => plain(href) === location.pathname);
    if (at >= 0 && known.length > 1) {
      stepper.hidden = false;
      const words = $("[data-step-words]", stepper);
      words.textContent = words.dataset.template.replace("{at}", at + 1).replace("{all}", known.length);
      for (const [key, by] of [["k", -1], ["j", 1]]) {
        const link = $(`[data-step="${key}"]`, stepper);
        if (known[at + by]) link.href = known[at + by];
        else link.hidden = true;
      }
    }
  }

  settle();
  for (const form of document.querySelectorAll("form[data-draft]")) restore(form);
  for (const form of document.querySelectorAll("form")) applies(form);
  const done = $("[data-clear-draft]");
  if (done) sessionStorage.removeItem(`desk:${done.dataset.clearDraft}`);
})();
