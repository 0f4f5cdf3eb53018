// Loaded into the npm program local-slack before it starts. It has no flag for what is done here:
// - it listens on the loopback address only;
// - each envelope goes to one of the open sockets, in turn, as Slack does; by itself it would send it to all of them;
// - a bot is told of its own reactions, as Slack does; by itself it tells only of those of people.
const serve = Bun.serve;
const workspace = JSON.parse(require("node:fs").readFileSync("workspace.json", "utf8"));

const lines = new Map();
let turn = 0;
let last = { envelope: "", line: undefined };

function lineOf(socket) {
  if (!lines.has(socket)) {
    const line = {
      data: socket.data,
      close: () => socket.close(),
      send: (text) => {
        const envelope = JSON.parse(text).envelope_id;
        if (envelope === undefined || chosen(envelope) === line) socket.send(text);
      },
    };
    lines.set(socket, line);
  }
  return lines.get(socket);
}

function chosen(envelope) {
  if (last.envelope !== envelope) {
    const open = [...lines.values()];
    last = { envelope, line: open[turn++ % open.length] };
  }
  return last.line;
}

function tellOfReaction(told) {
  const { teamId } = workspace.workspace;
  const { appId, botUserId } = workspace.apps[0];
  const item = { type: "message", channel: told.channel, ts: told.timestamp };
  const event = { type: "reaction_added", user: botUserId, reaction: told.name, item, item_user: botUserId };
  const id = crypto.randomUUID();
  const payload = { type: "event_callback", team_id: teamId, api_app_id: appId, event_id: `Ev${id}`, event };
  const envelope = { envelope_id: id, type: "events_api", payload, accepts_response_payload: false };
  for (const line of lines.values()) line.send(JSON.stringify(envelope));
}

async function argumentsOf(request) {
  const { searchParams } = new URL(request.url);
  const text = await request.text();
  const body = text.startsWith("{") ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
  return { ...Object.fromEntries(searchParams), ...body };
}

async function answer(inner, request, server) {
  if (new URL(request.url).pathname !== "/api/reactions.add") return inner(request, server);
  const told = argumentsOf(request.clone());
  const answered = await inner(request, server);
  if ((await answered.clone().json()).ok) tellOfReaction(await told);
  return answered;
}

Bun.serve = (options) => {
  const { open, message, close } = options.websocket;
  const seen = (socket) => (socket.data.kind === "socket" ? lineOf(socket) : socket);
  const websocket = {
    ...options.websocket,
    open: (socket) => open(seen(socket)),
    message: (socket, text) => message(seen(socket), text),
    close: (socket, ...why) => {
      close(seen(socket), ...why);
      lines.delete(socket);
    },
  };
  const fetch = (request, server) => answer(options.fetch, request, server);
  return serve.call(Bun, { ...options, fetch, websocket, hostname: "127.0.0.1" });
};
