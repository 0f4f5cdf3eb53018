// A Bluesky network on loopback: PLC directory, PDS, AppView, and a Jetstream v2 made from the PDS's own firehose.
// It says its addresses as one line of JSON, and ends when its standard input does.
import { createServer } from 'node:http'
import net from 'node:net'
import { Firehose } from '@atproto/sync'
import { TestNetwork } from '@atproto/dev-env'
import { lexToJson } from '@atproto/lex'
import { WebSocketServer } from 'ws'

// The servers listen on every interface otherwise.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...asked) {
  if (typeof asked[0] === 'number') {
    const then = asked.find((one) => typeof one === 'function')
    return listen.call(this, { port: asked[0], host: '127.0.0.1' }, then)
  }
  if (asked[0] && typeof asked[0] === 'object' && 'port' in asked[0]) asked[0] = { ...asked[0], host: '127.0.0.1' }
  return listen.apply(this, asked)
}

const SUBSCRIBE = 'network.bsky.jetstream.subscribeEvents'
const events = []
const listeners = new Set()

const frame = (event) => JSON.stringify({ $type: 'message', payload: event })

function publish(event) {
  event.seq = events.length + 1
  event.witnessedAt = event.time
  events.push(event)
  for (const one of listeners) if (one.wants(event)) one.socket.send(frame(event))
}

function commit(event) {
  const { did, collection, rkey, rev, time } = event
  const told = { $type: `${SUBSCRIBE}#commit`, did, collection, rkey, rev, time, operation: event.event }
  if (event.event !== 'delete') {
    told.cid = event.cid.toString()
    told.record = lexToJson(event.record)
  }
  publish(told)
}

const network = await TestNetwork.create({ dbPostgresSchema: 'earshot' })
const firehose = new Firehose({
  idResolver: network.bsky.ctx.idResolver,
  service: network.pds.url.replace('http', 'ws'),
  unauthenticatedCommits: true,
  unauthenticatedHandles: true,
  handleEvent: (event) => {
    if (['create', 'update', 'delete'].includes(event.event)) commit(event)
    if (event.event === 'account') {
      const { did, active, status, time, seq } = event
      publish({ $type: `${SUBSCRIBE}#account`, did, time, account: { did, active, status, time, seq } })
    }
  },
  onError: (error) => console.error(error),
})
firehose.start()

const server = createServer((_, response) => response.writeHead(404).end())
const sockets = new WebSocketServer({ server, handleProtocols: () => 'xrpc.v1.json' })
sockets.on('connection', (socket, request) => {
  const asked = new URL(request.url, 'http://127.0.0.1').searchParams
  const collections = asked.getAll('collections')
  const kinds = asked.getAll('kinds')
  const wants = (event) => {
    const kind = event.$type.split('#')[1]
    if (kinds.length && !kinds.includes(kind)) return false
    return kind !== 'commit' || !collections.length || collections.includes(event.collection)
  }
  const cursor = Number(asked.get('cursor') ?? events.length + 1)
  for (const event of events) if (event.seq >= cursor && wants(event)) socket.send(frame(event))
  const listener = { socket, wants }
  listeners.add(listener)
  socket.on('close', () => listeners.delete(listener))
})
await new Promise((done) => server.listen(0, done))

const { pds, bsky, plc } = network
const jetstream = `ws://127.0.0.1:${server.address().port}`
console.log(JSON.stringify({ pds: pds.url, appview: bsky.url, plc: plc.url, jetstream }))

process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
