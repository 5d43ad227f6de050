/* Sign-ups made on this phone are remembered on this phone, and shown above the list. Without scripts: by their page. */
(() => {
  "use strict";
  const KEY = "gezhi.activities";
  const kept = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY) || "[]").filter((code) => typeof code === "string");
    } catch {
      return [];
    }
  };
  const own = document.querySelector("[data-booking-code]");
  if (own) {
    try {
      localStorage.setItem(KEY, JSON.stringify([own.dataset.bookingCode, ...kept().filter((c) => c !== own.dataset.bookingCode)].slice(0, 5)));
    } catch {
      /* a phone that keeps nothing: the page and its code still work */
    }
  }
  const place = document.querySelector("[data-my-activities]");
  const codes = kept();
  if (place && codes.length) {
    fetch(`${place.dataset.myActivities}?codes=${encodeURIComponent(codes.join(","))}`)
      .then((answer) => (answer.ok ? answer.text() : ""))
      .then((html) => {
        place.innerHTML = html;
      })
      .catch(() => {});
  }
})();
