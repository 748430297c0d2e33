// Exchanges the token behind the # for a cookie that no script can read, and takes it out of the address.
"use strict";

async function enter() {
  const found = /^#token=([\w-]{1,200})$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, "", location.pathname);
  const answer = await fetch("/enter", { method: "POST", body: found[1], headers: { "Content-Type": "text/plain" } });
  if (answer.ok) location.replace("/");
  else document.getElementById("said").textContent = await answer.text();
}

addEventListener("hashchange", enter);
enter();
