// The lists of messages: placing, redrawing without losing focus or open menus, ages, days, unread marks, scrolling.

const MOST_SHOWN = 300;
const scroll = document.querySelector("#scroll");
const list = document.querySelector("#messages");
const empty = document.querySelector(".empty");
const jump = document.querySelector(".jump");
const news = document.querySelector("#news");
const me = document.body.dataset.me;
const title = document.title;
let waiting = 0;
let unseen = 0;

const isAtEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 90;
const newestRef = () => Math.max(0, ...[...list.querySelectorAll(":scope > [data-ref]")].map((item) => Number(item.dataset.ref)));

export function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  waiting = 0;
  jump.hidden = true;
}

export function start() {
  freshen(document);
  markDays();
  if (document.body.dataset.reading === "latest") toEnd();
  remember();
  markChannels();
  setInterval(() => freshen(document), 20000);
  jump.addEventListener("click", () => { toEnd(); document.querySelector("#line").focus(); });
  scroll.addEventListener("scroll", () => { if (isAtEnd()) { waiting = 0; jump.hidden = true; } }, { passive: true });
  // New cards and pictures of emoji change heights: stay at the end if we were there.
  let wasAtEnd = true;
  scroll.addEventListener("scroll", () => { wasAtEnd = isAtEnd(); }, { passive: true });
  new ResizeObserver(() => { if (wasAtEnd && document.body.dataset.reading === "latest") scroll.scrollTop = scroll.scrollHeight; }).observe(scroll);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { unseen = 0; document.title = title; remember(); } });
}

// Places changed messages. Returns nothing; what is not on this page is left alone.
export function place(changes) {
  const channel = document.body.dataset.channel;
  const stick = isAtEnd();
  const said = [];
  for (const change of changes) {
    if (change.channel !== channel) {
      if (!change.parent) noteChannel(change.channel, change.ref);
      continue;
    }
    const fresh = elementOf(change.html);
    const shown = [...document.querySelectorAll(`.message[data-ref="${Number(change.ref)}"]`)];
    shown.forEach((old) => swap(old, fresh.cloneNode(true)));
    if (change.parent) { if (!shown.length) document.dispatchEvent(new CustomEvent("reply", { detail: { ...change, fresh } })); continue; }
    if (shown.length || document.body.dataset.reading !== "latest" || Number(change.ref) <= newestRef()) continue;
    fresh.classList.add("is-new");
    list.append(fresh);
    said.push(fresh.dataset.says || fresh.textContent.trim().replace(/\s+/g, " ").slice(0, 120));
  }
  if (!said.length) return;
  empty.hidden = true;
  if (stick) trim();
  markDays();
  freshen(list);
  if (stick) toEnd(); else { waiting += said.length; jump.textContent = `${waiting} new ${waiting === 1 ? "message" : "messages"} ↓`; jump.hidden = false; }
  news.textContent = said.length > 2 ? `${said.length} new messages` : `New: ${said.join(". ")}`;
  if (document.hidden) { unseen += said.length; document.title = `(${unseen}) ${title}`; } else remember();
}

export function elementOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  const item = template.content.firstElementChild;
  freshen(item);
  return item;
}

// Redraws one message: focus, open menus and the news mark of its thread move over.
export function swap(old, fresh) {
  const inPanel = old.closest("#thread");
  const focused = old.contains(document.activeElement) ? document.activeElement.closest("[data-control]")?.dataset.control ?? "" : null;
  for (const open of old.querySelectorAll("details[open]")) {
    fresh.querySelector(`details[data-fold="${open.dataset.fold}"]`)?.setAttribute("open", "");
  }
  const before = old.querySelector(".replies")?.textContent.trim() ?? "";
  const after = fresh.querySelector(".replies");
  if (after && !inPanel && (old.querySelector(".replies.has-news") || after.textContent.trim() !== before)) {
    const isOpen = document.querySelector("#thread:not([hidden])")?.dataset.ref === old.dataset.ref;
    after.classList.toggle("has-news", !isOpen);
  }
  old.replaceWith(fresh);
  if (focused === null) return;
  const again = [...fresh.querySelectorAll("[data-control]")];
  const target = again.find((control) => control.dataset.control === focused && control.checkVisibility()) ?? again.find((control) => control.checkVisibility());
  if (target) target.focus({ preventScroll: true });
  else { fresh.tabIndex = -1; fresh.focus({ preventScroll: true }); }
}

function trim() {
  const items = [...list.querySelectorAll(":scope > .message")];
  const old = items.slice(0, Math.max(0, items.length - MOST_SHOWN));
  if (!old.length) return;
  old.forEach((item) => item.remove());
  let link = scroll.querySelector(".earlier");
  if (!link) {
    link = document.createElement("a");
    link.className = "earlier button quiet";
    link.textContent = "Show earlier messages";
    list.before(link);
  }
  link.href = `/c/${encodeURIComponent(document.body.dataset.slug)}?before=${items[old.length].dataset.ref}`;
}

// The same words as the server's.
function age(moment) {
  const seconds = (Date.now() - moment) / 1000;
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

export function freshen(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    const words = age(moment);
    if (time.textContent !== words) time.textContent = words;
    if (!time.dataset.local) { time.title = moment.toLocaleString(); time.dataset.local = "yes"; }
  }
  for (const notice of root.querySelectorAll(".notice[data-ping]")) notice.classList.toggle("is-for-me", notice.dataset.ping === me);
}

function markDays() {
  list.querySelectorAll(".day").forEach((line) => line.remove());
  const today = new Date().toDateString();
  let last = "";
  for (const item of [...list.querySelectorAll(":scope > .message")]) {
    const moment = new Date(item.dataset.at);
    const day = moment.toDateString();
    if (day !== last) {
      const line = document.createElement("li");
      line.className = "day";
      line.textContent = day === today ? "Today" : moment.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
      item.before(line);
    }
    last = day;
  }
}

const seenKey = (channel) => `seen:${channel}`;

function remember() {
  const channel = document.body.dataset.channel;
  const newest = Math.max(newestRef(), Number(localStorage.getItem(seenKey(channel)) ?? 0));
  if (document.body.dataset.reading === "latest") localStorage.setItem(seenKey(channel), String(newest));
}

function noteChannel(channel, ref) {
  for (const link of document.querySelectorAll(".channels a")) {
    if (link.dataset.channel === channel) link.dataset.newest = String(Math.max(Number(link.dataset.newest), Number(ref)));
  }
  markChannels();
}

function markChannels() {
  for (const link of document.querySelectorAll(".channels a")) {
    const key = seenKey(link.dataset.channel);
    // The first visit starts with everything read: a mark says what came since, not what was there.
    if (localStorage.getItem(key) === null) localStorage.setItem(key, link.dataset.newest);
    // A new database starts counting again.
    if (Number(localStorage.getItem(key)) > Number(link.dataset.newest) && !link.hasAttribute("aria-current")) localStorage.setItem(key, link.dataset.newest);
    const hasNews = !link.hasAttribute("aria-current") && Number(link.dataset.newest) > Number(localStorage.getItem(key));
    link.classList.toggle("has-news", hasNews);
    link.querySelector(".unread").hidden = !hasNews;
  }
}
