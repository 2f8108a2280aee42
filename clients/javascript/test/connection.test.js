import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PresenceClient } from '../src/presence-client.js';
import { START, jwt, online, presence, settle, world } from './fakes.js';

describe('connecting', () => {
  test('should say who one is, go online with device and text, and follow what was asked for before', () => {
    const here = world();
    here.client.setOnline('shipping');
    here.client.subscribeToUsers(['bob', 'eve']);
    here.client.connect();
    assert.equal(here.socket.url, 'wss://presence.test/presence?user_id=ada');
    assert.deepEqual(here.socket.sent, []);
    here.socket.welcome();
    assert.deepEqual(here.socket.sent, [
      { type: 'set_online', device: 'web', custom_status: 'shipping' },
      { type: 'subscribe', user_ids: ['bob', 'eve'] },
    ]);
    assert.deepEqual(here.states(), ['connecting', 'connected']);
    assert.deepEqual(here.told('onWelcome'), [
      { sessionId: 's0', serverTime: START / 1000, heartbeatInterval: 15, awayAfter: 300 },
    ]);
    assert.equal(here.client.sessionId, 's0');
  });

  test('should only watch until told to go online', () => {
    const here = world();
    here.client.connect();
    here.socket.welcome();
    here.clock.advance(29_000);
    assert.deepEqual(here.socket.sent, []);
    assert.equal(here.client.status, 'offline');
    here.client.setOnline();
    assert.deepEqual(here.socket.take(), [{ type: 'set_online', device: 'web' }]);
  });

  test('should turn a page address into one of a socket', () => {
    const here = world({ url: 'http://127.0.0.1:8080/presence?x=1#top', userId: 'a:b@c' });
    here.client.connect();
    assert.equal(here.socket.url, 'ws://127.0.0.1:8080/presence?x=1&user_id=a%3Ab%40c');
  });

  test('should refuse wrong arguments at once', () => {
    const make = (...args) => () => new PresenceClient(...args);
    const options = { WebSocket: class {} };
    assert.throws(make('ftp://x', 'ada', 'web', options), /wsUrl: expected a ws or wss address/);
    assert.throws(make('ws://x', 'a b', 'web', options), /userId: expected 1 to 128 characters/);
    assert.throws(make('ws://x', 'ada', '', options), /device: expected a text/);
    assert.throws(make('ws://x', 'ada', 'web', { ...options, token: 7 }), /options.token/);
    assert.throws(make('ws://x', 'ada', 'web', { ...options, awayAfter: 0 }), /options.awayAfter: expected seconds/);
    assert.throws(make('ws://x', 'ada', 'web', { WebSocket: 7 }), /options.WebSocket: there is no global WebSocket/);
    const { client } = world();
    assert.throws(() => client.setStatus('lunch'), /status: expected one of online, away/);
    assert.throws(() => client.setStatus('busy', 'x'.repeat(141)), /customStatus: .* at most 140/);
    assert.throws(() => client.setStatus('busy', null, 'in a call'), /activity: /);
    assert.throws(() => client.setStatus('busy', null, null, { expiresIn: -1 }), /expiresIn: expected seconds/);
    assert.throws(() => client.subscribeToUsers(['ok', 'not ok']), /userIds: /);
    assert.throws(() => client.on('onLunch', () => {}), /there is no event onLunch/);
  });

  test('should ignore types and fields that it does not know, and say what is no JSON', () => {
    const here = online();
    here.socket.say({ type: 'cursor', doc_id: 'x' });
    here.socket.say({});
    here.socket.say('null');
    assert.deepEqual(here.events, []);
    here.socket.say('{');
    assert.equal(here.told('onError')[0].code, 'bad_message');
    assert.equal(here.client.connection.state, 'connected');
  });

  test('should go on when a listener throws', (t) => {
    const here = online();
    const reported = t.mock.method(console, 'error', () => {});
    here.client.on('onPresenceChange', () => {
      throw new Error('mine');
    });
    let heard = 0;
    here.client.on('onPresenceChange', () => heard++);
    here.client.subscribeToUsers('bob');
    here.socket.answer(presence('bob'));
    assert.equal(heard, 1);
    assert.equal(reported.mock.callCount(), 1);
  });

  test('should tell a listener nothing once it was taken away', () => {
    const here = online();
    let heard = 0;
    const off = here.client.on('onStatusChange', () => heard++);
    here.client.setStatus('busy');
    off();
    here.client.setStatus('online');
    assert.equal(heard, 1);
  });
});

