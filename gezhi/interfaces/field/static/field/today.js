/* 今天要办 with a bad line: a line that was done without a signal goes to the pile as "kept in the phone"; 有事 opens the
   drawer, from the server when there is a signal, else with one box that is kept and sent later. */
(function () {
  "use strict";
  var store = window.gezhiStore;
  var drawer = document.getElementById("drawer");
  var inside = document.getElementById("drawer-inside");

  function toPile(record) {
    var pile = document.querySelector("[data-pile]");
    if (!pile) return;
    var line = document.getElementById("kept-line").content.cloneNode(true);
    line.querySelector(".text").textContent = record.words;
    pile.querySelector("[data-pile-list]").prepend(line);
    pile.hidden = false;
    var word = pile.querySelector("[data-pile-word]");
    word.textContent = word.dataset.words.replace("{n}", String(pile.querySelectorAll("li").length));
  }
  function recount() {
    document.querySelectorAll("ol.today").forEach(function (list) {
      var head = list.previousElementSibling;
      var left = list.querySelectorAll(".item").length;
      if (head && head.dataset.words) head.textContent = head.dataset.words.replace("{n}", String(left));
      if (!left) {
        list.hidden = true;
        if (head && head.matches(".section")) head.hidden = true;
      }
    });
  }
  /* A duty is one fact, whichever way it was kept: its line goes for 正常 and for 有事 alike. */
  function ofDuty(url) {
    var name = (url.match(/\/duty\/(.+?)(\/trouble)?$/) || [])[1];
    return name ? document.querySelector('[data-duty-at="' + CSS.escape(name) + '"]') : null;
  }
  function hideKept() {
    store.queue.all().forEach(function (record) {
      var number = (record.url.match(/\/case\/(\d+)\/do\//) || [])[1];
      var line = number && record.kind !== "note" ? document.querySelector('[data-line="' + number + '"]') : null;
      if (!number) line = ofDuty(record.url);
      if (line) line.remove();
      toPile(record);
    });
    recount();
  }
  hideKept();

  document.addEventListener("gezhi:kept", function (event) {
    var line = event.target.closest("[data-line]");
    toPile(event.detail);
    if (!line) line = ofDuty(event.detail.url);
    if (line && (event.detail.kind !== "note" || line.dataset.dutyAt)) line.remove();
    if (drawer && drawer.open) drawer.close();
    recount();
  });
  window.addEventListener("gezhi:sent", function () {
    if (!store.queue.all().length && drawer && !drawer.open) location.reload();
  });

  if (!drawer) return;
  function openWith(at) {
    document.getElementById("drawer-title").textContent = at.dataset.title;
    if (!drawer.open) drawer.showModal();
  }
  function offline(at) {
    inside.replaceChildren(document.getElementById("drawer-offline").content.cloneNode(true));
    var form = inside.querySelector("form");
    form.action = at.dataset.note;
    form.dataset.words = at.dataset.title;
    form.elements._key.value = store.newKey();
    openWith(at);
  }
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (!event.detail.elt.matches("[data-ways]")) return;
    if (!navigator.onLine) {
      event.preventDefault();
      offline(event.detail.elt);
    }
  });
  document.addEventListener("htmx:sendError", function (event) {
    if (event.detail.elt.matches("[data-ways]")) offline(event.detail.elt);
  });
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.target !== inside) return;
    inside.querySelectorAll("[data-photos]").forEach(window.gezhiPhotos);
    openWith(event.detail.requestConfig.elt);
  });
})();
