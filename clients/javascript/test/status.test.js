import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { online, world } from './fakes.js';

const AWAY = { type: 'set_status', status: 'away' };
const BACK = { type: 'set_status', status: 'online' };

function move(here) {
  here.moves = (here.moves ?? 0) + 1;
  here.window.fire('mousemove', { screenX: here.moves, screenY: 0 });
}

/** A client whose socket answers all questions for a sign of life. */
function lively(options) {
  const here = world(options);
  here.client.connect();
  here.client.setOnline();
  here.socket.alive = true;
  here.socket.welcome();
  here.socket.take();
  here.events = [];
  return here;
}

function reconnect(here) {
  here.socket.lose();
  here.clock.advance(1_000);
  here.socket.alive = true;
  here.socket.welcome();
}

describe('setting a status', () => {
  test('should say it with text, activity and expiry, and tell it', () => {
    const here = lively();
    here.client.setStatus('busy', 'shipping', 'in_call', { expiresIn: 200, customStatusExpiresIn: 60 });
    assert.deepEqual(here.socket.take(), [
      {
        type: 'set_status',
        status: 'busy',
        custom_status: 'shipping',
        activity: 'in_call',
        expires_in: 200,
        custom_status_expires_in: 60,
      },
    ]);
    assert.deepEqual(here.events, [['onStatusChange', 'busy', { previous: 'online', by: 'user' }]]);
    assert.equal(here.client.status, 'busy');
    here.told('onStatusChange');
    here.clock.advance(200_000);
    assert.deepEqual(here.told('onStatusChange'), ['online']);
  });

  test('should clear a text with an empty one and leave it with none', () => {
    const here = lively();
    here.client.setStatus('busy', '');
    here.client.setStatus('busy');
    assert.deepEqual(here.socket.take(), [
      { type: 'set_status', status: 'busy', custom_status: '' },
      { type: 'set_status', status: 'busy' },
    ]);
  });

  test('should take offline for invisible', () => {
    const here = lively();
    here.client.setStatus('offline');
    assert.deepEqual(here.socket.take(), [{ type: 'set_status', status: 'invisible' }]);
    assert.equal(here.client.status, 'invisible');
  });

  test('should keep the newest for when it is connected, for the time that is left', () => {
    const here = world();
    here.client.setStatus('invisible');
    here.client.setStatus('busy', 'x', null, { expiresIn: 60 });
    here.client.connect();
    here.clock.advance(10_000);
    here.socket.welcome();
    assert.deepEqual(here.socket.take('set_status'), [
      { type: 'set_status', status: 'busy', custom_status: 'x', expires_in: 50 },
    ]);
    assert.deepEqual(here.socket.take('set_online'), []);
    here.client.setOnline();
    assert.equal(here.client.status, 'busy');
  });

  test('should say nothing of one that ended before it was connected', () => {
    const here = world();
    here.client.setOnline();
    here.client.setStatus('busy', null, null, { expiresIn: 5 });
    here.client.connect();
    here.clock.advance(6_000);
    here.socket.welcome();
    assert.deepEqual(here.socket.take('set_status'), []);
    assert.equal(here.client.status, 'online');
  });

  test('should say it again over the next socket only if it is not known to have arrived', () => {
    const here = online();
    here.client.setStatus('invisible');
    assert.deepEqual(here.socket.take('subscribe'), [{ type: 'subscribe', user_ids: ['ada'] }]);
    here.clock.advance(10_000);
    assert.equal(here.client.connection.reason, 'the connection went silent');
    here.clock.advance(1_000);
    here.socket.welcome();
    assert.deepEqual(here.socket.take('set_status'), [{ type: 'set_status', status: 'invisible' }]);
    here.socket.answer();
    reconnect(here);
    assert.deepEqual(here.socket.take(), [{ type: 'set_online', device: 'web' }]);
  });

  test('should not take an answer to what was asked before for a sign that it arrived', () => {
    const here = online();
    here.client.subscribeToUsers(['bob']);
    here.client.setStatus('busy');
    here.socket.answer();
    here.socket.lose();
    here.clock.advance(1_000);
    here.socket.welcome();
    assert.deepEqual(here.socket.take('set_status'), [{ type: 'set_status', status: 'busy' }]);
  });

  test('should say a text given to setOnline again only if it is not known to have arrived', () => {
    const here = world();
    here.client.connect();
    here.client.setOnline('hello');
    here.socket.welcome();
    here.socket.lose();
    here.clock.advance(1_000);
    here.socket.alive = true;
    here.socket.welcome();
    assert.deepEqual(here.socket.take(), [{ type: 'set_online', device: 'web', custom_status: 'hello' }]);
    reconnect(here);
    assert.deepEqual(here.socket.take(), [{ type: 'set_online', device: 'web' }]);
  });

  test('should say it again when Kafka did not take it or there was too much', () => {
    const here = lively();
    here.client.setStatus('busy');
    here.socket.take();
    here.socket.say({ type: 'error', code: 'unavailable', message: 'Kafka', of: 'set_status' });
    here.clock.advance(1_500);
    assert.deepEqual(here.socket.take('set_status'), [{ type: 'set_status', status: 'busy' }]);
    here.socket.say({ type: 'error', code: 'rate_limited', message: 'slow', of: 'set_status', retry_after: 5 });
    here.clock.advance(5_000);
    assert.deepEqual(here.socket.take('set_status'), [{ type: 'set_status', status: 'busy' }]);
    here.socket.say({ type: 'error', code: 'rate_limited', message: 'slow', of: 'set_online', retry_after: 5 });
    here.clock.advance(5_000);
    assert.deepEqual(here.socket.take('set_online'), [{ type: 'set_online', device: 'web' }]);
    here.clock.advance(60_000);
    assert.deepEqual(here.socket.take('set_status'), []);
  });
});

