/* What is kept in this phone until it is sent: drafts and a queue of sendings. One record a sending:
   {key, url, at, words, fields: [[name, value]], photos: [{name, data}]}. The key makes a repeated sending harmless.
   Events on window: "gezhi:queue" whenever the queue changed, "gezhi:sent" {record, answer}, "gezhi:refused". */
(function () {
  "use strict";
  var QUEUE = "gezhi.queue";
  var sending = false;
  // Asked for each time: the very name may throw where storage is switched off.
  var BOX = { long: function () { return localStorage; }, brief: function () { return sessionStorage; } };

  function read(name, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(name)) || otherwise;
    } catch (error) {
      return otherwise; // storage switched off or damaged: nothing is kept, the page still works
    }
  }
  function write(name, value) {
    try {
      localStorage.setItem(name, JSON.stringify(value));
      return true;
    } catch (error) {
      return false; // full or switched off; the caller says so
    }
  }
  function remove(name) {
    [BOX.long, BOX.brief].forEach(function (box) {
      try {
        box().removeItem(name);
      } catch (error) {
        return;
      }
    });
  }
  /* Drafts only: browsers inside other apps may refuse the long store and still keep one for this visit. */
  function readDraft(name) {
    var kept = read(name, null);
    try {
      return kept || JSON.parse(BOX.brief().getItem(name));
    } catch (error) {
      return kept;
    }
  }
  function writeDraft(name, value) {
    if (write(name, value)) return true;
    remove(name); // an older draft must not come back in place of this one
    try {
      BOX.brief().setItem(name, JSON.stringify(value));
      return true;
    } catch (error) {
      return false;
    }
  }
  function changed() {
    window.dispatchEvent(new CustomEvent("gezhi:queue", { detail: queue.all() }));
  }
  function asData(file) {
    return new Promise(function (resolve, reject) {
      var reader = new FileReader();
      reader.onload = function () { resolve({ name: file.name, data: reader.result }); };
      reader.onerror = reject;
      reader.readAsDataURL(file);
    });
  }
  function asFile(kept) {
    var parts = kept.data.split(",");
    var bytes = Uint8Array.from(atob(parts[1]), function (c) { return c.charCodeAt(0); });
    return new File([bytes], kept.name, { type: parts[0].slice(5).split(";")[0] });
  }
  function token() {
    var found = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
    return found ? found[1] : "";
  }
  function signedOut(result) {
    var code = result.answer.error && result.answer.error.code;
    return result.status === 401 || code === "request.expired_form";
  }
  function newKey() {
    if (crypto.randomUUID) return crypto.randomUUID();
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (b) {
      return b.toString(16).padStart(2, "0");
    }).join("");
  }

  /* One sending over the wire. Resolves to {ok, status, answer}; rejects when there is no signal. */
  function send(record) {
    var body = new FormData();
    record.fields.forEach(function (pair) { body.append(pair[0], pair[1]); });
    // How long it waited in the phone: the server counts back by its own clock, whatever this one says.
    if (record.at) {
      body.append("_at", record.at);
      body.append("_sent", new Date().toISOString());
    }
    (record.photos || []).forEach(function (kept) { body.append("photos", asFile(kept)); });
    return fetch(record.url, {
      method: "POST",
      body: body,
      credentials: "same-origin",
      headers: { "X-CSRFToken": token(), "X-Requested-With": "fetch", Accept: "application/json" },
    }).then(function (response) {
      return response.json().catch(function () { return {}; }).then(function (answer) {
        return { ok: response.ok, status: response.status, answer: answer };
      });
    });
  }

  var queue = {
    all: function () { return read(QUEUE, []); },
    add: function (record) {
      var waiting = queue.all().filter(function (r) { return r.key !== record.key; });
      record.at = record.at || new Date().toISOString();
      var kept = write(QUEUE, waiting.concat([record]));
      if (!kept && record.photos && record.photos.length) {
        record.photos = []; // no room for pictures: the words come first
        record.withoutPhotos = true;
        kept = write(QUEUE, waiting.concat([record]));
      }
      changed();
      return kept;
    },
    drop: function (key) {
      write(QUEUE, queue.all().filter(function (r) { return r.key !== key; }));
      changed();
    },
    /* Send what waits, oldest first, one at a time; stops at the first sign of no signal. */
    flush: function () {
      if (sending || !navigator.onLine) return Promise.resolve();
      var next = queue.all().find(function (r) { return !r.refused; });
      if (!next) return Promise.resolve();
      sending = true;
      return send(next).then(function (result) {
        sending = false;
        if (result.ok) {
          queue.drop(next.key);
          window.dispatchEvent(new CustomEvent("gezhi:sent", { detail: { record: next, answer: result.answer } }));
        } else if (result.status === 429 || result.status >= 500 || signedOut(result)) {
          return; // busy, or signed out meanwhile: try again later, nothing is lost
        } else {
          // Refused for a reason: kept where its writer can read the reason and decide.
          next.refused = (result.answer.error && result.answer.error.what) || String(result.status);
          next.refusedNext = (result.answer.error && result.answer.error.next) || "";
          queue.add(next);
          window.dispatchEvent(new CustomEvent("gezhi:refused", { detail: { record: next } }));
        }
        return queue.flush();
      }, function () {
        sending = false;
      });
    },
  };

  window.gezhiStore = {
    read: read, write: write, remove: remove, readDraft: readDraft, writeDraft: writeDraft, asData: asData, asFile: asFile, newKey: newKey, send: send, queue: queue,
  };
  window.addEventListener("online", queue.flush);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) queue.flush(); });
  window.setInterval(queue.flush, 30000);
  document.addEventListener("DOMContentLoaded", function () { queue.flush(); });
})();
