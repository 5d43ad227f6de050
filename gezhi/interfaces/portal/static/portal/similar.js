/* While somebody writes: has a neighbour just raised the same? Asked after a pause, quietly, and only with a place. */
(function () {
  "use strict";
  var slot = document.querySelector("[data-similar]");
  if (!slot || !window.fetch) return;
  var form = slot.closest("form");
  var timer = 0;
  var last = "";

  function ask() {
    var text = form.elements.text.value.trim();
    var place = form.elements.place.value;
    var asked = place + " " + text;
    if (text.length < 6 || !place || asked === last) return;
    last = asked;
    var body = new FormData();
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.append("text", text);
    body.append("place", place);
    fetch(slot.dataset.similar, { method: "POST", body: body, credentials: "same-origin" })
      .then(function (answer) { return answer.ok ? answer.text() : ""; })
      .then(function (html) { if (asked === last) slot.innerHTML = html; })
      .catch(function () { last = ""; });
  }
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, 1200);
  }
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
})();
