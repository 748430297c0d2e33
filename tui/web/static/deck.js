// Shows why a dashboard has ended, gives the terminal the keys, and keeps the token out of the address.
"use strict";

function dropToken() {
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
}

// Without WebGL the terminal paints with inline styles, which only the plain page allows.
if (!location.search && !document.createElement("canvas").getContext("webgl2")) location.replace("/?plain");

const NativeSocket = window.WebSocket;
window.WebSocket = class extends NativeSocket {
  constructor(...where) {
    super(...where);
    this.addEventListener("open", () => setTimeout(() => document.querySelector(".xterm-helper-textarea").focus(), 0));
    this.addEventListener("close", (event) => {
      const lost = "The connection is gone. If `procdeck web` has ended, start it again and open its new address.";
      document.getElementById("said").textContent = event.reason || lost;
    });
  }
};

dropToken();
addEventListener("hashchange", dropToken);
addEventListener("DOMContentLoaded", () => {
  document.getElementById("again").addEventListener("click", () => location.reload());
});
