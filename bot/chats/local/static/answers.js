// What the server answers to one person: the tray of private answers at the foot, forms as dialogs, questions before an act.

import { freshKey, parse, post } from "./api.js";
import { freshen } from "./messages.js";

const tray = document.querySelector("#answers");
const MOST_ANSWERS = 4;
const BRIEF_STAYS = 9000;
const kept = new Map(); // what was typed into a form that was closed without sending it
const busy = new WeakSet();

export function dismiss(answer) {
  const hadFocus = answer.contains(document.activeElement);
  takeAway(answer);
  if (hadFocus) document.querySelector("#line").focus();
}

export const newestAnswer = () => tray.lastElementChild;

function takeAway(answer) {
  answer.remove();
  const file = answer.querySelector("[data-file]");
  if (file) URL.revokeObjectURL(file.href);
}

function addAnswer(answer, replaced) {
  freshen(answer);
  if (replaced?.isConnected) { replaced.after(answer); takeAway(replaced); } else tray.append(answer);
  while (tray.children.length > MOST_ANSWERS) takeAway(tray.firstElementChild);
  answer.scrollIntoView({ block: answer.offsetHeight > tray.clientHeight ? "start" : "nearest" });
}

function fade(answer) {
  const timer = setInterval(() => {
    if (answer.matches(":hover, :focus-within")) return;
    clearInterval(timer);
    dismiss(answer);
  }, BRIEF_STAYS);
}

export function tell(words, isError = false) {
  const answer = parse('<article class="answer is-brief" tabindex="-1"><header class="answer-head"><span class="icon i-eye" aria-hidden="true"></span><span>Only you can see this</span><button type="button" class="icon-button" data-dismiss aria-label="Dismiss this answer"><span class="icon i-close" aria-hidden="true"></span></button></header><p class="prose"></p></article>').firstElementChild;
  answer.querySelector(".prose").textContent = words;
  answer.classList.toggle("is-error", isError);
  addAnswer(answer);
  if (!isError) fade(answer);
  return answer;
}

// Shows a reply; `replaced` is the answer whose button was pressed (paging turns it over in place).
export function show(reply, replaced = null, opener = null) {
  if (reply.form) openForm(reply.form, opener);
  tray.querySelectorAll(".is-failure").forEach((answer) => answer.remove()); // one complaint about the connection is enough
  if (reply.is_failure) { tell(reply.words, true).classList.add("is-failure"); return; }
  if (!reply.answer) return;
  const answer = parse(reply.answer).firstElementChild;
  if (reply.file) answer.querySelector("[data-file]").href = URL.createObjectURL(new Blob([reply.file.text], { type: `${reply.file.kind};charset=utf-8` }));
  const isDone = !reply.is_error && replaced?.querySelector("[data-copy]"); // the text was pasted and noted as sent
  addAnswer(answer, reply.is_brief && !isDone ? null : replaced);
  if (replaced && !reply.is_brief) answer.focus();
  if (reply.is_brief && !reply.is_error && !answer.querySelector("[data-share], [data-file]")) fade(answer);
}

export async function press(button) {
  if (busy.has(button)) return;
  busy.add(button);
  const answer = button.closest(".answer");
  button.closest("details")?.removeAttribute("open");
  try {
    if (button.dataset.confirm && !(await isSure(button))) { button.focus(); return; }
    button.setAttribute("aria-busy", "true");
    const key = button.dataset.key ?? freshKey();
    const reply = await post("/act", { verb: button.dataset.verb, case: caseOf(button), values: JSON.parse(button.dataset.values ?? "{}"), key });
    if (reply.is_lost) button.dataset.key = key; else delete button.dataset.key;
    show(reply, answer, button);
  } finally {
    busy.delete(button);
    button.removeAttribute("aria-busy");
  }
}

export async function share(button) {
  if (busy.has(button)) return;
  busy.add(button);
  button.setAttribute("aria-busy", "true");
  const answer = button.closest(".answer");
  const reply = await post("/share", { answer: answer.dataset.answer });
  busy.delete(button);
  button.removeAttribute("aria-busy");
  if (!reply.is_failure) dismiss(answer);
  tell(reply.words, reply.is_failure);
}

const caseOf = (element) => (element.dataset.case ? Number(element.dataset.case) : null);

function isSure(button) {
  const dialog = document.querySelector("#confirm");
  dialog.querySelector("p").textContent = button.dataset.confirm;
  const yes = dialog.querySelector('[value="yes"]');
  yes.textContent = button.textContent;
  yes.className = `button ${button.classList.contains("danger") ? "danger" : "primary"}`;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

const lengthOf = (text) => [...text].length;
const control = (field) => field.querySelector("input:not([type=hidden]), textarea, select");

export function openForm(html, opener) {
  const dialog = parse(html).firstElementChild;
  const form = dialog.querySelector("form");
  const name = `${dialog.dataset.verb} ${form.dataset.case ?? ""}`;
  const found = opener && { ref: opener.closest(".message")?.dataset.ref, control: opener.dataset.control };
  document.body.append(dialog);
  restore(form, name);
  const state = { key: freshKey(), isSending: false, isDone: false };
  form.addEventListener("input", () => { form.dataset.touched = "yes"; count(form); });
  form.addEventListener("change", (event) => { if (event.target.closest("[data-asks-again]") && event.target.value) askAgain(dialog, form, event.target, state); });
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(dialog, form, state, opener); });
  form.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); } });
  dialog.addEventListener("click", (event) => { if (event.target === dialog || event.target.closest("[data-close]")) dialog.close(); });
  dialog.addEventListener("close", () => {
    if (!state.isDone && form.dataset.touched) kept.set(name, valuesOf(form)); else kept.delete(name);
    dialog.remove();
    giveFocusBack(opener, found);
  });
  count(form);
  dialog.showModal();
  focusFirst(form);
}

