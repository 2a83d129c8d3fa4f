#!/usr/bin/env bash
# MessagePack-RPC clients that others wrote: Neovim, and msgpack5rpc of npm.
. "$(dirname "$0")/lib.sh"

node ana || exit 1
node bao || exit 1
rpc ana init '{"name":"Ana"}' >/dev/null
rpc bao init '{"name":"Bao"}' >/dev/null
meet_by_rpc ana bao
ready() { rpc bao contact.list | grep -q '"state": "ready"'; }
until_true 5 ready

if command -v nvim >/dev/null; then
  cat >"$here/talk.vim" <<'V'
let channel = sockconnect('pipe', $SOCKET, {'rpc': 1})
call rpcrequest(channel, 'hello', {'api': 1, 'client': 'nvim'})
let status = rpcrequest(channel, 'status', {})
let lines = ['state ' . status.state . ' name ' . status.name]
for i in range(200)
  let invite = rpcrequest(channel, 'invite.create', {'expires_s': 600, 'as': 'Guest ' . i})
endfor
call add(lines, 'link ' . matchstr(invite.link, '^valise:'))
try
  call rpcrequest(channel, 'contact.get', {'who': 'nobody'})
catch
  call add(lines, 'refused ' . matchstr(v:exception, 'not_found'))
endtry
call rpcrequest(channel, 'events.subscribe', {'live': v:true})
call rpcrequest(channel, 'send', {'to': ['Bao'], 'text': 'from Neovim'})
sleep 300m
" Neovim knows no handler for "event" and says so with a notification of its own: we live with that.
call add(lines, 'after an event ' . rpcrequest(channel, 'status', {}).state)
call writefile(lines, $OUT)
quitall!
V
  SOCKET=$(socket_of ana) OUT=$here/nvim.out HOME=$here XDG_STATE_HOME=$here \
    timeout 10 nvim --headless -u NONE -i NONE -S "$here/talk.vim" >"$here/nvim.err" 2>&1
  check 'Neovim: hello, status, 200 invitations, a refusal, an event' \
    [ "$(cat "$here/nvim.out" 2>/dev/null)" = 'state ready name Ana
link valise:
refused not_found
after an event ready' ]
  [ -s "$here/nvim.out" ] || cat "$here/nvim.err"
else
  echo 'skip  Neovim is not here'
fi

mkdir -p "$here/npm"
installed() {
  HOME=$here timeout 15 npm install --prefix "$here/npm" --no-audit --no-fund --prefer-offline \
    --fetch-retries=0 --fetch-timeout=5000 msgpack5rpc@1.1.0 >"$here/npm.log" 2>&1
}
if ! command -v npm >/dev/null; then
  echo 'skip  npm is not here'
elif ! installed; then
  echo 'skip  msgpack5rpc: the npm registry cannot be reached'
else
  cat >"$here/npm/talk.js" <<'J'
const net = require('net'), Session = require('msgpack5rpc');
const socket = net.connect(process.argv[2]), session = new Session(), events = [];
session.attach(socket, socket);
session.on('notification', (method, args) => events.push(method + ' ' + args[0].type));
const call = (method, params) => new Promise((done) =>
  session.request(method, params ? [params] : [],
    (error, result) => done(error ? 'refused ' + error : result)));
(async () => {
  await call('hello', {api: 1, client: 'msgpack5rpc'});
  await call('events.subscribe', {live: true});
  console.log('state', (await call('status')).state);
  const many = await Promise.all([...Array(500).keys()].map(() => call('id.show', {})));
  console.log('calls', new Set(many.map((one) => one.id)).size, many.length);
  console.log((await call('contact.get', {who: 'nobody'})).split(':')[0]);
  console.log((await call('invite.create', {colour: 'red'})).split(':')[0]);
  await call('send', {to: ['Bao'], text: 'from npm'});
  await new Promise((done) => setTimeout(done, 300));
  console.log(events.join(', '));
  socket.end();
})();
J
  timeout 10 node "$here/npm/talk.js" "$(socket_of ana)" >"$here/npm.out" 2>&1
  check 'msgpack5rpc: 500 calls at once, refusals, an event' \
    [ "$(cat "$here/npm.out")" = 'state ready
calls 1 500
refused not_found
refused usage
event delivered' ]
fi
check 'the node is well' stop ana

