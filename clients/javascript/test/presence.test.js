import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { START, online, presence, world } from './fakes.js';

describe('following', () => {
  test('should tell each as it is now, and who is not known or hidden as offline', () => {
    const here = online();
    assert.equal(here.client.stale, false);
    here.client.subscribeToUsers(['bob', 'eve', 'bob']);
    assert.deepEqual(here.socket.take(), [{ type: 'subscribe', user_ids: ['bob', 'eve'] }]);
    assert.equal(here.client.stale, true);
    assert.equal(here.client.isStale('bob'), true);
    const bob = presence('bob', 'busy', { custom_status: 'shipping', activity: 'in_call' });
    here.socket.answer(bob);
    const nobody = {
      user_id: 'eve',
      status: 'offline',
      last_seen: null,
      device: null,
      custom_status: null,
      activity: null,
      since: null,
      version: null,
      devices: {},
      known: false,
    };
    assert.deepEqual(here.told('onPresenceChange'), [{ ...bob, known: true }, nobody]);
    assert.deepEqual([...here.client.presences], [
      ['bob', { ...bob, known: true }],
      ['eve', nobody],
    ]);
    assert.equal(here.client.isStale('bob'), false);
    assert.deepEqual(here.told('onStaleChange'), [true, false]);
  });

  test('should tell nothing more once a listener ended it', () => {
    const here = online();
    here.client.on('onPresenceChange', () => here.client.disconnect());
    here.client.subscribeToUsers(['bob', 'eve']);
    here.socket.answer(presence('bob'));
    assert.equal(here.told('onPresenceChange').length, 1);
    assert.equal(here.clock.timers, 0);
  });

  test('should tell each change with what was before', () => {
    const here = online();
    here.client.subscribeToUsers('bob');
    here.socket.answer(presence('bob'));
    here.events = [];
    here.socket.update(presence('bob', 'away', { version: START + 1 }));
    const [[, now, before]] = here.events;
    assert.equal(now.status, 'away');
    assert.equal(before.status, 'online');
  });

  test('should keep what is handed out from being changed', () => {
    const here = online();
    here.client.subscribeToUsers('bob');
    here.socket.answer(presence('bob'));
    assert.throws(() => {
      here.client.presences.get('bob').status = 'busy';
    }, TypeError);
    assert.throws(() => {
      here.client.presences.get('bob').devices.web = 'busy';
    }, TypeError);
    assert.equal(here.client.presences.set, undefined);
    here.client.subscriptions.push('eve');
    assert.deepEqual(here.client.subscriptions, ['bob']);
    here.client.presences.forEach((value, key, map) => {
      assert.equal(key, value.user_id);
      assert.equal(map, here.client.presences);
    });
  });

  test('should ask for what came meanwhile in one message once the last is answered', () => {
    const here = online();
    for (const id of ['a', 'b', 'c', 'd']) {
      here.client.subscribeToUsers([id]);
    }
    assert.deepEqual(here.socket.take(), [{ type: 'subscribe', user_ids: ['a'] }]);
    here.socket.answer(presence('a'));
    assert.deepEqual(here.socket.take(), [{ type: 'subscribe', user_ids: ['b', 'c', 'd'] }]);
    here.client.subscribeToUsers(['a', 'b']);
    assert.deepEqual(here.socket.take(), []);
  });

  test('should not take what comes unasked for the answer', () => {
    const here = online();
    here.client.subscribeToUsers('bob');
    here.socket.initial([presence('bob')], []);
    here.client.subscribeToUsers('eve');
    here.told('onPresenceChange');
    here.socket.initial([presence('bob', 'busy')]);
    assert.deepEqual(
      here.told('onPresenceChange').map(({ user_id: id }) => id),
      ['bob'],
    );
    assert.equal(here.client.isStale('eve'), true);
    here.socket.answer();
    assert.equal(here.client.presences.get('eve').known, false);
  });

  test('should say nothing of those who could not be asked for until they can be', () => {
    const here = online();
    here.client.subscribeToUsers(['bob', 'eve']);
    here.socket.initial([presence('bob')], ['eve']);
    assert.equal(here.client.presences.has('eve'), false);
    assert.equal(here.client.stale, true);
    assert.equal(here.client.isStale('bob'), false);
    here.socket.initial([presence('eve', 'away')]);
    assert.equal(here.client.presences.get('eve').status, 'away');
    assert.equal(here.client.stale, false);
  });

  test('should ask again for those of whom nothing more is said', () => {
    const here = online();
    here.client.subscribeToUsers(['bob', 'eve']);
    here.socket.initial([presence('bob')], ['eve']);
    here.socket.take();
    here.clock.advance(30_000);
    assert.deepEqual(here.socket.take('subscribe'), [{ type: 'subscribe', user_ids: ['eve'] }]);
    here.socket.answer();
    assert.equal(here.client.presences.get('eve').known, false);
    assert.equal(here.client.stale, false);
  });

  test('should show all as stale after a gap until all are told anew', () => {
    const here = online();
    here.client.subscribeToUsers(['bob', 'eve', 'joe']);
    here.socket.answer(presence('bob'), presence('eve'), presence('joe'));
    here.socket.take();
    here.events = [];
    here.socket.say({ type: 'resync' });
    assert.equal(here.told('onResync').length, 1);
    assert.deepEqual(here.told('onStaleChange'), [true]);
    assert.equal(here.client.presences.get('bob').status, 'online');
    here.socket.initial([presence('bob')]);
    here.socket.initial([presence('eve', 'busy')]);
    assert.equal(here.client.isStale('bob'), false);
    assert.equal(here.client.stale, true);
    // Joe hid himself in the gap: nobody names him.
    here.clock.advance(10_000);
    assert.deepEqual(here.socket.take('subscribe'), [{ type: 'subscribe', user_ids: ['joe'] }]);
    here.socket.answer();
    assert.equal(here.client.presences.get('joe').known, false);
    assert.deepEqual(here.told('onStaleChange'), [false]);
  });

  test('should call nobody offline because a gap came between a question and its answer', () => {
    const here = online();
    here.client.subscribeToUsers(['bob']);
    here.socket.say({ type: 'resync' });
    here.socket.answer();
    assert.equal(here.client.presences.has('bob'), false);
    here.socket.initial([presence('bob')]);
    assert.deepEqual(
      here.told('onPresenceChange').map(({ status }) => status),
      ['online'],
    );
    assert.equal(here.client.stale, false);
  });

  test('should keep what was known while the connection is lost, as stale', () => {
    const here = online();
    here.client.subscribeToUsers(['bob', 'eve']);
    here.socket.answer(presence('bob'), presence('eve'));
    here.events = [];
    here.socket.lose();
    assert.deepEqual(here.told('onStaleChange'), [true]);
    assert.equal(here.client.presences.get('bob').status, 'online');
    assert.equal(here.client.isStale('bob'), true);
    here.clock.advance(250);
    here.socket.welcome();
    assert.equal(here.client.stale, true);
    here.socket.answer(presence('bob', 'busy'));
    assert.equal(here.client.stale, false);
    assert.deepEqual(
      here.told('onPresenceChange').map(({ user_id: id, status, known }) => [id, status, known]),
      [
        ['bob', 'busy', true],
        ['eve', 'offline', false],
      ],
    );
  });

  test('should forget those one does not follow any more', () => {
    const here = online();
    here.client.subscribeToUsers(['bob', 'eve']);
    here.socket.answer(presence('bob'), presence('eve'));
    here.socket.take();
    here.events = [];
    here.client.unsubscribeFromUsers(['bob', 'stranger']);
    assert.deepEqual(here.socket.take(), [{ type: 'unsubscribe', user_ids: ['bob'] }]);
    here.socket.update(presence('bob', 'busy'));
    here.socket.initial([presence('bob', 'busy'), presence('stranger')]);
    assert.deepEqual(here.events, []);
    assert.deepEqual([...here.client.presences.keys()], ['eve']);
    here.socket.lose();
    here.clock.advance(250);
    here.socket.welcome();
    assert.deepEqual(here.socket.take('subscribe'), [{ type: 'subscribe', user_ids: ['eve'] }]);
  });

  test('should ask anew for someone who was left and followed again before the answer came', () => {
    const here = online();
    here.client.subscribeToUsers(['bob']);
    here.client.unsubscribeFromUsers(['bob']);
    here.client.subscribeToUsers(['bob']);
    here.socket.answer();
    assert.deepEqual(
      here.socket.take().map(({ type }) => type),
      ['subscribe', 'unsubscribe', 'subscribe'],
    );
    assert.equal(here.client.stale, true);
    here.socket.answer(presence('bob'));
    assert.equal(here.client.presences.get('bob').status, 'online');
    assert.equal(here.client.stale, false);
  });

  test('should leave in messages of 1,000', () => {
    const here = online();
    const ids = Array.from({ length: 1_500 }, (_, i) => `u${i}`);
    here.client.subscribeToUsers(ids);
    here.client.unsubscribeFromUsers(ids);
    assert.deepEqual(
      here.socket.take('unsubscribe').map(({ user_ids: some }) => some.length),
      [1_000, 500],
    );
  });

  test('should refuse to follow more than 5,000', () => {
    const here = online();
    here.client.subscribeToUsers(Array.from({ length: 4_999 }, (_, i) => `u${i}`));
    assert.throws(() => here.client.subscribeToUsers(['x', 'y']), /at most 5000/);
    assert.equal(here.client.subscriptions.length, 4_999);
    here.client.subscribeToUsers(['x']);
  });

  test('should ask again later when the gateway has no time', () => {
    for (const [code, wait] of [
      ['rate_limited', 7],
      ['unavailable', undefined],
    ]) {
      const here = online();
      here.client.subscribeToUsers(['bob']);
      here.socket.take();
      here.socket.say({ type: 'error', code, message: 'not now', of: 'subscribe', retry_after: wait });
      assert.deepEqual(here.told('onError'), [
        { code, message: 'not now', of: 'subscribe', retryAfter: wait ?? null, userIds: null },
      ]);
      here.client.subscribeToUsers(['eve']);
      here.clock.advance((wait ?? 1.5) * 1_000 - 1);
      assert.deepEqual(here.socket.take('subscribe'), []);
      here.clock.advance(1);
      assert.deepEqual(
        here.socket.take('subscribe').map(({ user_ids: ids }) => ids.sort()),
        [['bob', 'eve']],
      );
    }
  });

  test('should say whom it was refused to follow, and follow them no more', () => {
    const here = online();
    here.client.subscribeToUsers(['bob']);
    here.socket.answer(presence('bob'));
    here.client.subscribeToUsers(['eve']);
    here.socket.say({ type: 'error', code: 'too_many_subscriptions', message: 'no', of: 'subscribe' });
    assert.deepEqual(here.told('onError')[0].userIds, ['eve']);
    assert.deepEqual(here.client.subscriptions, ['bob']);
    assert.equal(here.client.stale, false);
  });

  test('should ask for a sign of life with someone it follows when it may follow nobody else', () => {
    const here = online();
    const ids = Array.from({ length: 5_000 }, (_, i) => `u${i}`);
    here.client.subscribeToUsers(ids);
    for (let i = 0; i < 5; i++) {
      here.socket.answer();
    }
    assert.deepEqual(here.socket.take('unsubscribe'), [{ type: 'unsubscribe', user_ids: ['ada'] }]);
    here.socket.take();
    here.clock.advance(37_500);
    assert.deepEqual(here.socket.take('subscribe'), [{ type: 'subscribe', user_ids: ['u0'] }]);
  });
});

test('should follow without being anyone', () => {
  const here = world({ userId: null });
  here.client.subscribeToUsers(['bob']);
  here.client.connect();
  assert.equal(here.socket.url, 'wss://presence.test/presence');
  here.socket.welcome();
  here.socket.answer(presence('bob'));
  assert.equal(here.client.presences.get('bob').status, 'online');
  here.socket.take();
  here.clock.advance(37_500);
  assert.deepEqual(here.socket.take(), [{ type: 'subscribe', user_ids: ['bob'] }]);
});
