// Keeps the page true: a stream while it is looked at, a look now and then while it is not (browsers allow few streams).

import { place } from "./messages.js";

const HIDDEN_AFTER = 20000;
const HIDDEN_EVERY = 15000;
const sign = document.querySelector(".live");
let seq = Number(document.body.dataset.seq);
let stream = null;
let timer = 0;
let lost = 0;

const address = (path) => `${path}?channel=${encodeURIComponent(document.body.dataset.channel)}&since=${seq}`;

function say(state, words) {
  sign.dataset.state = state;
  const place = sign.querySelector(".live-words");
  if (place.textContent !== words) place.textContent = words;
}

function take(content) {
  if (content.is_lost) { location.reload(); return; }
  place(content.messages);
  seq = content.seq;
}

function open() {
  clearInterval(timer);
  clearTimeout(timer);
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  stream = new EventSource(address("/events"));
  stream.addEventListener("open", () => { clearTimeout(lost); lost = 0; say("live", "Live"); });
  stream.addEventListener("news", (event) => take(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) { say("lost", "Not connected. Reload the page."); timer = setTimeout(open, 5000); return; }
    lost ||= setTimeout(() => say("lost", "Reconnecting…"), 2500);
  });
}

async function look() {
  try {
    const response = await fetch(address("/changes"));
    if (response.ok) take(await response.json());
  } catch { /* the next look, or the stream, says whether we are connected */ }
}

function rest() {
  stream?.close();
  timer = setInterval(look, HIDDEN_EVERY);
}

export function start() {
  open();
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    clearInterval(timer);
    if (document.hidden) timer = setTimeout(rest, HIDDEN_AFTER);
    else open();
  });
  window.addEventListener("pagehide", () => stream?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
}
