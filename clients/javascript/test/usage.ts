/** Every part of the client as a page in TypeScript would use it. It is compiled, not run. */
import {
  PresenceClient,
  type ChannelPicture,
  type ChannelUpdate,
  type ConnectionChange,
  type CursorMove,
  type Member,
  type OwnStatus,
  type Presence,
  type PresenceError,
  type Welcome,
} from 'presence-client';

const client = new PresenceClient('/presence', 'ada', 'web', {
  token: async () => 'token',
  WebSocket: globalThis.WebSocket,
  awayAfter: 300,
  hiddenAwayAfter: 60,
});
new PresenceClient(new URL('wss://presence.test/presence'), null, null, { token: 'token' });
new PresenceClient('/presence', 'ada');

const off: () => void = client.on('onPresenceChange', (presence: Presence, previous) => {
  const text: string = presence.custom_status ?? presence.activity ?? presence.status;
  const was: 'online' | 'away' | 'busy' | 'offline' | undefined = previous?.status;
  console.log(presence.user_id, text, was, presence.devices['web'], presence.known, presence.last_seen?.toFixed());
  // @ts-expect-error presences are read-only
  presence.status = 'busy';
});
client.on('onStatusChange', (status: OwnStatus, { previous, by }) => console.log(status, previous, by === 'idle'));
client.on('onConnectionChange', ({ state, reason, code, retryAt }: ConnectionChange) => {
  console.log(state === 'reconnecting' && retryAt !== null ? new Date(retryAt) : reason, code);
});
client.on('onStaleChange', (stale: boolean) => stale);
client.on('onResync', () => {});
client.on('onError', ({ code, message, of, retryAfter, userIds }: PresenceError) => [code, message, of, retryAfter, userIds]);
client.on('onWelcome', ({ sessionId, serverTime, heartbeatInterval, awayAfter }: Welcome) => [
  sessionId,
  serverTime,
  heartbeatInterval + awayAfter,
]);
client.on('channel', ({ channelId, members, cursors, count, stale }: ChannelPicture) => {
  for (const [id, member] of members) {
    console.log(channelId, id, member.metadata?.['mode'], cursors.get(id)?.x, count, stale);
  }
  // @ts-expect-error the members are read-only
  members.clear();
});
client.on('channel_update', ({ channelId, event, member, reason, count }: ChannelUpdate) => {
  const who: Member = member;
  console.log(channelId, event === 'left' ? reason : who.last_seen, who.joined_at.toFixed(), count);
});
client.on('cursor', ({ docId, userId, cursor }: CursorMove) => console.log(docId, userId, cursor));
// @ts-expect-error there is no such event
client.on('onLunch', () => {});

client.connect();
client.setOnline();
client.setOnline('shipping');
client.setStatus('busy');
client.setStatus('busy', 'shipping', 'in_call', { expiresIn: 600, customStatusExpiresIn: null });
// @ts-expect-error there is no such status
client.setStatus('lunch');
client.subscribeToUsers(['bob', 'eve']);
client.subscribeToUsers(new Set(['bob']));
client.unsubscribeFromUsers('bob');

client.joinChannel('room-1');
client.joinChannel('room-1', { metadata: { name: 'Ada' }, hidden: true });
// @ts-expect-error metadata is an object
client.joinChannel('room-1', { metadata: 'Ada' });
client.updateChannel('room-1', { hand: 'up' });
client.updateChannel('room-1', null);
client.leaveChannel('room-1');
client.watchChannel('room-2');
client.unwatchChannel('room-2');
client.startViewing('plan');
client.startEditing('plan', { line: 3 });
client.updateCursor('plan', [12, 4]);
client.stopViewing('plan');
const count: number | undefined = client.channel('room-1')?.count;
console.log(count);

const bob: Presence | undefined = client.presences.get('bob');
for (const [id, presence] of client.presences) {
  console.log(id, presence.status, bob?.version, client.isStale(id));
}
// @ts-expect-error the map is read-only
client.presences.clear();
const all: (string | null | boolean | number | string[])[] = [
  client.userId,
  client.device,
  client.sessionId,
  client.connection.state,
  client.status,
  client.stale,
  client.subscriptions,
];
console.log(all);
off();
client.off('onResync', () => {});
client.disconnect();
