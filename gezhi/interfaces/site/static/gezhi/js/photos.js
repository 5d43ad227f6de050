/* Photos before they are sent: made smaller on the phone (a slow line, and no location data leaves it), shown as
   previews that can be taken back. The chosen pictures stay in the file input itself, so a plain form sends them too. */
(function () {
  "use strict";
  var LONG_SIDE = 1600;
  var QUALITY = 0.82;

  function smaller(file) {
    return createImageBitmap(file, { imageOrientation: "from-image" }).then(function (bitmap) {
      var scale = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height));
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(bitmap.width * scale);
      canvas.height = Math.round(bitmap.height * scale);
      canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      bitmap.close();
      return new Promise(function (resolve) { canvas.toBlob(resolve, "image/jpeg", QUALITY); });
    }).then(function (blob) {
      if (!blob) throw new Error("not drawn");
      return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
    });
  }

  function Photos(root) {
    var input = root.querySelector("input[type=file]");
    var list = root.querySelector("[data-previews]");
    var word = root.querySelector("[data-photo-word]");
    var most = Number(root.dataset.max);
    var kept = [];

    function say(text) {
      word.textContent = text || "";
      word.hidden = !text;
    }
    function show() {
      var transfer = new DataTransfer();
      list.replaceChildren();
      kept.forEach(function (file, place) {
        transfer.items.add(file);
        var item = document.createElement("li");
        var image = document.createElement("img");
        image.alt = "";
        image.src = URL.createObjectURL(file);
        image.addEventListener("load", function () { URL.revokeObjectURL(image.src); });
        var button = document.createElement("button");
        button.type = "button";
        button.setAttribute("aria-label", root.dataset.remove + " " + (place + 1));
        var cross = document.createElement("span");
        cross.textContent = "×";
        button.append(cross);
        button.addEventListener("click", function () {
          kept.splice(place, 1);
          say("");
          show();
          root.dispatchEvent(new CustomEvent("photos", { bubbles: true }));
        });
        item.append(image, button);
        list.append(item);
      });
      list.hidden = !kept.length;
      input.files = transfer.files;
    }
    function add(files) {
      say("");
      return Promise.all(files.map(function (file) {
        return smaller(file).catch(function () { return null; });
      })).then(function (ready) {
        ready.forEach(function (file) {
          if (!file) say(root.dataset.wrong);
          else if (kept.length >= most) say(root.dataset.tooMany);
          else kept.push(file);
        });
        show();
        root.dispatchEvent(new CustomEvent("photos", { bubbles: true }));
      });
    }
    input.addEventListener("change", function () { add(Array.from(input.files)); });
    root.photos = {
      files: function () { return kept.slice(); },
      set: function (files) { kept = files.slice(0, most); show(); },
    };
  }

  document.querySelectorAll("[data-photos]").forEach(Photos);
  window.gezhiPhotos = Photos;
})();
