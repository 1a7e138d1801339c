// Which view is shown, and when it is drawn anew.

import { Refused } from "./data.js";
import { h } from "./dom.js";
import * as proof from "./proof.js";
import { views } from "./views.js";

const main = document.querySelector("main");
const problem = document.querySelector("#problem");
const search = document.querySelector("#search");
let turn = 0;

function route() {
  const [name = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  return { name, argument: decodeURIComponent(rest.join("/")) };
}

function mark(name) {
  for (const item of document.querySelectorAll("nav a")) {
    const current = item.getAttribute("href") === `#/${name}`;
    if (current) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
}

function report(error) {
  problem.hidden = !error;
  problem.textContent = error ? error.message : "";
}

function missing(error) {
  const codes = { 601: "There is no such block, yet.", 212: "There is no such program." };
  const refused = error instanceof Refused;
  const text = refused ? codes[error.code] ?? `The validator says: ${error.message}` : error.message;
  return [h("h1", {}, refused ? "Not found" : "Not available"), h("p", { class: "note" }, text)];
}

async function show() {
  const mine = ++turn;
  const current = () => mine === turn;
  const { name, argument } = route();
  mark(name);
  const view = views[name];
  report(undefined);
  main.replaceChildren(h("p", { class: "loading" }, "Loading…"));
  main.setAttribute("aria-busy", "true");
  if (!view) {
    main.replaceChildren(...missing(new Error("There is no such page.")));
  } else {
    await draw(view, argument, current, true);
  }
  main.removeAttribute("aria-busy");
  if (!current() || !view?.every) return;
  for (;;) {
    await new Promise((done) => setTimeout(done, view.every));
    if (!current()) return;
    if (!document.hidden) await draw(view, argument, current, false);
  }
}

async function draw(view, argument, current, first) {
  try {
    const nodes = await view.draw(argument, current);
    if (!current()) return;
    report(undefined);
    if (first || !main.contains(document.activeElement) || document.activeElement === main) main.replaceChildren(...nodes);
    if (first) document.title = `${main.querySelector("h1")?.firstChild?.textContent ?? ""} · Asset L2 explorer`;
  } catch (error) {
    if (!current()) return;
    if (first) main.replaceChildren(...missing(error));
    else report(error);
  }
}

// A height, a transaction's id or an address, by its form.
function found(wanted) {
  if (/^\d{1,15}$/.test(wanted.replaceAll(",", ""))) return `#/block/${Number(wanted.replaceAll(",", ""))}`;
  if (/^[0-9a-f]{64}$/i.test(wanted)) return `#/transaction/${wanted.toLowerCase()}`;
  if (proof.address(wanted)) return `#/account/${wanted}`;
  return undefined;
}

document.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = search.value.trim();
  const place = found(wanted);
  if (!wanted) return;
  if (place) location.hash = place;
  else report(new Error(`“${wanted}” is neither a height, nor a transaction's id, nor an address.`));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(input|textarea)$/i.test(event.target.tagName) && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    search.focus();
  }
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener("hashchange", () => {
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
  show();
});
show();
