// Teaches the page of local-slack, for the pictures, what Slack's own client draws and it does not: rich text, dates,
// and what stands in a list at first. What the page is told is put into older words; nothing is added to it.

const plain = (words) => words.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

function ago(moment) {
  const minutes = Math.floor((Date.now() / 1000 - Number(moment)) / 60);
  return minutes < 1 ? "just now" : `${minutes} minute${minutes === 1 ? "" : "s"} ago`;
}

function styled(words, style = {}) {
  const [, before, inner, after] = /^(\s*)([\s\S]*?)(\s*)$/.exec(words);
  const mark = style.code ? "`" : style.bold ? "*" : style.italic ? "_" : "";
  return inner && mark ? `${before}${mark}${inner}${mark}${after}` : words;
}

function element(part) {
  if (part.type === "link") return `<${part.url}|${part.text ?? part.url}>`;
  if (part.type === "user") return `<@${part.user_id}>`;
  if (part.type === "channel") return `<#${part.channel_id}>`;
  if (part.type === "emoji") return `:${part.name}:`;
  if (part.type === "date") return ago(part.timestamp);
  return styled(part.text ?? "", part.style);
}

function lines(part) {
  const words = (part.elements ?? []).map((one) => (one.elements ? lines(one) : element(one)));
  if (part.type === "rich_text_list") return words.map((one) => `• ${one}`).join("\n");
  if (part.type === "rich_text_quote") return `> ${words.join("").replaceAll("\n", "\n> ")}`;
  if (part.type === "rich_text_preformatted") return `\`\`\`${words.join("")}\`\`\``;
  return words.join(part.type === "rich_text" ? "\n" : "");
}

function drawn(part) {
  if (Array.isArray(part)) return part.map(drawn);
  if (part === null || typeof part !== "object") return part;
  if (part.type === "image" && part.slack_file) {
    return { ...part, slack_file: undefined, image_url: `/files-pri/T01HERON000-${part.slack_file.id}/chart.png` };
  }
  if (part.type === "rich_text") return { type: "section", text: { type: "mrkdwn", text: lines(part) } };
  const told = Object.fromEntries(Object.entries(part).map(([name, one]) => [name, drawn(one)]));
  if (told.type === "mrkdwn" && typeof told.text === "string") {
    told.text = plain(told.text.replace(/<!date\^(\d+)\^[^|>]*\|[^>]*>/g, (_, moment) => ago(moment)));
  }
  if (told.type === "static_select" && told.initial_option) {
    told.placeholder = told.initial_option.text;
    told.options = told.options.filter((one) => one.value !== told.initial_option.value);
  }
  return told;
}

const data = Object.getOwnPropertyDescriptor(MessageEvent.prototype, "data");
Object.defineProperty(MessageEvent.prototype, "data", {
  get() {
    const told = data.get.call(this);
    return typeof told === "string" && told.startsWith("{") ? JSON.stringify(drawn(JSON.parse(told))) : told;
  },
});
