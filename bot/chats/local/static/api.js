// Talks to the server. Every act carries the page's token; every answer, good or bad, becomes an object with words.

const body = document.body;

export const freshKey = () => crypto.randomUUID();

export async function post(path, content) {
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Earshot-Token": body.dataset.token },
      body: JSON.stringify({ channel: body.dataset.channel, ...content }),
    });
  } catch {
    return { is_failure: true, is_error: true, is_lost: true, words: "Earshot cannot be reached. Try again in a moment: what was done already is not done twice." };
  }
  if (!response.ok) return { is_failure: true, is_error: true, words: await response.text() };
  return response.json();
}

export async function fragment(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(await response.text());
  return response.text();
}

// The server escapes what it renders, and the page's policy runs no inline script.
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content;
}
