/* Where it is: the chosen place is written into the closed line; the phone's position is asked only on a tap. */
(function () {
  "use strict";
  var details = document.querySelector("[data-place]");
  if (!details) return;
  var word = details.querySelector("[data-place-word]");
  var select = details.querySelector("select");
  var form = details.closest("form");

  function show() {
    var option = select.selectedOptions[0];
    if (option && option.value) {
      word.textContent = option.textContent;
      details.open = false;
    }
  }
  function forget() {
    form.elements.lon.value = form.elements.lat.value = "";
  }
  select.addEventListener("change", function () { forget(); show(); });
  form.addEventListener("gezhi:draft", show);

  var button = details.querySelector("[data-locate]");
  if (!navigator.geolocation) {
    button.hidden = true;
    return;
  }
  var said = button.querySelector("[data-word]");
  var asked = said.textContent;
  function failed() {
    said.textContent = button.dataset.failed;
    button.disabled = false;
  }
  button.addEventListener("click", function () {
    said.textContent = button.dataset.asking;
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(function (position) {
      var lon = position.coords.longitude;
      var lat = position.coords.latitude;
      window.gezhiStore.send({ url: button.dataset.locate, fields: [["lon", lon], ["lat", lat]] }).then(function (result) {
        if (!result.ok) return failed();
        var option = select.querySelector('option[value="' + result.answer.place + '"]') || new Option();
        option.value = result.answer.place;
        option.textContent = result.answer.label;
        if (!option.parentNode) select.prepend(option);
        select.value = String(result.answer.place);
        form.elements.lon.value = lon;
        form.elements.lat.value = lat;
        said.textContent = asked;
        button.disabled = false;
        show();
        form.dispatchEvent(new Event("input", { bubbles: true }));
      }, failed);
    }, failed, { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 });
  });
})();
