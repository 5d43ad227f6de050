/* The YAML page: line numbers beside what is typed, flaws marked at their lines. Without it the page is a plain form. */
(() => {
  "use strict";
  const box = document.querySelector("[data-yaml]");
  if (!box) return;
  const text = box.querySelector("textarea");
  const gutter = box.querySelector(".gutter");

  const flawed = () => new Set([...document.querySelectorAll("#faults [data-line]")].map((li) => Number(li.dataset.line)));

  const draw = () => {
    const lines = text.value.split("\n").length;
    const wrong = flawed();
    gutter.replaceChildren(
      ...Array.from({ length: lines }, (_, n) => {
        const line = document.createElement("span");
        line.textContent = n + 1;
        if (wrong.has(n + 1)) line.className = "wrong";
        return line;
      }),
    );
    gutter.scrollTop = text.scrollTop;
  };

  text.addEventListener("input", draw);
  text.addEventListener("scroll", () => {
    gutter.scrollTop = text.scrollTop;
  });
  text.addEventListener("keydown", (event) => {
    // Tab indents while typing; Escape first gives it back to moving on.
    if (event.key === "Escape") text.dataset.leave = "1";
    else if (event.key === "Tab" && !event.shiftKey && !text.dataset.leave && !text.readOnly) {
      event.preventDefault();
      text.setRangeText("  ", text.selectionStart, text.selectionEnd, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
  text.addEventListener("blur", () => delete text.dataset.leave);
  document.addEventListener("htmx:afterSwap", draw);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-goto]");
    if (!button) return;
    const wanted = Number(button.dataset.goto);
    const before = text.value.split("\n").slice(0, wanted - 1);
    const start = before.reduce((sum, line) => sum + line.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + (text.value.split("\n")[wanted - 1] || "").length);
    text.scrollTop = Math.max(0, (wanted - 6) * parseFloat(getComputedStyle(text).lineHeight));
  });
  draw();
})();
