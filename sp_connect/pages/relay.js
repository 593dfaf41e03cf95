"use strict";
var query = location.search;
var asked = new URLSearchParams(query);
var sent = location.href;
history.replaceState(null, "", location.pathname);
document.getElementById("by-hand").hidden = true;
function show(id, title) {
  document.getElementById(id).hidden = false;
  document.title = title;
}
function ask() {
  var box = document.getElementById("address");
  var tell = function (words) { document.getElementById("copied").textContent = words; };
  var told = function () { tell("Copied. Now paste it."); };
  var byHand = function () {
    box.select();
    if (document.execCommand("copy")) { told(); } else { tell("Now copy what is marked above."); }
  };
  box.value = sent;
  document.getElementById("copy").onclick = function () {
    if (navigator.clipboard) { navigator.clipboard.writeText(sent).then(told, byHand); } else { byHand(); }
  };
  show("ask", "One more step: copy this address");
}
if (!query) {
  show("empty", "Nothing to hand on");
} else if ((asked.get("state") || "").indexOf("away.") === 0) {
  ask();
} else {
  show("on", "Handing on to sp-connect");
  location.replace("http://$listen/callback" + query);
}