describe('disconnecting', () => {
  test('should say goodbye, close with 1000 and leave no timer and no listener', () => {
    const here = online();
    here.client.subscribeToUsers(['bob']);
    here.socket.take();
    here.client.disconnect();
    assert.deepEqual(here.socket.sent, [{ type: 'set_offline' }]);
    assert.equal(here.socket.closed.code, 1000);
    assert.equal(here.clock.timers, 0);
    assert.equal(here.window.listening + here.document.listening, 0);
    assert.equal(here.client.status, 'offline');
    assert.equal(here.client.stale, true);
    assert.deepEqual(here.states(), ['disconnected']);
    here.socket.lose(1000);
    here.window.fire('online');
    here.clock.advance(3_600_000);
    assert.equal(here.sockets.length, 1);
    assert.deepEqual(here.states(), []);
  });

  test('should stop a try that is under way, and one that is waited for', () => {
    for (const lose of [false, true]) {
      const here = world();
      here.client.connect();
      if (lose) {
        here.socket.lose();
      }
      here.client.disconnect();
      here.socket.welcome();
      here.clock.advance(60_000);
      assert.equal(here.sockets.length, 1);
      assert.equal(here.clock.timers, 0);
      assert.equal(here.client.connection.state, 'disconnected');
    }
  });

  test('should connect again, still following, and be online only when told so', () => {
    const here = online();
    here.client.subscribeToUsers(['bob']);
    here.client.disconnect();
    here.client.connect();
    here.socket.welcome();
    assert.deepEqual(here.socket.sent, [{ type: 'subscribe', user_ids: ['bob'] }]);
  });

  test('should be possible from within a listener', () => {
    const here = world();
    here.client.on('onConnectionChange', ({ state }) => state === 'connecting' && here.client.disconnect());
    here.client.connect();
    assert.equal(here.sockets.length, 0);
    assert.equal(here.client.connection.state, 'disconnected');
    assert.equal(here.clock.timers, 0);
  });
});

describe('reconnecting', () => {
  test('should go online and follow all again by itself, in messages of 1,000', () => {
    const here = online();
    const ids = Array.from({ length: 2_500 }, (_, i) => `u${i}`);
    here.client.subscribeToUsers(ids);
    here.socket.lose();
    assert.deepEqual(here.states(), ['reconnecting']);
    here.clock.advance(250);
    here.socket.welcome();
    assert.deepEqual(here.socket.take('set_online'), [{ type: 'set_online', device: 'web' }]);
    const asked = [];
    for (const size of [1_000, 1_000, 500]) {
      const [{ user_ids: some }, ...more] = here.socket.take('subscribe');
      assert.equal(some.length, size);
      assert.equal(more.length, 0);
      asked.push(...some);
      assert.equal(here.client.stale, true);
      here.socket.answer(...some.map((id) => presence(id)));
    }
    assert.deepEqual(asked, ids);
    assert.equal(here.client.stale, false);
    assert.equal(here.client.presences.size, 2_500);
  });

  test('should wait at random, ever longer, 30 seconds at most', () => {
    const here = online();
    here.chance = 0.999;
    const waits = [];
    for (let i = 0; i < 9; i++) {
      here.socket.lose();
      waits.push(here.client.connection.retryAt - here.clock.time);
      here.clock.advance(waits.at(-1) + 1);
      assert.equal(here.sockets.length, i + 2);
      assert.equal(here.client.connection.retryAt, null);
    }
    assert.deepEqual(
      waits.map((wait) => Math.round(wait / 100) / 10),
      [0.5, 1, 2, 4, 8, 16, 30, 30, 30],
    );
    here.chance = 0.001;
    here.socket.lose();
    assert.ok(here.client.connection.retryAt - here.clock.time < 100);
  });

  test('should begin anew with short waits only after the connection held for 10 seconds', () => {
    const here = online();
    const waits = [];
    for (const held of [0, 9_000, 9_000, 11_000, 0]) {
      here.clock.advance(held);
      here.socket.lose();
      waits.push(here.client.connection.retryAt - here.clock.time);
      here.clock.advance(waits.at(-1));
      here.socket.welcome();
    }
    assert.deepEqual(waits, [250, 500, 1_000, 250, 500]);
  });

  test('should come back when a draining gateway says so', () => {
    const here = online();
    here.socket.lose(1001, 'retry_after=3.2');
    assert.equal(here.client.connection.retryAt, here.clock.time + 3_200);
    here.clock.advance(3_199);
    assert.equal(here.sockets.length, 1);
    here.clock.advance(1);
    assert.equal(here.sockets.length, 2);
  });

  test('should come back after each close that is not for good', () => {
    for (const code of [1000, 1001, 1005, 1006, 1011, 1013, 4408, 4429]) {
      const here = online();
      here.socket.lose(code, '');
      here.clock.advance(1_000);
      assert.equal(here.sockets.length, 2, code);
    }
  });

  test('should stop when it is not allowed', () => {
    const here = online();
    here.socket.lose(4403, 'pages of this origin may not connect');
    assert.deepEqual(here.told('onConnectionChange'), [
      { state: 'disconnected', reason: 'not allowed: pages of this origin may not connect', code: 4403, retryAt: null },
    ]);
    here.clock.advance(3_600_000);
    assert.equal(here.sockets.length, 1);
    assert.equal(here.clock.timers, 0);
  });

  test('should give up a socket that says no welcome', () => {
    const here = world();
    here.client.connect();
    here.clock.advance(15_000);
    assert.equal(here.socket.closed.code, 4000);
    assert.equal(here.client.connection.reason, 'no welcome in time');
    here.clock.advance(1_000);
    assert.equal(here.sockets.length, 2);
  });

  test('should stop when no socket can be made at all', () => {
    const here = world({
      WebSocket: class {
        constructor() {
          throw new Error('mixed content');
        }
      },
    });
    here.client.connect();
    assert.equal(here.client.connection.reason, 'could not open a socket: mixed content');
    assert.equal(here.client.connection.state, 'disconnected');
  });

  test('should try at once when the network is back or one asks for it', () => {
    for (const act of [(here) => here.window.fire('online'), (here) => here.client.connect()]) {
      const here = online();
      here.chance = 0.999;
      for (let i = 0; i < 8; i++) {
        here.socket.lose();
        act(here);
        assert.equal(here.sockets.length, i + 2);
      }
    }
  });

  test('should hear nothing more of a socket that it gave up', () => {
    const here = online();
    const [old] = here.sockets;
    here.client.subscribeToUsers(['bob']);
    const { onmessage, onclose } = old;
    old.lose();
    here.clock.advance(250);
    here.socket.welcome();
    here.events = [];
    onmessage({ data: JSON.stringify({ type: 'presence_update', presence: presence('bob') }) });
    onclose({ code: 1006, reason: '' });
    assert.deepEqual(here.events, []);
    assert.equal(here.sockets.length, 2);
  });
});

