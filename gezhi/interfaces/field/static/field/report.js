/* While a sentence is written: which words were understood, which categories they suggest, who gets it and by when.
   Without a signal the page simply keeps its last answer; nothing here is needed to send. */
(function () {
  "use strict";
  var form = document.getElementById("report");
  var chips = form.querySelector("[data-chips]");
  var box = form.querySelector("[data-suggestion]");
  var understood = form.querySelector("[data-understood]");
  var goes = document.querySelector("[data-goes]");
  var timer = 0;
  var asked = "";

  function chip(code, label, checked) {
    var outer = document.createElement("label");
    outer.className = "choice";
    var input = document.createElement("input");
    input.type = "radio";
    input.name = "category";
    input.value = code;
    input.checked = checked;
    var word = document.createElement("span");
    word.textContent = label;
    outer.append(input, word);
    return outer;
  }
  function mark(text, words) {
    understood.replaceChildren();
    var rest = text;
    var found = false;
    while (rest) {
      var next = words.map(function (w) { return [rest.indexOf(w), w]; }).filter(function (p) { return p[0] >= 0; })
        .sort(function (a, b) { return a[0] - b[0]; })[0];
      if (!next) break;
      found = true;
      var marked = document.createElement("mark");
      marked.textContent = next[1];
      understood.append(rest.slice(0, next[0]), marked);
      rest = rest.slice(next[0] + next[1].length);
    }
    understood.append(rest);
    understood.hidden = !found;
  }
  function show(answer) {
    var chosen = form.elements.category ? form.elements.category.value : "";
    chips.replaceChildren();
    answer.suggested.forEach(function (s) { chips.append(chip(s.code, s.label, s.code === chosen)); });
    if (answer.suggested.length) chips.append(chip("", box.dataset.none, !chips.querySelector("input:checked")));
    box.hidden = !answer.suggested.length;
    mark(form.elements.text.value, answer.suggested.reduce(function (all, s) { return all.concat(s.words); }, []));
    if (answer.goes) {
      goes.querySelector("b").textContent = goes.dataset.words
        .replace("{seat}", answer.goes.seat).replace("{by}", answer.goes.by);
    }
  }
  function ask() {
    var urgent = form.elements.urgent.checked ? "true" : "";
    var now = form.elements.place.value + "\n" + urgent + "\n" + form.elements.text.value;
    if (now === asked || !navigator.onLine) return;
    asked = now;
    window.gezhiStore.send({
      url: form.dataset.hint,
      fields: [["text", form.elements.text.value], ["place", form.elements.place.value], ["urgent", urgent]],
    }).then(function (result) {
      if (result.ok && asked === now) show(result.answer);
    }, function () {
      asked = "";
    });
  }
  function later() {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, 500);
  }
  form.elements.text.addEventListener("input", later);
  form.elements.place.addEventListener("change", later);
  form.elements.urgent.addEventListener("change", later);
  if (form.elements.text.value) later();
})();
