/* Runs before the first paint: tells the styles that scripts work. */
document.documentElement.classList.remove("no-js");
document.documentElement.classList.add("js");
