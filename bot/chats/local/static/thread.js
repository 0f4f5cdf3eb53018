// The thread panel: opened beside the channel, addressed by ?thread=, filled by the server.

import { fragment } from "./api.js";
import { tell } from "./answers.js";
import { fill } from "./composer.js";
import { elementOf, freshen } from "./messages.js";

const panel = document.querySelector("#thread");
const list = document.querySelector("#thread-list");
let opener = null;

async function load(ref) {
  list.innerHTML = await fragment(`/thread/${encodeURIComponent(ref)}`);
  freshen(list);
  panel.dataset.ref = ref;
  panel.hidden = false;
  document.body.classList.add("has-thread");
  list.scrollTop = list.scrollHeight;
  document.querySelectorAll(`#messages [data-ref="${Number(ref)}"] .replies`).forEach((link) => link.classList.remove("has-news"));
  panel.querySelector(".thread-foot")?.toggleAttribute("hidden", !list.querySelector("[data-case]"));
}

async function open(link) {
  const url = new URL(link.href);
  try {
    await load(url.searchParams.get("thread"));
  } catch (error) {
    tell(error.message, true);
    return;
  }
  opener = link;
  if (location.href !== url.href) history.pushState({}, "", url);
  document.querySelector("#thread-title").focus({ preventScroll: true });
}

export function close({ isBack = false } = {}) {
  if (panel.hidden) return;
  panel.hidden = true;
  panel.dataset.ref = "";
  list.replaceChildren();
  document.body.classList.remove("has-thread");
  if (!isBack) {
    const url = new URL(location.href);
    url.searchParams.delete("thread");
    history.pushState({}, "", url);
  }
  if (opener?.isConnected) opener.focus({ preventScroll: true });
}

function addReply({ detail }) {
  if (panel.hidden || panel.dataset.ref !== detail.parent) return;
  const rule = list.querySelector(".thread-rule");
  const item = detail.fresh ?? elementOf(detail.html);
  item.classList.add("is-new");
  list.append(item);
  const replies = list.querySelectorAll(".message").length - 1;
  if (rule) rule.textContent = `${replies} ${replies === 1 ? "reply" : "replies"}`;
  item.scrollIntoView({ block: "nearest" });
}

export function start() {
  document.addEventListener("reply", addReply);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-thread]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) { event.preventDefault(); open(link); }
    if (event.target.closest("[data-close-thread]")) { event.preventDefault(); close(); }
    if (event.target.closest("[data-note]")) {
      const number = list.querySelector("[data-case]").dataset.case;
      if (matchMedia("(max-width: 1080px)").matches) close();
      fill(`/earshot note ${number} `);
    }
  });
  window.addEventListener("popstate", () => {
    const ref = new URL(location.href).searchParams.get("thread");
    if (ref) load(ref).catch(() => close({ isBack: true }));
    else close({ isBack: true });
  });
  if (!panel.hidden) list.scrollTop = list.scrollHeight;
}
