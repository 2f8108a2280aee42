import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { START, jwt, member, online, settle, world } from './fakes.js';

/** Who is shown to be in a channel. */
const ids = (here, channelId) => [...(here.client.channel(channelId)?.members.keys() ?? [])];

/** One who is in a room with these, with nothing of that left to look at. */
function inRoom(...members) {
  const here = online();
  here.client.joinChannel('room');
  here.socket.take();
  here.socket.list('room', [member('ada'), ...members]);
  here.events = [];
  return here;
}

/** One who edits a document with Bob. */
function editing() {
  const here = online();
  here.client.startEditing('plan');
  here.socket.take();
  here.socket.list('doc:plan', [member('ada', { mode: 'editing' }), member('bob', { mode: 'viewing' })]);
  here.events = [];
  return here;
}

function reconnect(here) {
  here.socket.lose();
  here.clock.advance(250);
  here.socket.welcome();
}

describe('being in a channel', () => {
  test('should say so, and show who is there once it is told', () => {
    const here = online();
    here.client.joinChannel('room', { metadata: { name: 'Ada' } });
    assert.deepEqual(here.socket.take(), [{ type: 'join_channel', channel_id: 'room', metadata: { name: 'Ada' } }]);
    assert.equal(here.client.channel('room'), undefined);
    here.socket.list('room', [member('ada', { name: 'Ada' }), member('bob')]);
    const [picture] = here.told('channel');
    assert.equal(picture, here.client.channel('room'));
    assert.equal(picture.channelId, 'room');
    assert.equal(picture.count, 2);
    assert.equal(picture.stale, false);
    assert.deepEqual([...picture.members], [
      ['ada', member('ada', { name: 'Ada' })],
      ['bob', member('bob')],
    ]);
    assert.deepEqual(here.told('channel_update'), []);
  });

  test('should need no presence', () => {
    const here = world();
    here.client.joinChannel('room');
    here.client.connect();
    here.socket.welcome();
    assert.deepEqual(here.socket.take(), [{ type: 'join_channel', channel_id: 'room' }]);
    assert.equal(here.client.status, 'offline');
  });

  test('should tell each change, and the picture after it', () => {
    const here = inRoom();
    here.socket.change('room', 'joined', member('bob', { n: 1 }), 2);
    here.socket.change('room', 'updated', member('bob', { n: 2 }), 2);
    here.socket.change('room', 'left', member('bob', { n: 2 }), 1, { reason: 'timed_out' });
    assert.deepEqual(
      here.events.map(([name, told]) => [name, told.event ?? [...told.members.keys()].join(), told.count]),
      [
        ['channel_update', 'joined', 2],
        ['channel', 'ada', 2],
        ['channel_update', 'updated', 2],
        ['channel', 'ada', 2],
        ['channel_update', 'left', 1],
        ['channel', 'ada', 1],
      ],
    );
    const [joined, updated, left] = here.told('channel_update');
    assert.deepEqual([joined.reason, updated.member.metadata, left.reason], [null, { n: 2 }, 'timed_out']);
  });

  test('should show only a whole list, and what changed while it came', () => {
    const here = inRoom(member('old'));
    here.socket.say({ type: 'initial_channel', channel_id: 'room', members: [member('ada')], count: 3, first: true, more: true });
    here.socket.change('room', 'joined', member('zoe'), 4);
    assert.deepEqual(ids(here, 'room'), ['ada', 'old']);
    assert.deepEqual(here.events, []);
    here.socket.say({ type: 'initial_channel', channel_id: 'room', members: [member('bob'), member('eve')], count: 3 });
    assert.deepEqual(ids(here, 'room'), ['ada', 'bob', 'eve', 'zoe']);
    assert.equal(here.client.channel('room').count, 4);
    assert.deepEqual(here.told('channel_update').map(({ event }) => event), ['joined']);
  });

  test('should begin anew when a list begins anew halfway', () => {
    const here = inRoom();
    here.socket.say({ type: 'initial_channel', channel_id: 'room', members: [member('gone')], count: 2, first: true, more: true });
    here.socket.change('room', 'left', member('gone'), 1, { reason: 'left' });
    here.socket.list('room', [member('ada')], [member('bob')]);
    assert.deepEqual(ids(here, 'room'), ['ada', 'bob']);
    assert.equal(here.client.channel('room').count, 2);
  });

  test('should change and leave what it is there with', () => {
    const here = inRoom();
    here.client.updateChannel('room', { hand: 'up' });
    here.client.updateChannel('elsewhere', { hand: 'up' });
    here.client.joinChannel('room', { hidden: true });
    here.client.joinChannel('room', { metadata: null, hidden: false });
    here.client.leaveChannel('room');
    here.client.leaveChannel('room');
    assert.deepEqual(here.socket.take(), [
      { type: 'update_channel', channel_id: 'room', metadata: { hand: 'up' } },
      { type: 'join_channel', channel_id: 'room', metadata: { hand: 'up' }, hidden: true },
      { type: 'join_channel', channel_id: 'room', hidden: false },
      { type: 'update_channel', channel_id: 'room', metadata: null },
      { type: 'leave_channel', channel_id: 'room' },
    ]);
    assert.equal(here.client.channel('room'), undefined);
    here.socket.change('room', 'joined', member('bob'), 1);
    assert.deepEqual(here.events, []);
  });

  test('should take no change for that of a stay that ended', () => {
    const here = inRoom();
    here.client.leaveChannel('room');
    here.client.joinChannel('room');
    here.socket.change('room', 'joined', member('bob'), 2);
    here.socket.say({ type: 'initial_channel', channel_id: 'room', members: [member('bob')], count: 2 });
    assert.equal(here.client.channel('room'), undefined);
    here.socket.list('room', [member('ada')]);
    assert.deepEqual(ids(here, 'room'), ['ada']);
  });

  test('should end with disconnect, and only what is watched be kept', () => {
    const here = inRoom();
    here.client.watchChannel('hall');
    here.socket.list('hall', [member('bob')]);
    here.client.disconnect();
    assert.equal(here.socket.closed.code, 1000);
    assert.equal(here.client.channel('room'), undefined);
    assert.equal(here.client.channel('hall').stale, true);
    here.client.connect();
    here.socket.welcome();
    assert.deepEqual(here.socket.take(), [{ type: 'watch_channel', channel_id: 'hall' }]);
  });

  test('should refuse what cannot be', () => {
    const { client } = online();
    assert.throws(() => client.joinChannel('no spaces'), /channelId: /);
    assert.throws(() => client.joinChannel('room', { metadata: [1] }), /metadata: expected an object/);
    assert.throws(() => client.joinChannel('room', { metadata: { text: 'ö'.repeat(2_050) } }), /at most 4096 bytes/);
    assert.throws(() => client.joinChannel('room', { hidden: 1 }), /hidden: /);
    assert.throws(() => client.startViewing('x'.repeat(125)), /docId: /);
    assert.throws(() => client.updateCursor('plan', undefined), /cursor: /);
    assert.throws(() => client.updateCursor('plan', 'x'.repeat(1_023)), /at most 1024 bytes/);
  });

  test('should keep what is handed out, and what was handed in, from being changed', () => {
    const here = online();
    const metadata = { list: [1] };
    here.client.joinChannel('room', { metadata });
    metadata.list.push(2);
    here.socket.list('room', [member('ada', { list: [1] })]);
    assert.throws(() => here.client.channel('room').members.get('ada').metadata.list.push(3), TypeError);
    assert.equal(here.client.channel('room').members.set, undefined);
    reconnect(here);
    assert.deepEqual(here.socket.take('join_channel')[0].metadata, { list: [1] });
  });
});