describe('a socket that died unnoticed', () => {
  test('should be asked for a sign of life after a silence, and left if there is none', () => {
    const here = online();
    here.clock.advance(37_499);
    assert.deepEqual(here.socket.take('subscribe'), []);
    here.clock.advance(1);
    assert.deepEqual(here.socket.take('subscribe'), [{ type: 'subscribe', user_ids: ['ada'] }]);
    here.clock.advance(9_999);
    assert.equal(here.client.connection.state, 'connected');
    here.clock.advance(1);
    assert.equal(here.socket.closed.code, 4000);
    assert.equal(here.client.connection.reason, 'the connection went silent');
    here.clock.advance(250);
    assert.equal(here.sockets.length, 2);
  });

  test('should be left alone while it speaks, and the answers be kept to itself', () => {
    const here = online();
    here.client.subscribeToUsers(['bob']);
    here.socket.answer(presence('bob'));
    here.socket.take();
    here.events = [];
    for (let i = 0; i < 10; i++) {
      here.clock.advance(30_000);
      here.socket.update(presence('bob', 'online', { version: START + i }));
      assert.deepEqual(here.socket.take('subscribe'), []);
    }
    here.told('onPresenceChange');
    here.clock.advance(37_500);
    here.socket.answer(presence('ada'));
    assert.deepEqual(here.told('onPresenceChange'), []);
    here.clock.advance(30_000);
    assert.equal(here.sockets.length, 1);
  });

  test('should not be looked for in a hidden tab', () => {
    const here = online();
    here.hide();
    here.clock.advance(600_000);
    assert.deepEqual(here.socket.take('subscribe'), []);
    here.show();
    assert.deepEqual(here.socket.take('subscribe'), [{ type: 'subscribe', user_ids: ['ada'] }]);
    here.clock.advance(4_000);
    assert.equal(here.client.connection.state, 'reconnecting');
  });

  test('should be looked for after a sleep, when the network changed, and not for a late timer in a hidden tab', () => {
    const slept = online();
    slept.clock.sleep(3_600_000);
    slept.clock.advance(0);
    assert.equal(slept.socket.take('subscribe').length, 1);
    slept.clock.advance(4_000);
    assert.equal(slept.client.connection.state, 'reconnecting');

    const moved = online();
    moved.window.fire('online');
    assert.equal(moved.socket.take('subscribe').length, 1);
    moved.socket.answer(presence('ada'));
    moved.clock.advance(5_000);
    assert.equal(moved.client.connection.state, 'connected');

    const throttled = online();
    throttled.hide();
    for (let i = 0; i < 5; i++) {
      throttled.clock.sleep(60_000);
      throttled.clock.advance(0);
    }
    assert.deepEqual(throttled.socket.take('subscribe'), []);
    assert.ok(throttled.socket.take('heartbeat').length >= 4);
  });

  test('should be asked again rather than left if it said something else meanwhile', () => {
    const here = online();
    here.client.subscribeToUsers(['bob']);
    here.clock.advance(5_000);
    here.socket.say({ type: 'news' });
    here.clock.advance(5_000);
    assert.equal(here.client.connection.state, 'connected');
    assert.equal(here.socket.take('subscribe').length, 2);
  });

  test('should not be confused by a clock that is set back', () => {
    const here = online();
    here.clock.advance(20_000);
    here.socket.take();
    here.clock.time -= 3_600_000;
    here.clock.setTimeout(() => {}, 0);
    here.client.setOnline();
    here.show();
    here.clock.advance(16_000);
    assert.ok(here.socket.take('heartbeat').length >= 1);
    here.clock.advance(310_000);
    assert.equal(here.client.status, 'away');
  });
});

