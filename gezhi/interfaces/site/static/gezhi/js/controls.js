/* Small controls every page may use, found by data attributes; without this file each still works as link or form.
   data-large        switch to large type in place, remembered in a cookie
   data-back         go back in this tab's history
   data-print        print the page
   data-copy="text"  copy, then say so in data-done
   data-opens="id"   open a <dialog class="drawer">; data-closes closes the one around it
   input[data-narrow] narrows the check boxes of its own list to those with the words typed
   form[data-once]   a second tap while the first is under way does nothing */
(function () {
  "use strict";

  function setLarge(link, large) {
    document.documentElement.classList.toggle("large", large);
    document.cookie = "large=" + (large ? "1" : "0") + "; path=/; max-age=31536000; samesite=lax";
    link.setAttribute("aria-pressed", String(large));
    link.querySelector("[data-word]").textContent = large ? link.dataset.smaller : link.dataset.bigger;
    link.href = link.href.replace(/large=[01]/, "large=" + (large ? "0" : "1"));
  }

  function copy(button) {
    var said = button.querySelector("[data-word]") || button;
    function done() {
      said.textContent = button.dataset.done;
    }
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(button.dataset.copy).then(done);
      return;
    }
    var box = document.createElement("textarea");
    box.value = button.dataset.copy;
    box.className = "visually-hidden";
    document.body.append(box);
    box.select();
    if (document.execCommand("copy")) done();
    box.remove();
  }

  function narrow(box) {
    var words = box.value.trim();
    var list = box.parentNode.querySelector(".many-list");
    for (var line of list.children) {
      if (line.classList.contains("many-group")) {
        line.hidden = words !== "";
      } else {
        line.hidden = words !== "" && line.textContent.indexOf(words) < 0 && !line.querySelector(":checked");
      }
    }
  }
  document.addEventListener("input", function (event) {
    if (event.target.matches && event.target.matches("[data-narrow]")) narrow(event.target);
  });

  function open(id, from) {
    var drawer = document.getElementById(id);
    if (!drawer || typeof drawer.showModal !== "function") return false;
    drawer.showModal();
    drawer.addEventListener("close", function () { from.focus(); }, { once: true });
    return true;
  }

  document.addEventListener("click", function (event) {
    var at = event.target.closest("[data-large],[data-back],[data-print],[data-copy],[data-opens],[data-closes]");
    if (!at) {
      if (event.target.matches("dialog.drawer")) event.target.close(); // a tap on the shade
      return;
    }
    if (at.matches("[data-large]")) {
      event.preventDefault();
      setLarge(at, !document.documentElement.classList.contains("large"));
    } else if (at.matches("[data-back]")) {
      if (history.length > 1) {
        event.preventDefault();
        history.back();
      }
    } else if (at.matches("[data-print]")) {
      window.print();
    } else if (at.matches("[data-copy]")) {
      copy(at);
    } else if (at.matches("[data-closes]")) {
      event.preventDefault();
      at.closest("dialog").close();
    } else if (open(at.dataset.opens, at)) {
      event.preventDefault();
    }
  });

  document.addEventListener("keydown", function (event) {
    if (event.key === " " && event.target.matches("a[role=button]")) {
      event.preventDefault();
      event.target.click();
    }
  });

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("form[data-once]:not([data-send])") || event.defaultPrevented) return;
    if (form.dataset.under) {
      event.preventDefault();
      return;
    }
    form.dataset.under = "way";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  // A page taken back from the browser's cache must be usable again.
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-under]").forEach(function (form) {
      delete form.dataset.under;
      form.querySelectorAll("[aria-busy]").forEach(function (b) { b.removeAttribute("aria-busy"); });
    });
  });
})();