describe('being idle', () => {
  test('should say away after the time of the gateway, and online again at the next activity', () => {
    const here = lively();
    here.clock.advance(299_999);
    assert.deepEqual(here.socket.take('set_status'), []);
    here.clock.advance(1);
    assert.deepEqual(here.socket.take('set_status'), [AWAY]);
    here.clock.advance(3_600_000);
    assert.deepEqual(here.socket.take('set_status'), []);
    move(here);
    assert.deepEqual(here.socket.take('set_status'), [BACK]);
    move(here);
    assert.deepEqual(here.socket.take('set_status'), []);
    assert.deepEqual(
      here.events.filter(([name]) => name === 'onStatusChange').map(([, status, { by }]) => [status, by]),
      [
        ['away', 'idle'],
        ['online', 'activity'],
      ],
    );
  });

  test('should heed the times that one gives', () => {
    const here = lively({ awayAfter: 20, hiddenAwayAfter: 5 });
    here.clock.advance(20_000);
    assert.deepEqual(here.socket.take('set_status'), [AWAY]);
    move(here);
    here.clock.advance(10_000);
    here.hide();
    here.clock.advance(4_999);
    assert.deepEqual(here.socket.take('set_status'), [BACK]);
    here.clock.advance(1);
    assert.deepEqual(here.socket.take('set_status'), [AWAY]);
  });

  test('should say away a minute after the tab was hidden, and online when it is shown', () => {
    const here = lively();
    here.clock.advance(100_000);
    here.hide();
    here.clock.advance(59_999);
    assert.deepEqual(here.socket.take('set_status'), []);
    here.clock.advance(1);
    assert.deepEqual(here.socket.take('set_status'), [AWAY]);
    here.clock.advance(600_000);
    here.show();
    assert.deepEqual(here.socket.take('set_status'), [BACK]);
    here.hide();
    here.clock.advance(30_000);
    here.show();
    here.clock.advance(60_000);
    assert.deepEqual(here.socket.take('set_status'), []);
  });

  test('should take each kind of activity for one', () => {
    for (const name of ['mousemove', 'mousedown', 'pointermove', 'pointerdown', 'keydown', 'wheel', 'scroll', 'touchstart', 'touchmove']) {
      const here = lively();
      here.clock.advance(299_000);
      here.window.fire(name, { screenX: 1, screenY: 1 });
      here.clock.advance(299_000);
      assert.deepEqual(here.socket.take('set_status'), [], name);
      here.clock.advance(1_000);
      assert.deepEqual(here.socket.take('set_status'), [AWAY], name);
    }
  });

  test('should not take a pointer that rests for activity, though browsers say that it moved', () => {
    const here = lively();
    here.window.fire('mousemove', { screenX: 5, screenY: 5 });
    for (let i = 0; i < 30; i++) {
      here.clock.advance(10_000);
      here.window.fire('mousemove', { screenX: 5, screenY: 5 });
      here.window.fire('pointermove', { screenX: 5, screenY: 5 });
    }
    assert.deepEqual(here.socket.take('set_status'), [AWAY]);
  });

  test('should never undo a claim of the user', () => {
    for (const status of ['busy', 'invisible']) {
      const here = lively();
      here.client.setStatus(status);
      here.socket.take();
      move(here);
      here.clock.advance(299_000);
      move(here);
      assert.deepEqual(here.socket.take('set_status'), [], status);
      // It is idle, too; one online takes back that and no more.
      here.clock.advance(301_000);
      assert.deepEqual(here.socket.take('set_status'), [AWAY], status);
      move(here);
      here.clock.advance(2_000);
      move(here);
      assert.deepEqual(here.socket.take('set_status'), [BACK], status);
      assert.equal(here.client.status, status);
      assert.deepEqual(here.told('onStatusChange'), [status]);
    }
  });

  test('should not take back an away that the user chose, nor heartbeat as active', () => {
    const here = lively();
    here.client.setStatus('away', 'lunch');
    assert.deepEqual(here.socket.take('set_status'), [BACK, { ...AWAY, custom_status: 'lunch' }]);
    for (let i = 0; i < 100; i++) {
      here.clock.advance(5_000);
      move(here);
    }
    assert.deepEqual(here.socket.take('set_status'), []);
    const beats = here.socket.take('heartbeat');
    assert.ok(beats.length > 20 && beats.every(({ active }) => active === false));
    assert.equal(here.client.status, 'away');

    reconnect(here);
    assert.deepEqual(here.socket.take(), [{ type: 'heartbeat', device: 'web', active: false }, AWAY]);
    // The first takes back the away, the second ends whatever claim there may be.
    here.client.setStatus('online');
    assert.deepEqual(here.socket.take('set_status'), [BACK, BACK]);
    assert.equal(here.client.status, 'online');
  });

  test('should take back an away of either kind with setOnline', () => {
    const here = lively();
    here.client.setStatus('away');
    here.socket.take();
    here.client.setOnline();
    assert.deepEqual(here.socket.take(), [{ type: 'set_online', device: 'web' }]);
    assert.equal(here.client.status, 'online');
    reconnect(here);
    assert.deepEqual(here.socket.take(), [{ type: 'set_online', device: 'web' }]);
  });

  test('should stay away over a reconnect, never online for a moment', () => {
    const here = lively();
    here.clock.advance(300_000);
    here.socket.take();
    reconnect(here);
    assert.deepEqual(here.socket.take(), [{ type: 'heartbeat', device: 'web', active: false }, AWAY]);
    move(here);
    assert.deepEqual(here.socket.take(), [BACK]);
  });

  test('should come back online if there was activity while the connection was lost', () => {
    const here = lively();
    here.clock.advance(300_000);
    here.socket.lose();
    move(here);
    assert.equal(here.client.status, 'online');
    here.clock.advance(1_000);
    here.socket.welcome();
    assert.deepEqual(here.socket.take(), [{ type: 'set_online', device: 'web' }]);
  });

  test('should come back away if it became idle while the connection was lost', () => {
    const here = lively();
    here.clock.advance(200_000);
    here.socket.lose();
    here.clock.sleep(200_000);
    here.clock.advance(0);
    here.socket.welcome();
    assert.deepEqual(here.socket.take(), [{ type: 'heartbeat', device: 'web', active: false }, AWAY]);
  });

  test('should not send an online that takes nothing back when the away was not taken', () => {
    const here = lively();
    here.client.setStatus('busy');
    here.clock.advance(300_000);
    here.socket.take();
    here.socket.say({ type: 'error', code: 'unavailable', message: 'Kafka', of: 'set_status' });
    move(here);
    assert.deepEqual(here.socket.take('set_status'), []);
    assert.equal(here.socket.take('heartbeat').at(-1)?.active, true);

    here.clock.advance(300_000);
    here.socket.take();
    here.socket.say({ type: 'error', code: 'unavailable', message: 'Kafka', of: 'set_status' });
    here.clock.advance(2_000);
    assert.deepEqual(here.socket.take('set_status'), [AWAY]);
  });

  test('should not be looked for in one who only watches', () => {
    const here = world();
    here.client.connect();
    here.socket.alive = true;
    here.socket.welcome();
    here.clock.advance(3_600_000);
    move(here);
    assert.deepEqual(here.socket.sent, []);
  });
});