describe('tokens', () => {
  test('should be sent in place of the user, a text as it is', () => {
    const here = world({ token: 'abc' });
    here.client.connect();
    assert.equal(here.socket.url, 'wss://presence.test/presence?access_token=abc');
    here.socket.lose(4401, 'no such key');
    assert.equal(here.client.connection.state, 'disconnected');
    assert.equal(here.client.connection.reason, 'not authorized: no such key');
  });

  test('should tell who one is if nobody else does', () => {
    const here = world({ userId: null, token: jwt(3_600, 'grace') });
    here.client.connect();
    assert.equal(here.client.userId, 'grace');
  });

  test('should be asked for anew when one is refused, with a backoff', async () => {
    const tokens = ['one', 'two', 'three'];
    const here = world({ token: async () => tokens.shift() });
    here.client.connect();
    await settle();
    here.socket.lose(4401, 'the token has expired');
    assert.equal(here.client.connection.state, 'reconnecting');
    here.clock.advance(250);
    await settle();
    assert.equal(here.socket.url, 'wss://presence.test/presence?access_token=two');
    here.socket.lose(4401, 'the token has expired');
    here.clock.advance(499);
    await settle();
    assert.equal(here.sockets.length, 2);
    here.clock.advance(1);
    await settle();
    assert.equal(here.socket.url, 'wss://presence.test/presence?access_token=three');
  });

  test('should not be asked for at each reconnect while one is good', async () => {
    let asked = 0;
    const here = world({ token: () => jwt(3_600 + asked++) });
    here.client.connect();
    await settle();
    for (let i = 0; i < 3; i++) {
      here.socket.welcome();
      here.socket.lose();
      here.clock.advance(10_000);
    }
    assert.equal(here.sockets.length, 4);
    assert.equal(asked, 1);
  });

  test('should be waited for, but not for ever, and asked for again when the function fails', async () => {
    let outcome = () => new Promise(() => {});
    const here = world({ token: () => outcome() });
    here.client.connect();
    await settle();
    here.clock.advance(30_000);
    assert.match(here.told('onError')[0].message, /nothing in time/);
    outcome = () => {
      throw new Error('signed out');
    };
    here.clock.advance(250);
    await settle();
    assert.deepEqual(
      here.told('onError').map(({ code, message }) => [code, message]),
      [['token_failed', 'signed out']],
    );
    outcome = () => '';
    here.clock.advance(500);
    await settle();
    assert.match(here.told('onError')[0].message, /gave no text/);
    outcome = () => 'good';
    here.clock.advance(1_000);
    await settle();
    assert.equal(here.socket.url, 'wss://presence.test/presence?access_token=good');
  });

  test('should be renewed ahead of their end over a new socket before the old one goes', async () => {
    let asked = 0;
    const here = world({ token: () => jwt(600 * ++asked) });
    here.client.connect();
    await settle();
    here.client.setOnline();
    here.client.subscribeToUsers(['bob', 'eve']);
    const [old] = here.sockets;
    old.alive = true;
    old.welcome();
    old.answer(presence('bob'), presence('eve'));
    here.told('onConnectionChange');
    here.told('onStaleChange');
    // A tenth to a fifth of its life ahead, a minute at most; chance says three quarters of that.
    here.clock.advance(554_999);
    await settle();
    old.say({ type: 'news' });
    assert.equal(asked, 1);
    here.clock.advance(1);
    await settle();
    assert.equal(asked, 2);
    assert.equal(here.sockets.length, 2);
    assert.equal(old.closed, null);
    old.update(presence('bob', 'busy', { version: START + 1 }));
    assert.equal(here.client.presences.get('bob').status, 'busy');

    here.socket.welcome();
    assert.deepEqual(here.socket.take('subscribe'), [{ type: 'subscribe', user_ids: ['bob', 'eve'] }]);
    old.update(presence('bob', 'away', { version: START + 2 }));
    assert.equal(here.client.presences.get('bob').status, 'away');
    assert.equal(old.closed, null);
    here.socket.answer(presence('bob', 'online', { version: START + 3 }), presence('eve'));
    assert.equal(old.closed.code, 4000);
    assert.equal(here.client.presences.get('bob').status, 'online');
    assert.deepEqual(here.states(), []);
    assert.equal(here.client.connection.state, 'connected');

    here.socket.alive = true;
    here.clock.advance(600_000);
    await settle();
    assert.equal(asked, 3);
  });

  test('should be renewed by the clock of the gateway', async () => {
    let asked = 0;
    const here = world({ token: () => jwt(600 * ++asked) });
    here.client.connect();
    await settle();
    here.socket.alive = true;
    here.socket.welcome({ server_time: START / 1000 + 100 });
    here.clock.advance(454_999);
    await settle();
    assert.equal(asked, 1);
    here.clock.advance(1);
    await settle();
    assert.equal(asked, 2);
  });

  test('should keep the socket in use while renewing fails', async () => {
    let asked = 0;
    let fail = true;
    const here = world({
      token: () => {
        asked++;
        if (asked > 1 && fail) {
          throw new Error('later');
        }
        return jwt(asked === 1 ? 60 : 120);
      },
    });
    here.client.connect();
    await settle();
    here.client.setOnline();
    const [old] = here.sockets;
    old.alive = true;
    old.welcome();
    here.clock.advance(51_000);
    await settle();
    assert.equal(asked, 2);
    assert.equal(here.client.connection.state, 'connected');
    assert.equal(here.told('onError')[0].code, 'token_failed');
    fail = false;
    here.clock.advance(1_000);
    await settle();
    assert.equal(here.sockets.length, 2);
    here.socket.lose(1013, 'later');
    assert.equal(here.client.connection.state, 'connected');
    here.clock.advance(3_000);
    await settle();
    assert.equal(here.sockets.length, 3);
    old.lose(4401, 'the token has expired');
    assert.equal(here.client.connection.state, 'reconnecting');
    here.socket.welcome();
    assert.equal(here.client.connection.state, 'connected');
  });

  test('should not open socket after socket with a token that is no newer', async () => {
    let asked = 0;
    const here = world({
      token: () => {
        asked++;
        return jwt(60);
      },
    });
    here.client.connect();
    await settle();
    here.socket.alive = true;
    here.socket.welcome();
    for (let i = 0; i < 100; i++) {
      here.clock.advance(600);
      await settle();
    }
    assert.equal(here.sockets.length, 1);
    assert.ok(asked > 1 && asked < 8, `asked ${asked} times`);
  });
});

describe('a page that goes', () => {
  test('should leave it to the browser to close, so that a reload is no goodbye', () => {
    const here = online();
    here.window.fire('pagehide', { persisted: false });
    assert.deepEqual(here.socket.sent, []);
    assert.equal(here.socket.closed, null);
  });

  test('should let go of the socket when it may come back, and connect at once when it does', () => {
    const here = online();
    here.window.fire('pagehide', { persisted: true });
    assert.equal(here.socket.closed.code, 4000);
    assert.deepEqual(here.socket.sent, []);
    here.clock.advance(3_600_000);
    here.window.fire('online');
    assert.equal(here.sockets.length, 1);
    here.window.fire('pageshow', { persisted: true });
    assert.equal(here.sockets.length, 2);
    here.socket.welcome();
    assert.equal(here.socket.take('set_online').length, 1);
    here.window.fire('pageshow', { persisted: true });
    assert.equal(here.sockets.length, 2);
  });

  test('should say goodbye for good even then', () => {
    const here = online();
    here.window.fire('pagehide', { persisted: true });
    here.client.disconnect();
    here.window.fire('pageshow', { persisted: true });
    assert.equal(here.sockets.length, 1);
    assert.equal(here.clock.timers, 0);
  });
});
