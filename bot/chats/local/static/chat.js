// Starts the page, and sends each click and Escape to the module that knows what it means.

import * as answers from "./answers.js";
import * as composer from "./composer.js";
import * as live from "./live.js";
import * as messages from "./messages.js";
import * as thread from "./thread.js";

const root = document.documentElement;
const page = document.body;

function showSide(isOpen) {
  page.classList.toggle("side-open", isOpen);
  const button = document.querySelector("[data-open-side]");
  button.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) document.querySelector("[data-close-side]").focus();
  else if (button.checkVisibility()) button.focus();
}

function switchTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
}

const closeMenus = (except) => document.querySelectorAll("details.more[open]").forEach((menu) => { if (menu !== except) menu.removeAttribute("open"); });

// A menu near an edge opens the other way.
function settleMenu(details) {
  const menu = details.querySelector(".menu");
  menu.classList.remove("is-up", "is-left");
  const frame = (details.closest(".scroll, .thread-list, .answers") ?? root).getBoundingClientRect();
  const box = menu.getBoundingClientRect();
  menu.classList.toggle("is-up", box.bottom > frame.bottom - 8 && details.getBoundingClientRect().top - box.height > frame.top);
  menu.classList.toggle("is-left", box.right > frame.right - 8);
}

async function copyWords(button) {
  const words = button.closest(".draft, .row").querySelector("[data-copy]").textContent;
  try {
    await navigator.clipboard.writeText(words);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy text"; }, 2000);
  } catch {
    answers.tell("The browser does not let this page copy. Select the text and copy it by hand.", true);
  }
}

document.addEventListener("click", (event) => {
  const target = event.target;
  const on = (selector) => target.closest(selector);
  closeMenus(on("details.more"));
  const verb = on("button[data-verb]");
  if (verb) answers.press(verb);
  else if (on("[data-share]")) answers.share(on("[data-share]"));
  else if (on("[data-dismiss]")) answers.dismiss(on(".answer"));
  else if (on("[data-copy-words]")) copyWords(on("[data-copy-words]"));
  else if (on("[data-theme-switch]")) switchTheme();
  else if (on("[data-open-side]")) showSide(true);
  else if (on("[data-close-side]")) showSide(false);
  else if (on("[data-close-overlays]")) { if (page.classList.contains("side-open")) showSide(false); else thread.close(); }
});

document.addEventListener("toggle", (event) => { if (event.target.matches?.("details.more[open]")) settleMenu(event.target); }, true);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.more[open]");
  if (menu && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    const items = [...menu.querySelectorAll(".menu-item")];
    const at = items.indexOf(document.activeElement);
    items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length].focus();
  }
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (menu) { menu.removeAttribute("open"); menu.querySelector("summary").focus(); }
  else if (event.target.closest?.(".answer")) answers.dismiss(event.target.closest(".answer"));
  else if (page.classList.contains("side-open")) showSide(false);
  else if (event.target.closest?.("#thread") || page.classList.contains("has-thread")) thread.close();
});

messages.start();
composer.start();
thread.start();
live.start();
page.dataset.ready = "yes";
