/** Against a real gateway: PRESENCE_TEST_URL with auth=none, PRESENCE_TEST_JWT_URL with tokens of PRESENCE_TEST_JWT_SECRET. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { afterEach, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { PresenceClient } from '../src/presence-client.js';

const { PRESENCE_TEST_URL: url, PRESENCE_TEST_JWT_URL: jwtUrl, PRESENCE_TEST_JWT_SECRET: secret } = process.env;
const PATIENCE = 20_000;
const run = Date.now().toString(36);
let people = 0;
const clients = [];

function someone(name) {
  return `${name}.${run}.${people++}`;
}

/** A client whose events are kept, and whose sockets can be cut. */
function client(userId, { base = url, device = 'web', ...options } = {}) {
  const sockets = [];
  const made = new PresenceClient(`${base}/presence`, userId, device, {
    WebSocket: class extends (options.WebSocket ?? WebSocket) {
      constructor(address) {
        super(address);
        sockets.push(this);
      }
    },
    ...without(options, 'WebSocket'),
  });
  const here = {
    client: made,
    sockets,
    seen: [],
    states: [],
    errors: [],
    updates: [],
    moves: [],
    /** Who is in a channel as it is shown, if that is known to be so. */
    members: (id) => {
      const picture = made.channel(id);
      return picture === undefined || picture.stale ? null : [...picture.members.keys()].sort();
    },
    cut: () => sockets.at(-1).terminate(),
    sees: (id) => made.presences.get(id)?.status,
    /** The statuses in which someone was seen, one after the other, from when they were known. */
    saw: (id) =>
      here.seen
        .filter((presence) => presence.user_id === id && presence.known)
        .map(({ status }) => status)
        .filter((status, i, all) => status !== all[i - 1]),
  };
  made.on('onPresenceChange', (presence) => here.seen.push(presence));
  made.on('onConnectionChange', ({ state }) => here.states.push(state));
  made.on('channel_update', (update) => here.updates.push(update));
  made.on('cursor', (move) => here.moves.push(move));
  made.on('onError', (error) => here.errors.push(error));
  clients.push(made);
  return here;
}

function without(object, name) {
  const { [name]: _, ...rest } = object;
  return rest;
}

function online(userId, options) {
  const here = client(userId, options);
  here.client.connect();
  here.client.setOnline();
  return here;
}

/** Two who see each other online. */
async function two(options) {
  const ada = someone('ada');
  const bob = someone('bob');
  const a = online(ada, options);
  const b = online(bob);
  a.client.subscribeToUsers([bob]);
  b.client.subscribeToUsers([ada]);
  await until(() => a.sees(bob) === 'online' && b.sees(ada) === 'online', 'both are online');
  return { ada, bob, a, b };
}

