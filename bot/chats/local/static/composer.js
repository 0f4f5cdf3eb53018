// The command line: completion of verbs, case numbers and members; the last lines by arrow up.

import { freshKey, post } from "./api.js";
import { dismiss, newestAnswer, show } from "./answers.js";

const form = document.querySelector("#composer");
const line = document.querySelector("#line");
const box = document.querySelector("#completion");
const usage = document.querySelector("#usage");
const commands = JSON.parse(form.dataset.commands);
const members = JSON.parse(form.dataset.members);
const MOST_LINES = 50;
let options = [];
let active = -1;
let isSending = false;
let unsure = null; // a line whose answer was lost, and its key
let back = 0;

const history = () => JSON.parse(sessionStorage.getItem("lines") ?? "[]");

// What is typed, taken apart: the part that is not completed any more, the verb if it stands, the word at the end.
function read(text) {
  const lead = /^\s*\/?\s*(?:earshot(?:\s+|$))?/i.exec(text)[0];
  const rest = text.slice(lead.length);
  const command = [...commands].sort((a, b) => b.verb.length - a.verb.length)
    .find(({ verb }) => rest.toLowerCase() === verb || rest.toLowerCase().startsWith(`${verb} `));
  const hasVerb = Boolean(command) && rest.length > command.verb.length;
  const words = hasVerb ? rest.slice(command.verb.length).trimStart().split(/\s+/) : [];
  return { isCommand: text.trimStart().startsWith("/"), rest, command, hasVerb, words };
}

function verbOptions(rest) {
  const typed = rest.trim().toLowerCase();
  const rank = ({ verb, help }) => (verb.startsWith(typed) ? 0 : verb.includes(typed) ? 1 : typed.length > 2 && help.toLowerCase().includes(typed) ? 2 : 9);
  return commands.map((command) => [rank(command), command]).filter(([place]) => place < 9)
    .sort(([a, one], [b, other]) => a - b || one.verb.localeCompare(other.verb))
    .map(([, { verb, help }]) => ({ name: verb, help, text: `/earshot ${verb} ` }));
}

function argumentOptions({ command, words }) {
  const argument = command.arguments[words.length - 1];
  const typed = words.at(-1).toLowerCase();
  const before = ["/earshot", command.verb, ...words.slice(0, -1)].join(" ");
  if (argument?.kind === "case") return cases().filter(({ name }) => name.startsWith(typed.replace("#", ""))).slice(0, 8).map((one) => ({ name: `#${one.name}`, help: one.help, text: `${before} ${one.name} ` }));
  if (argument?.kind === "member" || typed.startsWith("@")) {
    return members.filter(([name, label]) => `${name} ${label}`.toLowerCase().includes(typed.replace("@", "")))
      .map(([name, label]) => ({ name: `@${name}`, help: label, text: `${before} @${name} ` }));
  }
  return [];
}

const cases = () => [...document.querySelectorAll("#messages > [data-case]")].reverse()
  .map((item) => ({ name: item.dataset.case, help: (item.dataset.says ?? "").replace(/^#\d+ /, "") }));

function update() {
  const typed = read(line.value);
  options = !typed.isCommand ? [] : typed.hasVerb ? argumentOptions(typed) : verbOptions(typed.rest);
  active = options.length && !typed.hasVerb ? 0 : -1;
  usage.hidden = !(typed.isCommand && typed.command);
  if (!usage.hidden) explain(typed.command);
  draw();
}

function explain({ usage: shown, help, example }) {
  const code = document.createElement("code");
  code.textContent = `/earshot ${shown}`;
  usage.replaceChildren(code, help, example ? ` For instance: ${example}` : "");
}

function draw() {
  box.hidden = !options.length;
  line.setAttribute("aria-expanded", String(!box.hidden));
  box.replaceChildren(...options.map(({ name, help }, index) => {
    const item = document.createElement("li");
    item.className = "option";
    item.id = `option-${index}`;
    item.role = "option";
    item.setAttribute("aria-selected", String(index === active));
    const [first, second] = [document.createElement("span"), document.createElement("span")];
    first.className = "option-name";
    first.textContent = name;
    second.className = "option-help";
    second.textContent = help;
    item.append(first, second);
    return item;
  }));
  point();
}

function point() {
  [...box.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === active)));
  if (active >= 0 && !box.hidden) {
    line.setAttribute("aria-activedescendant", `option-${active}`);
    box.children[active].scrollIntoView({ block: "nearest" });
  } else line.removeAttribute("aria-activedescendant");
}

function accept(index) {
  line.value = options[index].text;
  line.focus();
  update();
}

function hide() {
  options = [];
  active = -1;
  draw();
}

// Enter completes what is only begun, and sends what is whole.
function isBegun() {
  if (active < 0 || box.hidden) return false;
  const { hasVerb, command, rest } = read(line.value);
  return hasVerb || !(command && rest.trim().toLowerCase() === command.verb);
}

function recall(step) {
  const lines = history();
  back = Math.min(Math.max(back + step, 0), lines.length);
  line.value = back ? lines[lines.length - back] : "";
  hide();
}

function keydown(event) {
  const isOpen = !box.hidden;
  if (event.isComposing) return;
  if (event.key === "ArrowDown" && isOpen) active = (active + 1) % options.length;
  else if (event.key === "ArrowUp" && isOpen) active = (active - 1 + options.length) % options.length;
  else if (event.key === "ArrowUp" && (!line.value || back)) { event.preventDefault(); recall(1); return; }
  else if (event.key === "ArrowDown" && back) { event.preventDefault(); recall(-1); return; }
  else if (event.key === "Tab" && !event.shiftKey && isOpen && line.value.trim()) { event.preventDefault(); accept(Math.max(active, 0)); return; }
  else if (event.key === "Enter" && isBegun()) { event.preventDefault(); accept(active); return; }
  else if (event.key === "Escape" && isOpen) { event.preventDefault(); event.stopPropagation(); hide(); return; }
  else if (event.key === "Escape" && newestAnswer()) { event.stopPropagation(); dismiss(newestAnswer()); return; }
  else return;
  event.preventDefault();
  point();
}

async function send(event) {
  event.preventDefault();
  const text = line.value.trim();
  if (!text || isSending) return;
  isSending = true;
  hide();
  usage.hidden = true;
  const key = unsure?.text === text ? unsure.key : freshKey();
  const reply = await post("/line", { line: text, key });
  unsure = reply.is_lost ? { text, key } : null;
  isSending = false;
  show(reply, null, line);
  if (reply.is_failure || reply.is_error) return; // the line stays, to be put right
  sessionStorage.setItem("lines", JSON.stringify([...history(), text].slice(-MOST_LINES)));
  back = 0;
  if (line.value.trim() === text) line.value = "";
}

export function fill(text) {
  line.value = text;
  line.focus();
  update();
}

export function start() {
  form.addEventListener("submit", send);
  line.addEventListener("input", () => { back = 0; update(); });
  line.addEventListener("keydown", keydown);
  line.addEventListener("blur", () => setTimeout(() => { if (document.activeElement !== line) hide(); }, 120));
  box.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const item = event.target.closest(".option");
    if (item) accept([...box.children].indexOf(item));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select, dialog")) return;
    event.preventDefault();
    fill("/");
  });
}