// The opener may have been redrawn while the form was open.
function giveFocusBack(opener, found) {
  const again = found?.ref && [...document.querySelectorAll(`.message[data-ref="${Number(found.ref)}"] [data-control]`)].find((one) => one.dataset.control === found.control && one.checkVisibility());
  if (opener?.isConnected && opener.checkVisibility()) opener.focus({ preventScroll: true });
  else if (again) again.focus({ preventScroll: true });
  else document.querySelector("#line").focus({ preventScroll: true });
}

function focusFirst(form) {
  const field = form.querySelector(".has-error") ?? form.querySelector(".field:not([data-asks-again])");
  const first = field && (field.querySelector("input:checked") ?? control(field));
  first?.focus();
}

function restore(form, name) {
  const values = kept.get(name);
  if (!values) return;
  for (const input of form.querySelectorAll(".field input, .field textarea, .field select")) {
    if (!(input.name in values)) continue;
    if (input.type === "radio") input.checked = input.value === values[input.name];
    else input.value = values[input.name];
  }
  form.dataset.touched = "yes";
}

const valuesOf = (form) => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).replace(/\r\n/g, "\n")]));

function count(form) {
  for (const field of form.querySelectorAll(".field")) {
    const counter = field.querySelector(".counter");
    if (!counter) continue;
    const length = lengthOf(control(field).value);
    const most = Number(field.dataset.max);
    counter.textContent = `${length} / ${most}`;
    counter.classList.toggle("is-over", length > most);
  }
}

function complain(field, words) {
  field.classList.toggle("has-error", Boolean(words));
  field.querySelector(".field-error").textContent = words;
  const asked = field.querySelector("fieldset") ?? control(field);
  if (words) asked.setAttribute("aria-invalid", "true");
  else asked.removeAttribute("aria-invalid");
}

// What can be said without asking the server. The server decides again.
function isComplete(form) {
  const values = valuesOf(form);
  for (const field of form.querySelectorAll(".field")) {
    const value = values[field.dataset.field] ?? "";
    const over = lengthOf(value) - Number(field.dataset.max);
    if ("required" in field.dataset && !value.trim()) complain(field, `${field.dataset.label} is missing.`);
    else if (over > 0) complain(field, `This is ${over} ${over === 1 ? "character" : "characters"} too long.`);
    else complain(field, "");
  }
  return !form.querySelector(".has-error");
}

async function submit(dialog, form, state, opener) {
  if (state.isSending) return;
  if (!isComplete(form)) { focusFirst(form); return; }
  const button = form.querySelector('[type="submit"]');
  state.isSending = true;
  button.setAttribute("aria-busy", "true");
  const reply = await post("/form", { verb: dialog.dataset.verb, case: caseOf(form), values: valuesOf(form), key: state.key });
  state.isSending = false;
  button.removeAttribute("aria-busy");
  // After a lost answer the same key is sent again, so that the act is not done twice.
  if (!reply.is_lost) state.key = freshKey();
  if (reply.form) { turn(dialog, form, reply.form); return; }
  if (reply.is_error) { form.querySelector("[data-form-error]").textContent = reply.words; return; }
  state.isDone = true;
  dialog.close();
  show(reply, opener?.closest(".answer"), opener);
}

// A choice that fills in other fields: the server draws the form anew. Words that she typed are not replaced unasked.
async function askAgain(dialog, form, input, state) {
  const texts = [...form.querySelectorAll(".field textarea")];
  const isTyped = texts.some((one) => one.value.trim() && one.value !== one.defaultValue);
  const question = { dataset: { confirm: "Put the template in the place of what you have typed?" }, textContent: "Replace it", classList: dialog.classList };
  if (state.isSending || (isTyped && !(await isSure(question)))) { input.value = ""; return; }
  const reply = await post("/act", { verb: dialog.dataset.verb, case: caseOf(form), values: { [input.name]: input.value }, key: freshKey() });
  if (reply.form) turn(dialog, form, reply.form);
  else form.querySelector("[data-form-error]").textContent = reply.words;
}

// The server asks again: its errors come in, what was typed stays.
function turn(dialog, form, html) {
  const fresh = parse(html).firstElementChild;
  form.querySelector(".form-body").replaceWith(fresh.querySelector(".form-body"));
  form.querySelector("h2").textContent = fresh.querySelector("h2").textContent;
  form.querySelector('[type="submit"]').textContent = fresh.querySelector('[type="submit"]').textContent;
  dialog.dataset.verb = fresh.dataset.verb;
  count(form);
  focusFirst(form);
}