describe('watching a channel', () => {
  test('should follow it without being in it', () => {
    const here = online();
    here.client.watchChannel('room');
    here.client.watchChannel('room');
    assert.deepEqual(here.socket.take(), [{ type: 'watch_channel', channel_id: 'room' }]);
    here.socket.list('room', [member('bob')]);
    here.client.unwatchChannel('room');
    here.client.unwatchChannel('room');
    assert.deepEqual(here.socket.take(), [{ type: 'unwatch_channel', channel_id: 'room' }]);
    assert.equal(here.client.channel('room'), undefined);
  });

  test('should go on when it is left, and being in it when it is no longer watched', () => {
    const here = inRoom();
    here.client.watchChannel('room');
    here.client.leaveChannel('room');
    assert.deepEqual(ids(here, 'room'), ['ada']);
    here.client.joinChannel('room');
    here.client.unwatchChannel('room');
    here.socket.change('room', 'joined', member('bob'), 2);
    assert.deepEqual(ids(here, 'room'), ['ada', 'bob']);
    reconnect(here);
    assert.deepEqual(here.socket.take('watch_channel'), []);
    assert.deepEqual(here.socket.take('join_channel').length, 1);
  });
});

describe('a channel after a loss', () => {
  test('should be joined and watched again, and shown as stale until it is told', () => {
    const here = inRoom(member('bob'));
    here.client.updateChannel('room', { hand: 'up' });
    here.client.watchChannel('room');
    here.client.watchChannel('hall');
    here.events = [];
    here.socket.lose();
    assert.deepEqual(here.told('channel').map(({ channelId, stale }) => [channelId, stale]), [['room', true]]);
    assert.deepEqual(ids(here, 'room'), ['ada', 'bob']);
    here.clock.advance(250);
    here.socket.welcome();
    assert.deepEqual(here.socket.take().slice(1), [
      { type: 'watch_channel', channel_id: 'room' },
      { type: 'join_channel', channel_id: 'room', metadata: { hand: 'up' } },
      { type: 'watch_channel', channel_id: 'hall' },
    ]);
    here.socket.list('room', [member('ada', { hand: 'up' })]);
    assert.deepEqual(here.told('channel').map(({ count, stale }) => [count, stale]), [[1, false]]);
    assert.deepEqual(ids(here, 'room'), ['ada']);
  });

  test('should be joined when that was asked for without a connection, and not when it was taken back', () => {
    const here = inRoom();
    here.socket.lose();
    here.client.leaveChannel('room');
    here.client.joinChannel('hall');
    here.clock.advance(250);
    here.socket.welcome();
    assert.deepEqual(here.socket.take().slice(1), [{ type: 'join_channel', channel_id: 'hall' }]);
  });

  test('should not be taken from the pages of two connections', () => {
    const here = inRoom();
    here.socket.say({ type: 'initial_channel', channel_id: 'room', members: [member('gone')], count: 2, first: true, more: true });
    reconnect(here);
    here.socket.say({ type: 'initial_channel', channel_id: 'room', members: [member('bob')], count: 2 });
    assert.deepEqual(ids(here, 'room'), ['ada']);
    assert.equal(here.client.channel('room').stale, true);
    here.socket.list('room', [member('eve')]);
    assert.deepEqual(ids(here, 'room'), ['eve']);
  });

  test('should be stale after a gap until it is told anew, and follow what comes meanwhile', () => {
    const here = inRoom();
    here.socket.say({ type: 'resync' });
    assert.equal(here.client.channel('room').stale, true);
    here.socket.change('room', 'joined', member('bob'), 2);
    assert.deepEqual(ids(here, 'room'), ['ada', 'bob']);
    here.socket.list('room', [member('ada')], [member('eve')]);
    assert.equal(here.client.channel('room').stale, false);
    here.socket.take();
    here.clock.advance(10_000);
    assert.deepEqual(here.socket.take('watch_channel'), []);
  });

  test('should be asked for again when nothing tells it after a gap', () => {
    const here = inRoom();
    here.socket.say({ type: 'resync' });
    here.clock.advance(10_000);
    assert.deepEqual(here.socket.take().filter(({ channel_id: id }) => id === 'room'), [
      { type: 'watch_channel', channel_id: 'room' },
      { type: 'unwatch_channel', channel_id: 'room' },
    ]);
  });

  test('should be said again when the gateway had no time', () => {
    for (const of of ['join_channel', 'leave_channel', 'update_channel', 'watch_channel']) {
      const here = inRoom();
      here.client.joinChannel('left');
      here.client.leaveChannel('left');
      here.client.updateChannel('room', { hand: 'up' });
      here.client.watchChannel('hall');
      here.socket.take();
      here.socket.say({ type: 'error', code: 'rate_limited', message: 'not now', of, retry_after: 3 });
      assert.equal(here.told('onError')[0].code, 'rate_limited');
      here.clock.advance(2_999);
      assert.deepEqual(here.socket.take(), []);
      here.clock.advance(1);
      assert.deepEqual(here.socket.take(), [
        { type: 'leave_channel', channel_id: 'left' },
        { type: 'join_channel', channel_id: 'room', metadata: { hand: 'up' } },
        { type: 'watch_channel', channel_id: 'hall' },
      ]);
    }
  });

  test('should go on over a new socket when a token ends, with no moment of being stale', async () => {
    const here = world({ token: () => jwt((here.clock.time - START) / 1000 + 20) });
    here.client.joinChannel('room');
    here.client.connect();
    await settle();
    here.socket.welcome();
    const first = here.socket;
    first.list('room', [member('ada')]);
    here.events = [];
    here.clock.advance(17_500);
    await settle();
    assert.notEqual(here.socket, first);
    here.socket.welcome();
    assert.deepEqual(here.socket.take('join_channel').length, 1);
    first.change('room', 'joined', member('bob'), 2);
    assert.deepEqual(ids(here, 'room'), ['ada', 'bob']);
    assert.equal(first.closed, null);
    here.client.updateChannel('room', { n: 1 });
    here.socket.list('room', [member('ada'), member('bob')]);
    here.socket.answer();
    assert.equal(first.closed.code, 4000);
    assert.ok(here.told('channel').every(({ stale }) => !stale));
  });
});