describe('heartbeats', () => {
  test('should come at the interval of the gateway, each at random within a fifth of it', () => {
    for (const [chance, first, next] of [
      [0, 0, 12_000],
      [0.5, 7_500, 15_000],
      [1, 15_000, 18_000],
    ]) {
      const here = world();
      here.chance = chance;
      here.client.connect();
      here.client.setOnline();
      here.socket.alive = true;
      here.socket.welcome();
      here.clock.advance(first);
      assert.equal(here.socket.take('heartbeat').length, 1);
      for (let i = 0; i < 3; i++) {
        here.clock.advance(next - 1);
        assert.equal(here.socket.take('heartbeat').length, 0);
        here.clock.advance(1);
        assert.equal(here.socket.take('heartbeat').length, 1);
      }
    }
  });

  test('should say whether there was activity since the last', () => {
    const here = lively();
    here.clock.advance(7_500);
    assert.deepEqual(here.socket.take(), [{ type: 'heartbeat', device: 'web', active: false }]);
    move(here);
    here.clock.advance(15_000);
    here.clock.advance(15_000);
    assert.deepEqual(
      here.socket.take().map(({ active }) => active),
      [true, false],
    );
  });

  test('should be one at once when activity comes after the gateway may have called it idle', () => {
    const here = lively({ awayAfter: 3_600 });
    here.clock.advance(400_000);
    here.socket.take();
    move(here);
    assert.deepEqual(here.socket.take(), [{ type: 'heartbeat', device: 'web', active: true }]);
  });

  test('should go on when timers come late', () => {
    const here = lively();
    here.hide();
    for (let i = 0; i < 10; i++) {
      here.clock.sleep(60_000);
      here.clock.advance(0);
      assert.equal(here.socket.take('heartbeat').length, 1);
    }
    assert.equal(here.sockets.length, 1);
  });
});
