/* Sending a form from a phone with a bad line: form[data-send].
   The draft is kept while it is written (data-draft="name"); one key goes with it, so that a second tap or a repeated
   sending creates nothing twice. Without a signal the sending is kept in the phone and goes by itself later. What the
   server refuses is shown at its field; nothing that was typed is lost. Without this file the form is a plain form. */
(function () {
  "use strict";
  var store = window.gezhiStore;
  var KEPT = ["text", "place", "category", "contact", "public_ok", "urgent", "words", "result"];

  function draftName(form) {
    return form.dataset.draft ? "gezhi.draft." + form.dataset.draft + "." + location.pathname : "";
  }
  function keyField(form) {
    return form.elements.key || form.elements._key;
  }
  function box(form) {
    return form.querySelector("[data-photos]");
  }

  /* ---- drafts ---- */
  function saveDraft(form) {
    var values = {};
    KEPT.forEach(function (name) {
      var control = form.elements[name];
      if (!control) return;
      values[name] = control.type === "checkbox" ? (control.checked ? control.value : "") : control.value;
    });
    var files = box(form) && box(form).photos ? box(form).photos.files() : [];
    Promise.all(files.map(store.asData)).then(function (photos) {
      var draft = { key: keyField(form).value, values: values, photos: photos };
      if (!values.text && !values.words && !photos.length) store.remove(draftName(form));
      else if (store.writeDraft(draftName(form), draft)) notKept(form, "");
      else {
        draft.photos = [];
        notKept(form, store.writeDraft(draftName(form), draft) ? form.dataset.draftNoRoom : form.dataset.cannotDraft);
      }
    });
  }
  /* Where nothing can be kept, whoever writes is told before they leave, not after. */
  function notKept(form, words) {
    var line = form.querySelector("[data-draft-note]");
    if (!line && words) {
      line = document.createElement("p");
      line.className = "small";
      line.dataset.draftNote = "";
      line.setAttribute("role", "status");
      var last = form.querySelector("button[type=submit],button.main");
      form.insertBefore(line, last && last.parentNode === form ? last : null);
    }
    if (line && line.textContent !== (words || "")) line.textContent = words || "";
  }
  function loadDraft(form) {
    var draft = store.readDraft(draftName(form));
    if (!draft || form.elements.text && form.elements.text.value) return; // the server gave the text back already
    keyField(form).value = draft.key;
    Object.keys(draft.values).forEach(function (name) {
      var control = form.elements[name];
      if (!control || !draft.values[name]) return;
      if (control.type === "checkbox") control.checked = true;
      else control.value = draft.values[name];
    });
    if (draft.photos.length && box(form)) box(form).photos.set(draft.photos.map(store.asFile));
    form.dispatchEvent(new Event("gezhi:draft"));
  }

  /* ---- errors ---- */
  function clearErrors(form) {
    form.querySelectorAll("[data-wrong]").forEach(function (p) { p.hidden = true; });
    form.querySelectorAll(".is-wrong").forEach(function (f) { f.classList.remove("is-wrong"); });
    var note = form.querySelector("[data-form-error]");
    if (note) note.hidden = true;
  }
  function say(form, tone, what, why) {
    var note = form.querySelector("[data-form-error]");
    note.className = "note " + tone;
    note.querySelector("[data-what]").textContent = what;
    note.querySelector("[data-why]").textContent = why || "";
    note.hidden = false;
    note.scrollIntoView({ block: "center" });
  }
  function showErrors(form, error) {
    var fields = error.fields || {};
    var first = null;
    Object.keys(fields).forEach(function (name) {
      var place = form.querySelector('[data-field="' + name + '"]');
      var line = place && place.querySelector("[data-wrong]");
      if (!line) return;
      place.classList.add("is-wrong");
      if (place.tagName === "DETAILS") place.open = true;
      line.querySelector("span").textContent = fields[name];
      line.hidden = false;
      first = first || place;
    });
    say(form, "wrong", error.what || "", [error.why, error.next].filter(Boolean).join(" "));
    if (first) {
      var control = first.querySelector("textarea,input,select");
      if (control) control.focus();
    }
  }

  /* ---- sending ---- */
  function record(form, submitter) {
    var data = new FormData(form, submitter);
    var fields = [];
    data.forEach(function (value, name) {
      if (name !== "csrfmiddlewaretoken" && typeof value === "string") fields.push([name, value]);
    });
    var files = box(form) && box(form).photos ? box(form).photos.files() : [];
    return Promise.all(files.map(store.asData)).then(function (photos) {
      return {
        key: keyField(form).value,
        url: form.getAttribute("action"),
        words: form.dataset.words || (form.elements.text && form.elements.text.value) || "",
        kind: form.dataset.kind || "",
        fields: fields,
        photos: photos,
      };
    });
  }
  function finished(form) {
    store.remove(draftName(form));
    form.querySelectorAll("textarea").forEach(function (t) { t.value = ""; });
    if (box(form) && box(form).photos) box(form).photos.set([]);
    keyField(form).value = store.newKey(); // the next one is another matter
  }
  /* The second tap of a double tap may come when the first is already kept: the emptied form is not another matter. */
  function tappedAgain(form, submitter) {
    return form.sentBy !== undefined && form.sentBy === submitter;
  }
  function busy(form, on) {
    if (on) form.dataset.under = "way";
    else {
      delete form.dataset.under;
      form.querySelectorAll("[aria-busy]").forEach(function (b) { b.removeAttribute("aria-busy"); });
    }
  }
  function keep(form, kept, submitter) {
    var room = store.queue.add(kept);
    if (!room) return say(form, "wrong", form.dataset.cannotKeep, "");
    finished(form);
    form.sentBy = submitter;
    say(form, "", form.dataset.noSignal, kept.withoutPhotos ? form.dataset.noRoom : form.dataset.keptNext);
    form.dispatchEvent(new CustomEvent("gezhi:kept", { bubbles: true, detail: kept }));
  }
  function submit(event) {
    var form = event.target;
    if (!form.matches("form[data-send]")) return;
    event.preventDefault();
    if (form.dataset.under || tappedAgain(form, event.submitter)) return;
    busy(form, true);
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
    clearErrors(form);
    record(form, event.submitter).then(function (ready) {
      return store.send(ready).then(function (result) {
        busy(form, false);
        if (result.ok) {
          finished(form);
          form.dispatchEvent(new CustomEvent("gezhi:done", { bubbles: true, detail: result.answer }));
          location.assign(result.answer.url);
        } else if (result.status >= 500) keep(form, ready, event.submitter);
        else showErrors(form, result.answer.error || {});
      }, function () {
        busy(form, false);
        keep(form, ready, event.submitter);
      });
    });
  }

  document.addEventListener("submit", submit);
  ["input", "change", "photos"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      var form = event.target.form || (event.target.closest && event.target.closest("form"));
      if (form) form.sentBy = undefined;
    }, true);
  });
  document.querySelectorAll("form[data-draft]").forEach(function (form) {
    loadDraft(form);
    var timer = 0;
    function later() {
      window.clearTimeout(timer);
      timer = window.setTimeout(saveDraft, 300, form);
    }
    form.addEventListener("input", later);
    form.addEventListener("change", later);
    form.addEventListener("photos", later);
    window.addEventListener("pagehide", function () { saveDraft(form); });
  });

  /* ---- the note about what waits in the phone; what was refused can be read, copied and dropped ---- */
  function refusedLine(record, drop) {
    var line = document.createElement("p");
    line.className = "refused-line";
    var words = document.createElement("b");
    words.textContent = record.words;
    var why = document.createElement("span");
    why.className = "small";
    why.textContent = record.refused + " " + record.refusedNext;
    var button = document.createElement("button");
    button.type = "button";
    button.className = "btn plain";
    button.textContent = drop;
    button.addEventListener("click", function () { store.queue.drop(record.key); });
    line.append(words, why, button);
    return line;
  }
  function showQueue() {
    var note = document.querySelector("[data-queue-note]");
    if (!note) return;
    var all = store.queue.all();
    var refused = all.filter(function (r) { return r.refused; });
    var waiting = all.length - refused.length;
    var words = waiting ? (waiting === 1 ? note.dataset.one : note.dataset.many) : note.dataset.refused;
    note.hidden = !all.length;
    note.querySelector("[data-what]").textContent = words.replace("{n}", String(waiting || refused.length));
    note.querySelector("[data-why]").textContent = waiting ? note.dataset.next : "";
    note.querySelectorAll(".refused-line").forEach(function (line) { line.remove(); });
    refused.forEach(function (record) {
      note.querySelector("div").append(refusedLine(record, note.dataset.drop));
    });
  }
  window.addEventListener("gezhi:queue", showQueue);
  window.addEventListener("gezhi:refused", showQueue);
  showQueue();
})();
/* Questions that are asked only after certain answers: [data-when='{"sort": ["big", "small"]}']. */
(function () {
  "use strict";
  function look(form) {
    form.querySelectorAll("[data-when]").forEach(function (asked) {
      var rule = JSON.parse(asked.dataset.when);
      var asks = Object.keys(rule).every(function (name) {
        var control = form.elements[name];
        return control && rule[name].indexOf(control.value) >= 0;
      });
      asked.hidden = !asks;
    });
  }
  function lookAll(root) {
    root.querySelectorAll("form").forEach(function (form) {
      if (form.querySelector("[data-when]")) look(form);
    });
  }
  document.addEventListener("change", function (event) {
    if (event.target.form) look(event.target.form);
  });
  document.addEventListener("htmx:afterSwap", function (event) { lookAll(event.target); });
  lookAll(document);
})();