describe('a document', () => {
  test('should be viewed and edited in one stay', () => {
    const here = online();
    here.client.startViewing('plan');
    here.client.startEditing('plan', { x: 1 });
    here.client.stopViewing('plan');
    assert.deepEqual(here.socket.take(), [
      { type: 'start_viewing', doc_id: 'plan' },
      { type: 'start_editing', doc_id: 'plan', cursor: { x: 1 } },
      { type: 'leave_channel', channel_id: 'doc:plan' },
    ]);
  });

  test('should show where the others are until they leave', () => {
    const here = editing();
    here.socket.cursor('plan', 'bob', { x: 1 });
    here.socket.cursor('plan', 'bob', { x: 2 });
    assert.deepEqual(here.told('cursor'), [
      { docId: 'plan', userId: 'bob', cursor: { x: 1 } },
      { docId: 'plan', userId: 'bob', cursor: { x: 2 } },
    ]);
    const { cursors } = here.client.channel('doc:plan');
    assert.deepEqual([...cursors], [['bob', { x: 2 }]]);
    here.socket.change('doc:plan', 'updated', member('bob', { mode: 'editing' }), 2);
    assert.equal(cursors.size, 1);
    here.socket.change('doc:plan', 'left', member('bob', { mode: 'editing' }), 1, { reason: 'left' });
    assert.equal(cursors.size, 0);
    here.socket.change('doc:plan', 'joined', member('bob'), 2);
    assert.equal(cursors.size, 0);
  });

  test('should show a cursor that was quicker than its member with the member', () => {
    const here = editing();
    here.socket.cursor('plan', 'eve', 7);
    assert.deepEqual(here.events, []);
    here.socket.change('doc:plan', 'joined', member('eve'), 3);
    assert.deepEqual(here.events.map(([name]) => name), ['channel_update', 'channel', 'cursor']);
    assert.equal(here.client.channel('doc:plan').cursors.get('eve'), 7);
  });

  test('should keep no cursor of one who left or joined anew while nothing was told', () => {
    const here = editing();
    here.socket.change('doc:plan', 'joined', member('eve'), 3);
    here.socket.change('doc:plan', 'joined', member('joe'), 4);
    for (const id of ['bob', 'eve', 'joe']) {
      here.socket.cursor('plan', id, 1);
    }
    reconnect(here);
    here.socket.list('doc:plan', [member('bob'), member('eve', null, { joined_at: START / 1000 + 1 })]);
    assert.deepEqual([...here.client.channel('doc:plan').cursors.keys()], ['bob']);
  });

  test('should say one cursor in 40 ms, the newest, and always the last', () => {
    const here = editing();
    for (let x = 0; x < 100; x++) {
      here.client.updateCursor('plan', { x });
      here.clock.advance(10);
    }
    const said = here.socket.take('update_cursor');
    assert.equal(said.length, 26);
    assert.deepEqual(said[0], { type: 'update_cursor', doc_id: 'plan', cursor: { x: 0 } });
    assert.deepEqual(said.map(({ cursor }) => cursor.x).slice(1, 4), [3, 7, 11]);
    assert.deepEqual(said.at(-1).cursor, { x: 99 });
    here.clock.advance(1_000);
    assert.deepEqual(here.socket.take('update_cursor'), []);
  });

  test('should say no cursor when not there, nor one that waited when it was left', () => {
    const here = editing();
    here.client.updateCursor('elsewhere', 1);
    here.client.updateCursor('plan', 1);
    here.client.updateCursor('plan', 2);
    here.client.stopViewing('plan');
    here.client.updateCursor('plan', 3);
    here.clock.advance(100);
    assert.deepEqual(here.socket.take(), [
      { type: 'update_cursor', doc_id: 'plan', cursor: 1 },
      { type: 'leave_channel', channel_id: 'doc:plan' },
    ]);
  });

  test('should go on when the clock is set back', () => {
    const here = editing();
    here.client.updateCursor('plan', 1);
    here.clock.sleep(-3_600_000);
    here.client.updateCursor('plan', 2);
    assert.deepEqual(here.socket.take('update_cursor').map(({ cursor }) => cursor), [1, 2]);
  });

  test('should be gone on with after a loss, in its mode and with the last cursor', () => {
    const here = editing();
    here.client.updateCursor('plan', 1);
    here.socket.lose();
    here.client.updateCursor('plan', 2);
    here.client.updateCursor('plan', 3);
    here.clock.advance(250);
    here.socket.welcome();
    here.clock.advance(100);
    assert.deepEqual(here.socket.take().slice(1), [
      { type: 'join_channel', channel_id: 'doc:plan', metadata: { mode: 'editing' } },
    ]);
    here.socket.list('doc:plan', [member('ada', { mode: 'editing' })]);
    assert.deepEqual(here.socket.take(), [{ type: 'update_cursor', doc_id: 'plan', cursor: 3 }]);
    here.clock.advance(100);
    assert.deepEqual(here.socket.take(), []);
  });

  test('should hold its cursor back while it may not be there yet', () => {
    const here = editing();
    here.socket.say({ type: 'error', code: 'not_a_member', message: 'no', of: 'update_cursor' });
    here.client.updateCursor('plan', 1);
    here.client.updateCursor('plan', 2);
    assert.deepEqual(here.socket.take(), []);
    here.socket.say({ type: 'error', code: 'rate_limited', message: 'no', of: 'start_editing', retry_after: 60 });
    here.clock.advance(2_000);
    assert.deepEqual(here.socket.take(), [
      { type: 'join_channel', channel_id: 'doc:plan', metadata: { mode: 'editing' } },
      { type: 'update_cursor', doc_id: 'plan', cursor: 2 },
    ]);
  });
});
