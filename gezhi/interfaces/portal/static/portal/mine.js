/* The matters raised on this phone: their codes are kept here and nowhere else. */
(function () {
  "use strict";
  var store = window.gezhiStore;
  var NAME = "gezhi.mine";

  function remember(code) {
    var codes = store.read(NAME, []).filter(function (c) { return c !== code; });
    codes.unshift(code);
    store.write(NAME, codes.slice(0, 20));
  }
  document.querySelectorAll("[data-remember]").forEach(function (at) { remember(at.dataset.remember); });
  window.addEventListener("gezhi:sent", function (event) {
    if (event.detail.answer.code) {
      remember(event.detail.answer.code);
      list();
    }
  });

  function list() {
    var place = document.querySelector("[data-my-matters]");
    var codes = store.read(NAME, []);
    if (!place || !codes.length) return;
    fetch(place.dataset.myMatters + "?codes=" + encodeURIComponent(codes.slice(0, 5).join(",")), {
      credentials: "same-origin",
    }).then(function (response) {
      return response.ok ? response.text() : "";
    }).then(function (rows) {
      if (rows.trim()) place.innerHTML = rows; // our own server's fragment, escaped there
    }, function () {
      return; // no signal: the link to find by code stays
    });
  }
  list();
})();