async function until(condition, what, patience = PATIENCE) {
  const end = Date.now() + patience;
  while (!condition()) {
    assert.ok(Date.now() < end, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * Does something once a client knows that it was cut, before it can be back: whoever only looks now
 * and then may look too late. What it returns says whether that was.
 */
function whenStale({ client: cut }, react) {
  let was = false;
  cut.on('onStaleChange', (stale) => {
    if (stale && !was) {
      was = true;
      react();
    }
  });
  return () => was;
}

async function put(path, body = {}) {
  const response = await fetch(`${url}/v1/users/${path}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 202, path);
}

afterEach(() => {
  for (const each of clients.splice(0)) {
    each.disconnect();
  }
});

describe('a real gateway', { skip: url ? false : 'PRESENCE_TEST_URL is not set' }, () => {
  test('should show two people each other online, busy, away, invisible and offline', async () => {
    const { ada, a, b } = await two();
    a.client.setStatus('busy', 'shipping', 'in_call');
    await until(() => b.sees(ada) === 'busy', 'busy');
    const busy = b.client.presences.get(ada);
    assert.equal(busy.custom_status, 'shipping');
    assert.equal(busy.activity, 'in_call');
    assert.deepEqual(busy.devices, { web: 'busy' });

    a.client.setStatus('away', '');
    await until(() => b.sees(ada) === 'away', 'away');
    assert.equal(b.client.presences.get(ada).custom_status, null);

    a.client.setStatus('invisible');
    await until(() => b.sees(ada) === 'offline', 'invisible');
    assert.deepEqual(b.client.presences.get(ada).devices, {});

    a.client.setStatus('online');
    await until(() => b.sees(ada) === 'online', 'online');

    const before = Date.now();
    a.client.disconnect();
    await until(() => b.sees(ada) === 'offline', 'offline', 1_500);
    assert.ok(Date.now() - before < 1_500, 'the goodbye waited for a grace');
    assert.deepEqual([...a.errors, ...b.errors], []);
  });

  test('should vanish for strangers and stay for contacts', async () => {
    const { ada, bob, a, b } = await two();
    const eve = online(someone('eve'));
    eve.client.subscribeToUsers([ada]);
    await until(() => eve.sees(ada) === 'online', 'a stranger sees her');
    await put(`${ada}/contacts/${bob}`);
    await put(`${ada}/visibility`, { visibility: 'contacts' });
    await until(() => eve.sees(ada) === 'offline', 'she vanishes');
    a.client.setStatus('busy');
    await until(() => b.sees(ada) === 'busy', 'her contact sees her');
    assert.deepEqual(eve.saw(ada), ['online', 'offline']);
    const late = online(someone('joe'));
    late.client.subscribeToUsers([ada]);
    await until(() => late.client.presences.has(ada), 'she is told as not known');
    assert.equal(late.client.presences.get(ada).known, false);
    await put(`${ada}/visibility`, { visibility: 'everyone' });
    await until(() => eve.sees(ada) === 'busy' && late.sees(ada) === 'busy', 'she is back');
  });

  test('should come back by itself after a cut, with nothing shown to others and nothing missed', async () => {
    const { ada, bob, a, b } = await two();
    const session = a.client.sessionId;
    const noticed = whenStale(a, () => b.client.setStatus('busy', 'while you were gone'));
    a.cut();
    await until(noticed, 'the cut is noticed');
    await until(() => !a.client.stale && a.sees(bob) === 'busy', 'all is known again');
    assert.notEqual(a.client.sessionId, session);
    b.client.setStatus('online');
    await until(() => a.sees(bob) === 'online', 'updates go on');
    // Longer than the grace of the session that was cut.
    a.client.setStatus('busy');
    await until(() => b.sees(ada) === 'busy', 'others hear on');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    assert.deepEqual(b.saw(ada), ['online', 'busy']);
    assert.deepEqual(a.states, ['connecting', 'connected', 'reconnecting', 'reconnecting', 'connected']);
  });

  test('should say what was set while there was no connection', async () => {
    const { ada, a, b } = await two();
    let state;
    const noticed = whenStale(a, () => {
      state = a.client.connection.state;
      a.client.setStatus('invisible');
    });
    a.cut();
    await until(noticed, 'the cut is noticed');
    assert.equal(state, 'reconnecting');
    await until(() => b.sees(ada) === 'offline', 'it arrives');
    assert.equal(a.client.status, 'invisible');
  });

  test('should go away when idle and come back with activity, and leave busy alone', async () => {
    const window = new EventTarget();
    const { ada, a, b } = await two({ awayAfter: 1, environment: { window } });
    await until(() => b.sees(ada) === 'away', 'idle');
    window.dispatchEvent(new Event('keydown'));
    await until(() => b.sees(ada) === 'online', 'active');
    a.client.setStatus('busy');
    await until(() => b.sees(ada) === 'busy', 'busy');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    window.dispatchEvent(new Event('keydown'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    window.dispatchEvent(new Event('keydown'));
    a.client.setStatus('busy', 'still');
    await until(() => b.client.presences.get(ada).custom_status === 'still', 'a later change');
    assert.deepEqual(b.saw(ada), ['online', 'away', 'online', 'busy']);
  });

  test('should stay away over a cut, not online for a moment', async () => {
    const { ada, a, b } = await two({ awayAfter: 1 });
    await until(() => b.sees(ada) === 'away', 'idle');
    a.cut();
    await until(() => a.states.filter((state) => state === 'connected').length === 2, 'it is back');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    assert.deepEqual(b.saw(ada), ['online', 'away']);
  });

  test('should be answered when it asks for a sign of life, also by one who hides', async () => {
    const ada = someone('ada');
    const a = online(ada);
    await until(() => a.client.connection.state === 'connected', 'connected');
    await put(`${ada}/visibility`, { visibility: 'nobody' });
    const [socket] = a.sockets;
    const answers = [];
    socket.addEventListener('message', ({ data }) => answers.push(JSON.parse(data).type));
    a.client.setStatus('busy');
    await until(() => answers.includes('initial_presence'), 'an answer');
    assert.deepEqual(a.client.subscriptions, []);
    assert.deepEqual(a.errors, []);
  });

  test('should follow 2,500 of whom nobody has heard', async () => {
    const a = online(someone('ada'));
    const ids = Array.from({ length: 2_500 }, (_, i) => `nobody.${run}.${i}`);
    a.client.subscribeToUsers(ids);
    await until(() => a.client.presences.size === 2_500, 'all are told');
    assert.equal(a.client.stale, false);
    assert.ok([...a.client.presences.values()].every(({ known, status }) => !known && status === 'offline'));
    assert.deepEqual(a.errors, []);
  });

  test('should show who is in a channel, with what, and not who only watches', async () => {
    const [ada, bob, eve] = ['ada', 'bob', 'eve'].map(someone);
    const room = someone('room');
    const a = online(ada);
    const b = client(bob);
    const e = client(eve);
    b.client.connect();
    e.client.connect();
    e.client.watchChannel(room);
    a.client.joinChannel(room, { metadata: { name: 'Ada' } });
    b.client.joinChannel(room);
    for (const each of [a, b, e]) {
      await until(() => each.members(room)?.join() === [ada, bob].join(), 'both are there');
      assert.equal(each.client.channel(room).count, 2);
    }
    assert.deepEqual(e.client.channel(room).members.get(ada).metadata, { name: 'Ada' });
    a.client.updateChannel(room, { name: 'Ada', hand: 'up' });
    await until(() => b.client.channel(room).members.get(ada).metadata.hand === 'up', 'an update');
    b.client.leaveChannel(room);
    await until(() => a.members(room).join() === ada && e.members(room).join() === ada, 'one left');
    const [left] = a.updates.filter(({ event }) => event === 'left');
    assert.deepEqual([left.reason, left.count, left.member.user_id], ['left', 1, bob]);
    a.client.disconnect();
    await until(() => e.members(room).length === 0, 'nobody is there');
    assert.equal(e.updates.at(-1).reason, 'disconnected');
    assert.deepEqual([...a.errors, ...b.errors, ...e.errors], []);
  });

  test('should be in a channel over a cut, with nothing shown to others and nothing missed', async () => {
    const [ada, bob, eve] = ['ada', 'bob', 'eve'].map(someone);
    const room = someone('room');
    const a = online(ada);
    const b = online(bob);
    const e = online(eve);
    a.client.joinChannel(room);
    b.client.joinChannel(room);
    await until(() => [a, b].every(({ members }) => members(room)?.join() === [ada, bob].join()), 'both are there');
    let stale = false;
    a.client.on('channel', (picture) => (stale ||= picture.channelId === room && picture.stale));
    const noticed = whenStale(a, () => e.client.joinChannel(room));
    a.cut();
    await until(() => noticed() && stale, 'the cut is noticed');
    await until(() => b.members(room).length === 3, 'another comes');
    await until(() => a.members(room)?.length === 3, 'she is seen after the cut');
    // Longer than the grace of the session that was cut.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    assert.deepEqual(b.updates.filter(({ member, event }) => member.user_id === ada && event !== 'joined'), []);
    assert.equal(b.members(room).length, 3);
  });

  test('should not be seen by others when hidden', async () => {
    const [ada, bob] = ['ada', 'bob'].map(someone);
    const room = someone('room');
    const a = online(ada);
    const b = online(bob);
    b.client.joinChannel(room);
    await until(() => b.members(room)?.join() === bob, 'one is there');
    a.client.joinChannel(room, { hidden: true });
    await until(() => a.members(room)?.includes(bob), 'a hidden one sees who is there');
    a.client.joinChannel(room, { hidden: false });
    await until(() => b.members(room).length === 2, 'she shows herself');
    a.client.joinChannel(room, { hidden: true });
    await until(() => b.members(room).join() === bob, 'she hides again');
    assert.deepEqual(b.updates.filter(({ member }) => member.user_id === ada).map(({ event }) => event), ['joined', 'left']);
  });

  test('should show modes and cursors in a document, the last ones to one who comes later', async () => {
    const [ada, bob, eve] = ['ada', 'bob', 'eve'].map(someone);
    const plan = someone('plan');
    const id = `doc:${plan}`;
    const a = online(ada);
    const b = online(bob);
    a.client.startViewing(plan);
    b.client.startEditing(plan, { x: -1 });
    await until(() => [a, b].every(({ members }) => members(id)?.length === 2), 'both are there');
    await until(() => a.client.channel(id).cursors.get(bob)?.x === -1, 'the first cursor');
    for (let x = 0; x < 100; x++) {
      b.client.updateCursor(plan, { x });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until(() => a.client.channel(id).cursors.get(bob).x === 99, 'the last cursor');
    const seen = a.moves.map(({ cursor }) => cursor.x);
    assert.deepEqual(seen, [...new Set(seen)].sort((one, other) => one - other));
    assert.deepEqual(b.moves, []);
    a.client.startEditing(plan);
    await until(() => b.client.channel(id).members.get(ada).metadata.mode === 'editing', 'the other mode');
    assert.ok(!b.updates.some(({ event }) => event === 'left'));
    const e = client(eve);
    e.client.watchChannel(id);
    e.client.connect();
    await until(() => e.client.channel(id)?.cursors.get(bob)?.x === 99, 'a newcomer sees it');
    b.client.stopViewing(plan);
    await until(() => a.members(id).join() === ada && e.members(id).join() === ada, 'he left');
    assert.equal(a.client.channel(id).cursors.size, 0);
    assert.deepEqual([...a.errors, ...b.errors, ...e.errors], []);
  });

  test('should stop when a page of its origin may not connect', async () => {
    const a = client(someone('ada'), {
      WebSocket: class extends WebSocket {
        constructor(address) {
          super(address, { origin: 'https://elsewhere.test' });
        }
      },
    });
    a.client.connect();
    await until(() => a.client.connection.state === 'disconnected', 'it stops');
    assert.equal(a.client.connection.code, 4403);
  });
});

describe('a real gateway with tokens', { skip: jwtUrl ? false : 'PRESENCE_TEST_JWT_URL is not set' }, () => {
  function jwt(sub, lifetime, more = {}) {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, exp: Math.ceil(Date.now() / 1000) + lifetime, ...more })}`;
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  }

  test('should change its token over a new socket, and nobody see it', async () => {
    const ada = someone('ada');
    const bob = someone('bob');
    let given = 0;
    const a = online(null, {
      base: jwtUrl,
      token: async () => {
        given++;
        return jwt(ada, 4);
      },
    });
    const b = online(bob, { base: jwtUrl, token: jwt(bob, 600) });
    b.client.subscribeToUsers([ada]);
    a.client.subscribeToUsers([bob]);
    await until(() => b.sees(ada) === 'online' && a.sees(bob) === 'online', 'both are online');
    assert.equal(a.client.userId, ada);
    await until(() => given >= 4, 'the token is changed');
    b.client.setStatus('busy');
    await until(() => a.sees(bob) === 'busy', 'updates go on');
    assert.deepEqual(b.saw(ada), ['online']);
    assert.deepEqual(a.states, ['connecting', 'connected']);
    assert.equal(a.client.stale, false);
    assert.deepEqual(a.errors, []);
  });

  test('should be in a channel over a change of token, and nobody see it', async () => {
    const ada = someone('ada');
    const room = someone('room');
    const channels = { write: ['room.*'] };
    const a = online(null, {
      base: jwtUrl,
      token: async () => jwt(ada, 4, { channels }),
    });
    const b = client(null, { base: jwtUrl, token: jwt(someone('bob'), 600, { channels: { read: ['room.*'] } }) });
    b.client.connect();
    b.client.watchChannel(room);
    a.client.joinChannel(room, { metadata: { name: 'Ada' } });
    await until(() => b.members(room)?.join() === ada, 'she is there');
    const closed = ({ readyState }) => readyState === 3;
    await until(() => a.sockets.length >= 4 && a.sockets.slice(0, -1).every(closed), 'the token is changed');
    a.client.leaveChannel(room);
    await until(() => b.members(room).length === 0, 'she left');
    // She may have been there before the list was asked for.
    const events = b.updates.map(({ event }) => event).join();
    assert.match(events, /^(joined,)?left$/);
    assert.deepEqual([...a.errors, ...b.errors], []);
    b.client.joinChannel(room);
    await until(() => b.errors.length > 0, 'who may only read may not join');
    assert.deepEqual([b.errors[0].code, b.errors[0].of], ['forbidden', 'join_channel']);
  });

  test('should ask for another token when one is refused', async () => {
    const ada = someone('ada');
    const tokens = ['not a token', jwt(ada, -60), jwt(ada, 600)];
    const a = client(ada, { base: jwtUrl, token: () => tokens.shift() });
    a.client.connect();
    await until(() => a.client.connection.state === 'connected', 'the third is taken');
    assert.deepEqual(tokens, []);
  });

  test('should stop when the only token it has is refused', async () => {
    const a = client(someone('ada'), { base: jwtUrl, token: 'not a token' });
    a.client.connect();
    await until(() => a.client.connection.state === 'disconnected', 'it stops');
    assert.equal(a.client.connection.code, 4401);
  });
});

