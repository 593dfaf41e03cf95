"use strict";
var query = location.search;
var asked = new URLSearchParams(query);
var sent = location.href;
history.replaceState(null, "", location.pathname);
function show(id) { document.getElementById(id).hidden = false; }
function ask() {
  var box = document.getElementById("address");
  box.value = sent;
  document.title = "One more step: copy this address";
  show("ask");
  document.getElementById("copy").onclick = function () {
    box.select();
    var told = function () { document.getElementById("copied").textContent = "Copied. Now paste it into a message."; };
    if (navigator.clipboard) { navigator.clipboard.writeText(sent).then(told, function () { document.execCommand("copy"); told(); }); }
    else { document.execCommand("copy"); told(); }
  };
}
if (!query) {
  document.title = "Nothing to hand on";
  show("empty");
} else if ((asked.get("state") || "").indexOf("away.") === 0) {
  ask();
} else {
  document.title = "Handing on to sp-connect";
  show("on");
  location.replace("http://$listen/callback" + query);
}
