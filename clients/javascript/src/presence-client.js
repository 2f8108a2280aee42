/**
 * The browser client of Presence: one file, no dependencies. See README.md for what it does on its own.
 *
 * Inside: all that is due has a name and a time in one table, and one timer waits for the earliest. So a timer that
 * comes late (a tab in the background, a laptop that slept) only means that everything overdue is looked at now.
 */

const IDS_PER_MESSAGE = 1000;
const MAX_SUBSCRIPTIONS = 5000;
const ID = /^[A-Za-z0-9._:@-]{1,128}$/;
const MAX_DEVICE = 64;
const MAX_CUSTOM_STATUS = 140;
const ACTIVITY = /^[A-Za-z0-9._:-]{1,64}$/;
const MAX_METADATA = 4096;
const MAX_CURSOR = 1024;
/** How the id of a channel begins that is a document. */
const DOCUMENT = 'doc:';
const STATUSES = ['online', 'away', 'busy', 'invisible', 'offline'];
const EVENTS = [
  'onPresenceChange',
  'onStatusChange',
  'onConnectionChange',
  'onStaleChange',
  'onResync',
  'onError',
  'onWelcome',
  'channel',
  'channel_update',
  'cursor',
];

const BACKOFF_BASE = 500;
const BACKOFF_CAP = 30_000;
/** A connection must hold for so long before the backoff begins anew. */
const STABLE_AFTER = 10_000;
const TOKEN_TIMEOUT = 30_000;
const WELCOME_TIMEOUT = 15_000;
const ANSWER_TIMEOUT = 10_000;
/** After a sleep or a change of network the socket is more likely dead than not. */
const ANSWER_TIMEOUT_AFTER_WAKE = 4_000;
/** In heartbeat intervals: a socket that was silent for so long is asked whether it is still there. */
const SILENT_INTERVALS = 2.5;
const HANDOVER_TIMEOUT = 10_000;
const ACTIVITY_THROTTLE = 1_000;
/** A visible tab's timers are in time; a hidden one's may be a minute late without any sleep. */
const LATE_WHEN_VISIBLE = 10_000;
const LATE_WHEN_HIDDEN = 90_000;
const LONGEST_TIMER = 60_000;
/** A document's cursor is said so often at most. */
const CURSOR_EVERY = 40;
/** Without an error for so long, what was said of a channel was taken. */
const CHANNEL_SETTLED = 10_000;
const MAX_EARLY_CURSORS = 1_000;
const CHANNEL_MESSAGES = [
  'join_channel',
  'leave_channel',
  'update_channel',
  'watch_channel',
  'start_viewing',
  'start_editing',
  'update_cursor',
];
/** Status messages this recent are sent again if the gateway could not take them. */
const STATUS_RETRY_WITHIN = 60_000;

const GOODBYE = 1000;
const RECONNECTING = 4000;
const UNAUTHORIZED = 4401;
const FORBIDDEN = 4403;

const ACTIVITY_EVENTS = [
  'mousemove',
  'mousedown',
  'pointermove',
  'pointerdown',
  'keydown',
  'wheel',
  'scroll',
  'touchstart',
  'touchmove',
];

/** A map that can be read only. */
class MapView {
  #map;

  constructor(map) {
    this.#map = map;
  }

  get size() {
    return this.#map.size;
  }

  get(key) {
    return this.#map.get(key);
  }

  has(key) {
    return this.#map.has(key);
  }

  keys() {
    return this.#map.keys();
  }

  values() {
    return this.#map.values();
  }

  entries() {
    return this.#map.entries();
  }

  forEach(callback, thisArg) {
    this.#map.forEach((value, key) => callback.call(thisArg, value, key, this));
  }

  [Symbol.iterator]() {
    return this.#map.entries();
  }
}

/** A channel that this client is in, or watches, and what it knows of it. */
class Channel {
  id;
  joined = false;
  watched = false;
  /** What this client is there with: undefined is whatever the gateway has. */
  metadata;
  hidden;
  members = new Map();
  cursors = new Map();
  /** Cursors of those of whom it is not told yet that they are here. */
  early = new Map();
  /** Null until it was told once. */
  count = null;
  /** The link that told all of it, and whose changes belong to it; null if none does any more. */
  toldBy = null;
  /** Whether what is known may be taken as so. */
  fresh = false;
  /** A list that comes in pages, and what changes meanwhile; null when none does. */
  incoming = null;
  /** When it was last said that this client is there, and how. */
  saidAt = -Infinity;
  /** Whether that has to be said again. */
  again = false;
  /** The own cursor, boxed; null while there is none. */
  cursor = null;
  cursorDue = false;
  cursorAt = -Infinity;
  picture;
  #membersView = new MapView(this.members);
  #cursorsView = new MapView(this.cursors);

  constructor(id) {
    this.id = id;
  }

  /** Makes the picture that is handed out say what is so. */
  draw() {
    this.picture = Object.freeze({
      channelId: this.id,
      members: this.#membersView,
      cursors: this.#cursorsView,
      count: this.count,
      stale: !this.fresh,
    });
  }
}

/** One socket, and what was said over it. */
class Link {
  socket;
  tokenExpiry;
  heard = 0;
  /** Whether the gateway has a session for this socket. */
  open = false;
  /** Whether that session declared itself away: then `online` takes only that back. */
  declaredAway = false;
  /** Ids whose presence this link has not told yet, or not since it was asked to forget. */
  pending = new Set();
  toAsk = new Set();
  /** The one `subscribe` that is not answered yet. One at a time: answers do not say what they answer. */
  asked = null;
  probe = false;
  /** The channels that were left of late, and when; and those of which that has to be said again. */
  left = new Map();
  leaveAgain = new Set();

  constructor(socket, tokenExpiry) {
    this.socket = socket;
    this.tokenExpiry = tokenExpiry;
  }

  send(message) {
    if (this.socket.readyState === 1) {
      this.socket.send(JSON.stringify(message));
    }
  }

  /** Closes without waiting for the other side, which may be long gone; no event of this socket is heard after. */
  close(code, reason) {
    const socket = this.socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.onerror = () => {};
    try {
      socket.close(code, reason);
    } catch {
      // It was closed already.
    }
  }
}

export class PresenceClient {
  #url;
  #userId;
  #device;
  #tokenSource;
  #WebSocket;
  #awayAfterOption;
  #hiddenAwayAfter;
  #window;
  #document;
  #clock;
  #random;

  #listeners = new Map(EVENTS.map((name) => [name, new Set()]));
  #domListeners = [];
  #deadlines = new Map();
  #timer = null;
  #timerDue = 0;
  #lastNow = 0;

  #running = false;
  #suspended = false;
  /** The link that is welcomed and in use, the one being opened, and one that is being replaced. */
  #link = null;
  #candidate = null;
  #retired = null;
  #dialling = null;
  #attempts = 0;
  #token = null;
  #connection = Object.freeze({ state: 'disconnected', reason: 'not connected yet', code: null, retryAt: null });

  #sessionId = null;
  #heartbeatInterval = 15_000;
  #serverAwayAfter = 300_000;
  #clockOffset = 0;

  #subscribed = new Set();
  #presences = new Map();
  #presencesView = new MapView(this.#presences);
  #stale = true;

  /** Whether this client means to be online (a session is wanted), and not only to watch. */
  #present = false;
  #claim = null;
  /** `idle` if this client declared its session away, `chosen` if its user did. */
  #away = null;
  #status = 'offline';
  /** What setStatus was last told, until it is known that the gateway has it. */
  #wish = null;
  /** The custom status given to setOnline, until it is known that the gateway has it. */
  #onlineText = null;
  #lastActivity = 0;
  #activeSinceHeartbeat = false;
  #hiddenSince = 0;
  #pointerAt = '';
  #channels = new Map();

  constructor(wsUrl, userId, device, options = {}) {
    const environment = options.environment ?? {};
    this.#window = environment.window ?? globalThis.window ?? null;
    this.#document = environment.document ?? globalThis.document ?? null;
    this.#clock = {
      now: environment.now ?? (() => Date.now()),
      setTimeout: environment.setTimeout ?? ((callback, delay) => globalThis.setTimeout(callback, delay)),
      clearTimeout: environment.clearTimeout ?? ((timer) => globalThis.clearTimeout(timer)),
    };
    this.#random = environment.random ?? Math.random;

    const url = new URL(wsUrl, this.#window?.location?.href);
    url.protocol = { 'http:': 'ws:', 'https:': 'wss:' }[url.protocol] ?? url.protocol;
    if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
      throw new TypeError(`wsUrl: expected a ws or wss address, not ${wsUrl}`);
    }
    url.hash = '';
    this.#url = url;
    this.#userId = userId ?? null;
    if (this.#userId !== null) {
      checkId('userId', this.#userId);
    }
    this.#device = device ?? 'web';
    checkText('device', this.#device, MAX_DEVICE);
    if (this.#device === '') {
      throw new TypeError('device: expected a text such as "web"');
    }
    this.#tokenSource = options.token ?? null;
    if (this.#tokenSource !== null && !['string', 'function'].includes(typeof this.#tokenSource)) {
      throw new TypeError('options.token: expected a string or a function');
    }
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (typeof this.#WebSocket !== 'function') {
      throw new TypeError('options.WebSocket: there is no global WebSocket here, so one must be given');
    }
    this.#awayAfterOption = seconds('options.awayAfter', options.awayAfter ?? null);
    this.#hiddenAwayAfter = seconds('options.hiddenAwayAfter', options.hiddenAwayAfter ?? 60);
  }

  get userId() {
    return this.#userId;
  }

  get device() {
    return this.#device;
  }

  get sessionId() {
    return this.#sessionId;
  }

  get connection() {
    return this.#connection;
  }

  get status() {
    return this.#status;
  }

  get presences() {
    return this.#presencesView;
  }

  get stale() {
    return this.#stale;
  }

  get subscriptions() {
    return [...this.#subscribed];
  }

  isStale(userId) {
    return this.#link === null || this.#link.pending.has(userId) || !this.#subscribed.has(userId);
  }

  on(name, listener) {
    this.#listenersOf(name).add(listener);
    return () => this.off(name, listener);
  }

  off(name, listener) {
    this.#listenersOf(name).delete(listener);
  }

  connect() {
    if (this.#running) {
      if (this.#deadlines.has('retry')) {
        this.#open();
      }
      return;
    }
    this.#running = true;
    this.#attempts = 0;
    this.#lastNow = this.#clock.now();
    this.#lastActivity = this.#lastNow;
    this.#hiddenSince = this.#lastNow;
    this.#listen();
    this.#open();
  }

  disconnect() {
    if (!this.#running) {
      return;
    }
    if (this.#present && this.#link?.open) {
      this.#link.send({ type: 'set_offline' });
    }
    this.#present = false;
    this.#claim = null;
    this.#away = null;
    this.#wish = null;
    this.#onlineText = null;
    for (const channel of [...this.#channels.values()]) {
      this.#outside(channel);
    }
    this.#stop(GOODBYE, 'disconnect', null);
    this.#tellStatus('user');
  }

  setOnline(customStatus = null) {
    checkText('customStatus', customStatus, MAX_CUSTOM_STATUS);
    this.#present = true;
    this.#away = null;
    this.#lastActivity = this.#clock.now();
    if (customStatus !== null) {
      this.#onlineText = { text: customStatus };
    }
    if (this.#wish?.status === 'away') {
      this.#wish = this.#wish.confirmed ? null : { ...this.#wish, status: 'online' };
    }
    if (this.#link !== null) {
      this.#sendOnline(this.#link);
      this.#ask();
    }
    this.#planIdle();
    this.#tellStatus('user');
  }

  setStatus(status, customStatus = null, activity = null, options = {}) {
    if (!STATUSES.includes(status)) {
      throw new TypeError(`status: expected one of ${STATUSES.join(', ')}, not ${status}`);
    }
    checkText('customStatus', customStatus, MAX_CUSTOM_STATUS);
    if (activity !== null && activity !== '' && !(typeof activity === 'string' && ACTIVITY.test(activity))) {
      throw new TypeError(`activity: expected null or 1 to 64 characters of A-Z a-z 0-9 . _ : -, not ${activity}`);
    }
    const now = this.#clock.now();
    this.#wish = {
      status: status === 'offline' ? 'invisible' : status,
      customStatus,
      activity,
      expiresIn: seconds('expiresIn', options?.expiresIn ?? null),
      customStatusExpiresIn: seconds('customStatusExpiresIn', options?.customStatusExpiresIn ?? null),
      at: now,
      confirmed: false,
    };
    if (customStatus !== null) {
      this.#onlineText = null;
    }
    this.#cancel('claim');
    if (status === 'online' || status === 'away') {
      this.#present = true;
      this.#claim = null;
      this.#away = status === 'away' ? 'chosen' : null;
      this.#lastActivity = now;
    } else {
      this.#claim = this.#wish.status;
      if (this.#wish.expiresIn !== null) {
        this.#plan('claim', now + this.#wish.expiresIn, () => {
          this.#claim = null;
          this.#tellStatus('expired');
        });
      }
    }
    if (this.#link !== null) {
      if (this.#present && !this.#link.open) {
        this.#openSession(this.#link);
      } else {
        this.#sendWish(this.#link);
      }
      this.#ask();
    }
    this.#planIdle();
    this.#tellStatus('user');
  }

  subscribeToUsers(userIds) {
    const ids = checkIds(userIds).filter((id) => !this.#subscribed.has(id));
    if (this.#subscribed.size + ids.length > MAX_SUBSCRIPTIONS) {
      throw new RangeError(`userIds: a client follows at most ${MAX_SUBSCRIPTIONS} users`);
    }
    for (const id of ids) {
      this.#subscribed.add(id);
      this.#link?.pending.add(id);
      this.#link?.toAsk.add(id);
    }
    const own = this.#userId;
    if (ids.length > 0 && this.#subscribed.size === MAX_SUBSCRIPTIONS && own !== null && !this.#subscribed.has(own)) {
      // The gateway may count it among those followed, for it is what was asked for a sign of life.
      this.#link?.send({ type: 'unsubscribe', user_ids: [own] });
    }
    this.#ask();
    this.#tellStale();
  }

  unsubscribeFromUsers(userIds) {
    const ids = checkIds(userIds).filter((id) => this.#subscribed.has(id));
    for (const id of ids) {
      this.#forget(id);
    }
    for (let from = 0; this.#link !== null && from < ids.length; from += IDS_PER_MESSAGE) {
      this.#link.send({ type: 'unsubscribe', user_ids: ids.slice(from, from + IDS_PER_MESSAGE) });
    }
    this.#tellStale();
  }

  joinChannel(channelId, options = {}) {
    const { metadata, hidden } = options ?? {};
    checkId('channelId', channelId);
    if (hidden !== undefined && typeof hidden !== 'boolean') {
      throw new TypeError('hidden: expected true or false');
    }
    const shown = metadata === undefined ? undefined : metadataOf(metadata);
    this.#join(channelId, shown, hidden, (channel) => this.#sayJoin(channel));
  }

  leaveChannel(channelId) {
    checkId('channelId', channelId);
    const channel = this.#channels.get(channelId);
    if (channel?.joined) {
      this.#outside(channel);
      if (this.#link !== null) {
        this.#sayLeave(this.#link, channelId);
      }
    }
  }

  updateChannel(channelId, metadata) {
    checkId('channelId', channelId);
    const shown = metadataOf(metadata);
    const channel = this.#channels.get(channelId);
    if (channel?.joined) {
      channel.metadata = shown;
      this.#said(channel);
      this.#link?.send({ type: 'update_channel', channel_id: channelId, metadata: shown });
    }
  }

  watchChannel(channelId) {
    checkId('channelId', channelId);
    const channel = this.#channelOf(channelId);
    if (!channel.watched) {
      channel.watched = true;
      this.#link?.send({ type: 'watch_channel', channel_id: channelId });
    }
  }

  unwatchChannel(channelId) {
    checkId('channelId', channelId);
    const channel = this.#channels.get(channelId);
    if (channel?.watched) {
      channel.watched = false;
      this.#dropUnlessFollowed(channel);
      this.#link?.send({ type: 'unwatch_channel', channel_id: channelId });
    }
  }

  startViewing(docId, cursor = null) {
    this.#openDocument(docId, 'viewing', cursor);
  }

  startEditing(docId, cursor = null) {
    this.#openDocument(docId, 'editing', cursor);
  }

  stopViewing(docId) {
    this.leaveChannel(documentChannel(docId));
  }

  updateCursor(docId, cursor) {
    const channelId = documentChannel(docId);
    const moved = { value: cursorOf(cursor) };
    const channel = this.#channels.get(channelId);
    if (channel?.joined) {
      channel.cursor = moved;
      channel.cursorDue = true;
      this.#sayCursor(channel);
    }
  }

  channel(channelId) {
    return this.#channels.get(channelId)?.picture;
  }

  // --- Events

  #listenersOf(name) {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) {
      throw new TypeError(`there is no event ${name}; there are ${EVENTS.join(', ')}`);
    }
    return listeners;
  }

  #emit(name, ...args) {
    for (const listener of [...this.#listeners.get(name)]) {
      try {
        listener(...args);
      } catch (error) {
        // One listener's fault must stop neither the others nor the connection.
        (globalThis.reportError ?? console.error)(error);
      }
    }
  }

  #tellConnection(state, reason, code = null, retryAt = null) {
    this.#connection = Object.freeze({ state, reason, code, retryAt });
    this.#emit('onConnectionChange', this.#connection);
  }

  #tellStatus(by) {
    const status = this.#present ? (this.#claim ?? (this.#away === null ? 'online' : 'away')) : 'offline';
    if (status !== this.#status) {
      const previous = this.#status;
      this.#status = status;
      this.#emit('onStatusChange', status, { previous, by });
    }
  }

  #tellStale() {
    const stale = this.#link === null || this.#link.pending.size > 0;
    if (stale !== this.#stale) {
      this.#stale = stale;
      this.#emit('onStaleChange', stale);
    }
  }

  #tellError(code, message, more = {}) {
    this.#emit('onError', { code, message, of: null, retryAfter: null, userIds: null, ...more });
  }

  // --- Time

  #plan(name, at, run) {
    this.#deadlines.set(name, { at, run });
    this.#arm();
  }

  #cancel(name) {
    this.#deadlines.delete(name);
  }

  #arm() {
    if (!this.#running) {
      return;
    }
    let due = Infinity;
    for (const { at } of this.#deadlines.values()) {
      due = Math.min(due, at);
    }
    if (due === Infinity || (this.#timer !== null && this.#timerDue <= due)) {
      return;
    }
    this.#clock.clearTimeout(this.#timer);
    const now = this.#clock.now();
    const delay = Math.min(Math.max(due - now, 0), LONGEST_TIMER);
    this.#timerDue = now + delay;
    this.#timer = this.#clock.setTimeout(() => this.#tick(), Math.ceil(delay));
  }

  #tick() {
    this.#clock.clearTimeout(this.#timer);
    const hadTimer = this.#timer !== null;
    this.#timer = null;
    const now = this.#clock.now();
    const back = this.#lastNow - now;
    if (back > 1_000) {
      // The clock was set back: what was due in a second is not due in an hour.
      for (const deadline of this.#deadlines.values()) {
        deadline.at -= back;
      }
      this.#lastActivity -= back;
      this.#hiddenSince -= back;
      if (this.#link !== null) {
        this.#link.heard -= back;
      }
    } else if (hadTimer && now - this.#timerDue > (this.#hidden() ? LATE_WHEN_HIDDEN : LATE_WHEN_VISIBLE)) {
      this.#wake();
    }
    this.#lastNow = now;
    for (const [name, deadline] of [...this.#deadlines]) {
      if (this.#running && deadline.at <= now && this.#deadlines.get(name) === deadline) {
        this.#deadlines.delete(name);
        deadline.run();
      }
    }
    this.#arm();
  }

  /** Spreads a time over its upper half. */
  #jitter(time) {
    return time * (0.5 + this.#random() / 2);
  }

  #backoff() {
    const cap = Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** Math.min(this.#attempts, 16));
    this.#attempts++;
    return this.#random() * cap;
  }

  // --- Connecting

  /** Opens a link: the first, one after a loss, or one to take over from the link in use. */
  #open() {
    this.#cancel('retry');
    this.#cancel('refresh');
    this.#candidate?.close(RECONNECTING, 'reconnecting');
    this.#candidate = null;
    const dialling = (this.#dialling = {});
    if (this.#link === null) {
      const first = this.#connection.state === 'disconnected';
      this.#tellConnection(first ? 'connecting' : 'reconnecting', first ? 'connect' : this.#connection.reason);
      if (this.#dialling !== dialling) {
        return;
      }
    }
    if (typeof this.#tokenSource !== 'function') {
      this.#dial(this.#tokenSource === null ? null : tokenOf(this.#tokenSource, this.#clock.now()));
      return;
    }
    if (this.#token !== null && this.#usable(this.#token)) {
      this.#dial(this.#token);
      return;
    }
    this.#plan('dial', this.#clock.now() + TOKEN_TIMEOUT, () =>
      this.#tokenFailed('the token function gave nothing in time'),
    );
    Promise.resolve()
      .then(() => this.#tokenSource())
      .then((value) => {
        if (typeof value !== 'string' || value === '') {
          throw new TypeError('the token function gave no text');
        }
        return value;
      })
      .then(
        (value) => {
          if (this.#dialling === dialling) {
            this.#tokenGiven(tokenOf(value, this.#clock.now()));
          }
        },
        (error) => {
          if (this.#dialling === dialling) {
            this.#tokenFailed(error?.message ?? String(error));
          }
        },
      );
  }

  #tokenGiven(token) {
    if (this.#link !== null && token.expiry !== null && token.expiry <= (this.#link.tokenExpiry ?? 0)) {
      this.#tokenFailed('the token function gave a token that expires no later than the last');
      return;
    }
    this.#token = token;
    this.#dial(token);
  }

  #tokenFailed(message) {
    this.#dialling = null;
    this.#cancel('dial');
    this.#tellError('token_failed', message);
    if (this.#running) {
      this.#again(`no token: ${message}`, null, null);
    }
  }

  /** A token that ends in a moment is not worth a connection. */
  #usable(token) {
    const left = this.#localExpiry(token) - this.#clock.now();
    return left > Math.min(10_000, token.lifetime / 10);
  }

  #localExpiry(token) {
    return token.expiry === null ? Infinity : token.expiry - this.#clockOffset;
  }

  #dial(token) {
    this.#dialling = null;
    this.#cancel('dial');
    const url = new URL(this.#url);
    if (token !== null) {
      url.searchParams.set('access_token', token.value);
      this.#userId ??= token.subject;
    } else if (this.#userId !== null) {
      url.searchParams.set('user_id', this.#userId);
    }
    let socket;
    try {
      socket = new this.#WebSocket(url.href);
    } catch (error) {
      // The address or the page's rules are wrong, and stay so.
      this.#stop(RECONNECTING, `could not open a socket: ${error.message}`, null);
      return;
    }
    const link = new Link(socket, token?.expiry ?? null);
    this.#candidate = link;
    socket.onmessage = (event) => this.#receive(link, event.data);
    socket.onclose = (event) => this.#lost(link, event.code, event.reason);
    socket.onerror = () => {};
    this.#plan('welcome', this.#clock.now() + WELCOME_TIMEOUT, () => this.#lost(link, null, 'no welcome in time'));
  }

  /** A link is gone: closed by the other side with a code, or given up by this one with none. */
  #lost(link, code, reason) {
    link.close(RECONNECTING, 'reconnecting');
    if (link === this.#retired) {
      this.#retire();
      return;
    }
    if (link !== this.#link && link !== this.#candidate) {
      return;
    }
    const why = reason || (code === null || code === 1006 ? 'connection lost' : `closed with ${code}`);
    if (link === this.#candidate) {
      this.#candidate = null;
      this.#cancel('welcome');
    } else {
      this.#link = null;
      this.#sessionId = null;
      this.#retired?.close(RECONNECTING, 'reconnecting');
      this.#retired = null;
      for (const name of ['heartbeat', 'stable', 'answer', 'ask', 'leftover', 'silent', 'resend', 'refresh', 'handover', 'rejoin', 'retell']) {
        this.#cancel(name);
      }
      for (const channel of this.#channels.values()) {
        this.#cancel(`cursor ${channel.id}`);
      }
    }
    if (code === FORBIDDEN) {
      this.#stop(RECONNECTING, `not allowed: ${why}`, code);
      return;
    }
    if (code === UNAUTHORIZED) {
      this.#token = null;
      if (typeof this.#tokenSource !== 'function') {
        this.#stop(RECONNECTING, `not authorized: ${why}`, code);
        return;
      }
    }
    if (this.#link === null && (this.#candidate !== null || this.#dialling !== null)) {
      // A link that was to take over is on its way already.
      this.#tellConnection('reconnecting', why, code);
    } else {
      const hint = code === 1001 ? /retry_after=(\d+(?:\.\d+)?)/.exec(reason ?? '') : null;
      this.#again(why, code, hint === null ? null : Number(hint[1]) * 1000);
    }
    this.#channelsStale();
    this.#tellStale();
  }

  #again(reason, code, after) {
    const at = this.#clock.now() + (after ?? this.#backoff());
    if (this.#link !== null) {
      this.#plan('refresh', at + BACKOFF_BASE, () => this.#refresh());
      return;
    }
    this.#plan('retry', at, () => this.#open());
    this.#tellConnection('reconnecting', reason, code, at);
  }

  #stop(code, reason, closedWith) {
    this.#running = false;
    this.#suspended = false;
    this.#dialling = null;
    for (const link of [this.#candidate, this.#retired, this.#link]) {
      link?.close(code, reason);
    }
    this.#candidate = this.#retired = this.#link = null;
    this.#sessionId = null;
    this.#deadlines.clear();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    for (const [target, name, listener, options] of this.#domListeners) {
      target.removeEventListener(name, listener, options);
    }
    this.#domListeners = [];
    this.#tellConnection('disconnected', reason, closedWith);
    this.#channelsStale();
    this.#tellStale();
  }

  #refresh() {
    this.#token = null;
    this.#open();
  }

  // --- What the gateway says

  #receive(link, data) {
    link.heard = this.#clock.now();
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      this.#tellError('bad_message', 'the gateway sent what is no JSON');
      return;
    }
    switch (message?.type) {
      case 'welcome':
        this.#welcomed(link, message);
        break;
      case 'initial_presence':
        this.#initial(link, message);
        break;
      case 'presence_update':
        this.#update(link, message.presence);
        break;
      case 'initial_channel':
        this.#initialChannel(link, message);
        break;
      case 'channel_update':
        this.#channelUpdate(link, message);
        break;
      case 'cursor':
        this.#cursorMoved(link, message);
        break;
      case 'resync':
        this.#resync(link);
        break;
      case 'error':
        this.#refused(link, message);
        break;
      default:
      // A newer gateway may say more than this client knows.
    }
  }

  #welcomed(link, message) {
    if (link !== this.#candidate) {
      return;
    }
    const now = this.#clock.now();
    this.#candidate = null;
    this.#cancel('welcome');
    const replaced = this.#link;
    this.#link = link;
    this.#sessionId = message.session_id ?? null;
    this.#heartbeatInterval = positive(message.heartbeat_interval, 15) * 1000;
    this.#serverAwayAfter = positive(message.away_after, 300) * 1000;
    this.#clockOffset = typeof message.server_time === 'number' ? message.server_time * 1000 - now : 0;
    for (const name of ['answer', 'ask', 'leftover', 'resend', 'rejoin', 'retell']) {
      this.#cancel(name);
    }
    this.#plan('stable', now + STABLE_AFTER, () => {
      this.#attempts = 0;
    });
    this.#plan('heartbeat', now + this.#random() * this.#heartbeatInterval, () => this.#heartbeat());
    this.#planSilent();
    this.#planRefresh(link);
    this.#checkIdle();
    this.#openSession(link);
    for (const id of this.#subscribed) {
      link.pending.add(id);
      link.toAsk.add(id);
    }
    this.#enterChannels(link);
    if (replaced !== null) {
      this.#retired?.close(RECONNECTING, 'reconnecting');
      this.#retired = replaced;
      this.#plan('handover', now + HANDOVER_TIMEOUT, () => this.#retire());
    }
    this.#ask();
    this.#retireWhenDone();
    this.#emit('onWelcome', {
      sessionId: this.#sessionId,
      serverTime: message.server_time ?? null,
      heartbeatInterval: this.#heartbeatInterval / 1000,
      awayAfter: this.#serverAwayAfter / 1000,
    });
    if (this.#link === link) {
      if (replaced === null) {
        this.#tellConnection('connected', 'welcome');
      }
      this.#tellStale();
    }
  }

  /** The link that was replaced may go once the new one has told all that it told. */
  #retireWhenDone() {
    const told = [...this.#channels.values()].every(({ toldBy }) => toldBy === this.#link);
    if (this.#retired !== null && this.#link.asked === null && this.#link.toAsk.size === 0 && told) {
      this.#retire();
    }
  }

  #retire() {
    this.#cancel('handover');
    const link = this.#retired;
    this.#retired = null;
    link?.close(RECONNECTING, 'reconnecting');
    for (const channel of this.#channels.values()) {
      if (channel.toldBy !== this.#link) {
        channel.toldBy = null;
        this.#staleChannel(channel);
      }
    }
  }

  #planRefresh(link) {
    if (typeof this.#tokenSource !== 'function' || this.#token?.expiry == null || link.tokenExpiry === null) {
      return;
    }
    const lead = this.#jitter(Math.min(this.#token.lifetime / 5, 60_000));
    this.#plan('refresh', this.#localExpiry(this.#token) - lead, () => this.#refresh());
  }

  #initial(link, message) {
    if (link !== this.#link) {
      return;
    }
    const told = Object.entries(message.presences ?? {});
    const unavailable = Array.isArray(message.unavailable) ? message.unavailable : [];
    const absent = [];
    const { asked } = link;
    // It answers what was asked unless it names someone else: then it came unasked.
    if (asked !== null && told.every(([id]) => asked.ids.has(id)) && unavailable.every((id) => asked.ids.has(id))) {
      link.asked = null;
      this.#cancel('answer');
      if (asked.wish !== null) {
        asked.wish.confirmed = true;
      }
      if (asked.onlineText !== null && asked.onlineText === this.#onlineText) {
        this.#onlineText = null;
      }
      const named = new Set([...told.map(([id]) => id), ...unavailable]);
      for (const id of asked.ids) {
        if (!asked.overtaken && !named.has(id) && !link.toAsk.has(id)) {
          absent.push(id);
        }
      }
    }
    for (const id of unavailable) {
      if (this.#subscribed.has(id)) {
        link.pending.add(id);
      }
    }
    this.#ask();
    this.#planLeftover(30_000);
    this.#retireWhenDone();
    for (const [id, presence] of [...told, ...absent.map((id) => [id, null])]) {
      if (link !== this.#link) {
        // A listener ended it.
        return;
      }
      this.#show(link, id, presence);
    }
    this.#tellStale();
  }

  #update(link, presence) {
    const id = presence?.user_id;
    if (link === this.#link || (link === this.#retired && this.#link.pending.has(id))) {
      this.#show(link, id, presence);
      this.#tellStale();
    }
  }

  /** Takes over what a link says of someone; null is who is not known or hidden. */
  #show(link, id, presence) {
    if (!this.#subscribed.has(id)) {
      return;
    }
    if (link === this.#link && !link.toAsk.has(id)) {
      link.pending.delete(id);
    }
    const previous = this.#presences.get(id);
    if (presence === null && previous?.known === false) {
      return;
    }
    const shown = Object.freeze(
      presence === null
        ? {
            user_id: id,
            status: 'offline',
            last_seen: null,
            device: null,
            custom_status: null,
            activity: null,
            since: null,
            version: null,
            devices: Object.freeze({}),
            known: false,
          }
        : { ...presence, devices: Object.freeze({ ...presence.devices }), known: true },
    );
    this.#presences.set(id, shown);
    this.#emit('onPresenceChange', shown, previous);
  }

  #forget(id) {
    this.#subscribed.delete(id);
    this.#presences.delete(id);
    this.#link?.pending.delete(id);
    this.#link?.toAsk.delete(id);
  }

  #resync(link) {
    if (link !== this.#link) {
      return;
    }
    for (const id of this.#subscribed) {
      link.pending.add(id);
    }
    if (link.asked !== null) {
      // Whom its answer does not name may be named by what follows this.
      link.asked.overtaken = true;
    }
    this.#cancel('leftover');
    this.#planLeftover(10_000);
    if (this.#channels.size > 0) {
      // Those of which nothing was missed may not be told anew by themselves.
      this.#plan('retell', this.#clock.now() + this.#jitter(10_000), () => this.#sayChannelsAgain());
    }
    this.#emit('onResync');
    if (link === this.#link) {
      for (const channel of this.#channels.values()) {
        channel.incoming = null;
        this.#staleChannel(channel);
      }
    }
    this.#tellStale();
  }

  #refused(link, message) {
    if (link !== this.#link) {
      return;
    }
    const { code = 'unknown', of = null } = message;
    const retryAfter = typeof message.retry_after === 'number' ? message.retry_after : null;
    const later = code === 'rate_limited' || code === 'unavailable';
    const at = this.#clock.now() + (retryAfter === null ? this.#jitter(2_000) : retryAfter * 1000);
    let userIds = null;
    if (of === 'subscribe' && link.asked !== null) {
      const { ids } = link.asked;
      link.asked = null;
      this.#cancel('answer');
      if (later) {
        for (const id of ids) {
          if (this.#subscribed.has(id)) {
            link.toAsk.add(id);
          }
        }
        this.#plan('ask', at, () => this.#ask());
      } else {
        userIds = [...ids].filter((id) => this.#subscribed.has(id));
        userIds.forEach((id) => this.#forget(id));
        this.#ask();
      }
    } else if (later && of === 'set_online' && code === 'rate_limited') {
      this.#plan('resend', at, () => {
        this.#openSession(link);
        this.#ask();
      });
    } else if (later && of === 'set_status') {
      if (this.#wish !== null && this.#clock.now() - this.#wish.at < STATUS_RETRY_WITHIN) {
        this.#wish.confirmed = false;
      }
      if (this.#away !== null) {
        // It may be the away that was not taken; an online that takes nothing back would clear a claim.
        link.declaredAway = false;
      }
      this.#plan('resend', at, () => {
        this.#resendStatus(link);
        this.#ask();
      });
    } else if ((later || code === 'not_a_member') && CHANNEL_MESSAGES.includes(of)) {
      this.#rejoin(link, at);
    }
    this.#tellError(code, message.message ?? '', { of, retryAfter, userIds });
    this.#tellStale();
  }

  // --- Asking

  /** Sends the next `subscribe` if one is due; called once all else that is due was sent, for its answer confirms that. */
  #ask() {
    const link = this.#link;
    if (link === null || link.asked !== null || this.#deadlines.has('ask')) {
      return;
    }
    const ids = new Set();
    for (const id of link.toAsk) {
      if (ids.size === IDS_PER_MESSAGE) {
        break;
      }
      ids.add(id);
      link.toAsk.delete(id);
    }
    if (ids.size === 0 && link.probe) {
      const id = this.#probeId();
      if (id !== null) {
        ids.add(id);
      }
    }
    link.probe = false;
    if (ids.size === 0) {
      return;
    }
    const now = this.#clock.now();
    link.asked = { ids, at: now, wish: this.#wish, onlineText: this.#onlineText, overtaken: false };
    this.#plan('answer', now + ANSWER_TIMEOUT, () => this.#unanswered(link));
    link.send({ type: 'subscribe', user_ids: [...ids] });
  }

  #unanswered(link) {
    const { ids, at } = link.asked;
    if (link.heard <= at) {
      this.#lost(link, null, 'the connection went silent');
      return;
    }
    link.asked = null;
    for (const id of ids) {
      if (this.#subscribed.has(id)) {
        link.toAsk.add(id);
      }
    }
    link.probe = true;
    this.#ask();
  }

  /**
   * Asks for something that the gateway must answer, for a page cannot see pings. The answer also says that all that
   * was sent before it has arrived.
   */
  #probe() {
    if (this.#link !== null) {
      this.#link.probe = true;
      this.#ask();
    }
  }

  #probeId() {
    const own = this.#userId;
    if (own !== null && (this.#subscribed.has(own) || this.#subscribed.size < MAX_SUBSCRIPTIONS)) {
      return own;
    }
    return this.#subscribed.values().next().value ?? null;
  }

  /** Asks again for those whom no message has named: it may be that they are hidden now. */
  #planLeftover(within) {
    const { pending } = this.#link;
    if (pending.size > 0 && !this.#deadlines.has('leftover')) {
      this.#plan('leftover', this.#clock.now() + this.#jitter(within), () => {
        const link = this.#link;
        for (const id of link.pending) {
          if (!link.asked?.ids.has(id)) {
            link.toAsk.add(id);
          }
        }
        this.#ask();
      });
    }
  }

  #planSilent() {
    const at = this.#link.heard + SILENT_INTERVALS * this.#heartbeatInterval;
    this.#plan('silent', at, () => {
      if (this.#hidden()) {
        return;
      }
      if (this.#clock.now() - this.#link.heard < SILENT_INTERVALS * this.#heartbeatInterval) {
        this.#planSilent();
        return;
      }
      this.#probe();
      this.#plan('silent', this.#clock.now() + ANSWER_TIMEOUT, () => this.#planSilent());
    });
  }

  /** The machine slept, the network changed, or the page was away: is the socket still good? */
  #wake() {
    if (this.#suspended) {
      return;
    }
    if (this.#deadlines.has('retry')) {
      this.#open();
    } else if (this.#link !== null) {
      this.#probe();
      const link = this.#link;
      if (link.asked !== null) {
        link.asked.at = this.#clock.now();
        this.#plan('answer', link.asked.at + ANSWER_TIMEOUT_AFTER_WAKE, () => this.#unanswered(link));
      }
    }
  }

  // --- Being there

  #openSession(link) {
    if (this.#present) {
      if (this.#away === null) {
        this.#sendOnline(link);
      } else {
        // set_online would be a sign of activity, and show someone online for a moment who is not.
        link.send({ type: 'heartbeat', device: this.#device, active: false });
        link.open = true;
      }
    }
    this.#resendStatus(link);
  }

  #sendOnline(link) {
    const text = this.#onlineText?.text;
    link.send({ type: 'set_online', device: this.#device, ...(text === undefined ? {} : { custom_status: text }) });
    link.open = true;
    link.declaredAway = false;
    this.#activeSinceHeartbeat = false;
    link.probe ||= text !== undefined;
  }

  #resendStatus(link) {
    if (this.#wish !== null && !this.#wish.confirmed) {
      this.#sendWish(link);
    }
    if (this.#away !== null && link.open && !link.declaredAway) {
      this.#declareAway(link);
    }
  }

  #declareAway(link) {
    link.send({ type: 'set_status', status: 'away' });
    link.declaredAway = true;
  }

  #sendWish(link) {
    const wish = this.#wish;
    const waited = this.#clock.now() - wish.at;
    if (wish.expiresIn !== null && waited >= wish.expiresIn) {
      wish.confirmed = true;
      return;
    }
    const left = (time) => Math.max(time - waited, 1) / 1000;
    if (wish.status === 'away' || (wish.status === 'online' && link.declaredAway)) {
      if (wish.status === 'away' && link.declaredAway) {
        link.send({ type: 'set_status', status: 'online' });
      }
      // The first takes back what this session declared, the next clears the claim, which would hide an away.
      link.send({ type: 'set_status', status: 'online' });
    }
    link.send({
      type: 'set_status',
      status: wish.status,
      ...(wish.customStatus === null ? {} : { custom_status: wish.customStatus }),
      ...(wish.activity === null ? {} : { activity: wish.activity }),
      ...(wish.expiresIn === null ? {} : { expires_in: left(wish.expiresIn) }),
      ...(wish.customStatusExpiresIn === null ? {} : { custom_status_expires_in: left(wish.customStatusExpiresIn) }),
    });
    if (wish.status === 'online' || wish.status === 'away') {
      link.declaredAway = wish.status === 'away';
    }
    link.probe = true;
  }

  #heartbeat() {
    const now = this.#clock.now();
    const link = this.#link;
    if (this.#present && link.open) {
      const active = this.#away === null && this.#activeSinceHeartbeat;
      link.send({ type: 'heartbeat', device: this.#device, active });
      this.#activeSinceHeartbeat = false;
    }
    this.#plan('heartbeat', now + this.#heartbeatInterval * (0.8 + 0.4 * this.#random()), () => this.#heartbeat());
  }

  // --- Channels

  #channelOf(id) {
    let channel = this.#channels.get(id);
    if (channel === undefined) {
      channel = new Channel(id);
      this.#channels.set(id, channel);
    }
    return channel;
  }

  #join(channelId, metadata, hidden, say) {
    const channel = this.#channelOf(channelId);
    channel.joined = true;
    channel.metadata = metadata === undefined ? channel.metadata : metadata;
    channel.hidden = hidden ?? channel.hidden;
    if (this.#link !== null) {
      this.#link.left.delete(channelId);
      this.#link.leaveAgain.delete(channelId);
      say(channel);
    }
  }

  #openDocument(docId, mode, cursor) {
    const channelId = documentChannel(docId);
    const at = cursor === null ? null : { value: cursorOf(cursor) };
    const metadata = Object.freeze({ ...this.#channels.get(channelId)?.metadata, mode });
    this.#join(channelId, metadata, undefined, (channel) => {
      this.#said(channel);
      this.#link.send({
        type: `start_${mode}`,
        doc_id: docId,
        ...(at === null ? {} : { cursor: at.value }),
      });
    });
    if (at !== null) {
      const channel = this.#channels.get(channelId);
      channel.cursor = at;
      channel.cursorAt = this.#clock.now();
      channel.cursorDue = false;
      this.#cancel(`cursor ${channelId}`);
    }
  }

  #said(channel) {
    channel.saidAt = this.#clock.now();
    channel.again = false;
  }

  #sayJoin(channel) {
    const { id, metadata, hidden } = channel;
    this.#said(channel);
    this.#link.send({
      type: 'join_channel',
      channel_id: id,
      ...(metadata == null ? {} : { metadata }),
      ...(hidden === undefined ? {} : { hidden }),
    });
    if (metadata === null) {
      // A join without any leaves what was there.
      this.#link.send({ type: 'update_channel', channel_id: id, metadata });
    }
  }

  #sayLeave(link, channelId) {
    const now = this.#clock.now();
    for (const [id, at] of link.left) {
      if (now - at > CHANNEL_SETTLED) {
        link.left.delete(id);
      }
    }
    link.left.set(channelId, now);
    for (const each of [link, this.#retired]) {
      each?.send({ type: 'leave_channel', channel_id: channelId });
    }
  }

  /** The own cursor, now or as soon as it may be said again: of several, the newest. */
  #sayCursor(channel) {
    const name = `cursor ${channel.id}`;
    // Before the list came, or while a join waits to be said again, it would be refused: it is said after.
    const there = this.#link !== null && channel.toldBy === this.#link && !this.#deadlines.has('rejoin');
    if (!there || !channel.cursorDue || this.#deadlines.has(name)) {
      return;
    }
    const now = this.#clock.now();
    const wait = channel.cursorAt + CURSOR_EVERY - now;
    if (wait > 0 && wait <= CURSOR_EVERY) {
      this.#plan(name, now + wait, () => this.#sayCursor(channel));
      return;
    }
    channel.cursorAt = now;
    channel.cursorDue = false;
    this.#link.send({ type: 'update_cursor', doc_id: channel.id.slice(DOCUMENT.length), cursor: channel.cursor.value });
  }

  /** Over a new link: all that is followed, and all that this client is in. */
  #enterChannels(link) {
    for (const channel of this.#channels.values()) {
      channel.incoming = null;
      // In this order it is told once: who joins what is followed is not told anew.
      if (channel.watched) {
        link.send({ type: 'watch_channel', channel_id: channel.id });
      }
      if (channel.joined) {
        this.#sayJoin(channel);
        channel.cursorDue = channel.cursor !== null;
      }
    }
  }

  /** Something was not taken, and it is not said what: all that was said of late is said again, which harms nothing. */
  #rejoin(link, at) {
    const late = this.#clock.now() - CHANNEL_SETTLED;
    for (const channel of this.#channels.values()) {
      channel.again ||= channel.joined && channel.saidAt >= late;
    }
    for (const [id, leftAt] of link.left) {
      if (leftAt >= late) {
        link.leaveAgain.add(id);
      }
    }
    if (!this.#deadlines.has('rejoin')) {
      this.#plan('rejoin', at, () => this.#sayChannelsAgain());
    }
  }

  #sayChannelsAgain() {
    const link = this.#link;
    for (const id of link.leaveAgain) {
      link.send({ type: 'leave_channel', channel_id: id });
    }
    link.leaveAgain.clear();
    for (const channel of this.#channels.values()) {
      const untold = channel.toldBy !== link || !channel.fresh;
      if (untold) {
        link.send({ type: 'watch_channel', channel_id: channel.id });
      }
      if (channel.joined && (channel.again || channel.toldBy !== link)) {
        this.#sayJoin(channel);
        channel.cursorDue = channel.cursor !== null;
      }
      if (untold && !channel.watched) {
        link.send({ type: 'unwatch_channel', channel_id: channel.id });
      }
      this.#sayCursor(channel);
    }
  }

  #outside(channel) {
    channel.joined = false;
    channel.metadata = channel.hidden = undefined;
    channel.cursor = null;
    channel.cursorDue = channel.again = false;
    this.#cancel(`cursor ${channel.id}`);
    this.#dropUnlessFollowed(channel);
  }

  #dropUnlessFollowed(channel) {
    if (!channel.joined && !channel.watched) {
      this.#channels.delete(channel.id);
    }
  }

  /** Without a link, nothing that is known is sure any more; it is shown until it is told anew. */
  #channelsStale() {
    if (this.#link === null) {
      for (const channel of this.#channels.values()) {
        channel.toldBy = channel.incoming = null;
        channel.early.clear();
        this.#staleChannel(channel);
      }
    }
  }

  #staleChannel(channel) {
    if (channel.fresh) {
      channel.fresh = false;
      this.#redraw(channel);
    }
  }

  /** Tells the whole picture, if there was ever one. */
  #redraw(channel) {
    if (channel.count !== null && this.#channels.get(channel.id) === channel) {
      channel.draw();
      this.#emit('channel', channel.picture);
    }
  }

  #initialChannel(link, message) {
    const channel = this.#channels.get(message.channel_id);
    if (link !== this.#link || channel === undefined) {
      return;
    }
    if (message.first === true) {
      channel.incoming = { members: new Map(), held: [] };
    }
    const { incoming } = channel;
    if (incoming === null) {
      // The rest of a list that does not count any more.
      return;
    }
    for (const member of message.members ?? []) {
      incoming.members.set(member.user_id, memberOf(member));
    }
    if (message.more === true) {
      return;
    }
    channel.incoming = null;
    channel.toldBy = link;
    channel.fresh = true;
    for (const [id, { joined_at: since }] of channel.members) {
      if (incoming.members.get(id)?.joined_at !== since) {
        channel.cursors.delete(id);
      }
    }
    channel.members.clear();
    for (const [id, member] of incoming.members) {
      channel.members.set(id, member);
    }
    channel.count = message.count;
    this.#retireWhenDone();
    this.#redraw(channel);
    for (const held of incoming.held) {
      this.#receiveHeld(link, channel, held);
    }
    for (const [id, { value }] of [...channel.early]) {
      if (channel.members.has(id)) {
        channel.early.delete(id);
        this.#showCursor(channel, id, value);
      }
    }
    this.#sayCursor(channel);
  }

  #receiveHeld(link, channel, held) {
    // A listener may have left it, or ended all.
    if (link === this.#link && this.#channels.get(channel.id) === channel) {
      this.#applyToChannel(channel, held);
    }
  }

  #channelUpdate(link, message) {
    const channel = this.#channels.get(message.channel_id);
    if (channel === undefined || typeof message.member?.user_id !== 'string') {
      return;
    }
    if (link === this.#link && channel.incoming !== null) {
      channel.incoming.held.push(message);
    } else if (link === channel.toldBy) {
      this.#applyToChannel(channel, message);
    }
  }

  #applyToChannel(channel, { event, member: told, reason = null, count }) {
    const member = memberOf(told);
    const id = member.user_id;
    const early = channel.early.get(id);
    channel.early.delete(id);
    if (event === 'left' || channel.members.get(id)?.joined_at !== member.joined_at) {
      // Who joins again begins without one.
      channel.cursors.delete(id);
    }
    if (event === 'left') {
      channel.members.delete(id);
    } else {
      channel.members.set(id, member);
    }
    channel.count = count;
    channel.draw();
    this.#emit('channel_update', Object.freeze({ channelId: channel.id, event, member, reason, count }));
    this.#redraw(channel);
    if (early !== undefined && event !== 'left' && channel.members.has(id)) {
      this.#showCursor(channel, id, early.value);
    }
  }

  #cursorMoved(link, message) {
    const channel = this.#channels.get(DOCUMENT + message.doc_id);
    const { user_id: id, cursor } = message;
    const replacing = link === this.#link && channel?.incoming != null;
    if (channel === undefined || (link !== channel.toldBy && !replacing)) {
      return;
    }
    if (!replacing && channel.members.has(id)) {
      this.#showCursor(channel, id, cursor);
    } else if (channel.early.size < MAX_EARLY_CURSORS) {
      // Where changes are gathered it may be quicker than its member.
      channel.early.set(id, { value: cursor });
    }
  }

  #showCursor(channel, userId, cursor) {
    if (this.#channels.get(channel.id) !== channel) {
      // A listener has left it.
      return;
    }
    channel.cursors.set(userId, frozen(cursor));
    this.#emit(
      'cursor',
      Object.freeze({ docId: channel.id.slice(DOCUMENT.length), userId, cursor: channel.cursors.get(userId) }),
    );
  }

  // --- Activity

  #active() {
    const now = this.#clock.now();
    const quiet = now - this.#lastActivity;
    if (this.#away !== 'idle' && quiet >= 0 && quiet < ACTIVITY_THROTTLE) {
      return;
    }
    this.#lastActivity = now;
    this.#activeSinceHeartbeat = true;
    const wasIdle = this.#away === 'idle';
    if (wasIdle) {
      this.#away = null;
    }
    const link = this.#link;
    if (link?.open && wasIdle && link.declaredAway) {
      link.send({ type: 'set_status', status: 'online' });
      link.declaredAway = false;
    } else if (link?.open && this.#away === null && (wasIdle || quiet >= this.#serverAwayAfter)) {
      // The gateway may hold this session for idle by its own clock: the next heartbeat would tell it late.
      this.#heartbeat();
    }
    if (wasIdle) {
      this.#planIdle();
      this.#tellStatus('activity');
    }
  }

  #idleAt() {
    const awayAfter = this.#awayAfterOption ?? this.#serverAwayAfter;
    const idle = this.#lastActivity + awayAfter;
    return this.#hidden()
      ? Math.min(idle, Math.max(this.#lastActivity, this.#hiddenSince) + this.#hiddenAwayAfter)
      : idle;
  }

  #planIdle() {
    if (this.#present && this.#away === null) {
      this.#plan('idle', this.#idleAt(), () => this.#checkIdle());
    } else {
      this.#cancel('idle');
    }
  }

  #checkIdle() {
    if (this.#present && this.#away === null && this.#clock.now() >= this.#idleAt()) {
      this.#away = 'idle';
      if (this.#link?.open) {
        this.#declareAway(this.#link);
      }
      this.#tellStatus('idle');
    }
    this.#planIdle();
  }

  // --- The page

  #hidden() {
    return this.#document?.visibilityState === 'hidden';
  }

  #listen() {
    const add = (target, name, listener, options) => {
      if (typeof target?.addEventListener === 'function') {
        target.addEventListener(name, listener, options);
        this.#domListeners.push([target, name, listener, options]);
      }
    };
    const passive = { passive: true, capture: true };
    for (const name of ACTIVITY_EVENTS) {
      add(this.#window, name, (event) => this.#moved(event), passive);
    }
    add(this.#document, 'visibilitychange', () => this.#visibilityChanged());
    add(this.#window, 'online', () => this.#wake());
    add(this.#window, 'pagehide', (event) => {
      if (event.persisted) {
        this.#suspend();
      }
    });
    add(this.#window, 'pageshow', (event) => {
      if (event.persisted) {
        this.#resume();
      }
    });
  }

  #moved(event) {
    if (event.type === 'mousemove' || event.type === 'pointermove') {
      // Browsers also say so when the page moves under a pointer that rests.
      const at = `${event.screenX},${event.screenY}`;
      if (at === this.#pointerAt) {
        return;
      }
      this.#pointerAt = at;
    }
    this.#active();
  }

  #visibilityChanged() {
    if (this.#hidden()) {
      this.#hiddenSince = this.#clock.now();
      this.#planIdle();
      return;
    }
    this.#tick();
    if (!this.#running) {
      return;
    }
    this.#active();
    if (this.#link !== null) {
      if (this.#clock.now() - this.#link.heard > this.#heartbeatInterval) {
        this.#wake();
      }
      this.#planSilent();
    } else {
      this.#wake();
    }
  }

  /** A page that may come back out of the browser's cache must not hold a socket, and is not there meanwhile. */
  #suspend() {
    this.#suspended = true;
    this.#dialling = null;
    for (const link of [this.#candidate, this.#retired, this.#link]) {
      link?.close(RECONNECTING, 'page hidden');
    }
    this.#candidate = this.#retired = this.#link = null;
    this.#sessionId = null;
    const claim = this.#deadlines.get('claim');
    this.#deadlines.clear();
    if (claim !== undefined) {
      this.#deadlines.set('claim', claim);
    }
    this.#tellConnection('reconnecting', 'page hidden');
    this.#channelsStale();
    this.#tellStale();
  }

  #resume() {
    if (this.#suspended) {
      this.#suspended = false;
      this.#open();
      this.#active();
    }
  }
}

function checkId(name, id) {
  if (typeof id !== 'string' || !ID.test(id)) {
    throw new TypeError(`${name}: expected 1 to 128 characters of A-Z a-z 0-9 . _ : @ -, not ${id}`);
  }
}

function checkIds(userIds) {
  const ids = [...new Set(typeof userIds === 'string' ? [userIds] : userIds)];
  ids.forEach((id) => checkId('userIds', id));
  return ids;
}

/** The channel that a document is. */
function documentChannel(docId) {
  checkId('docId', docId);
  const channelId = DOCUMENT + docId;
  checkId('docId', channelId);
  return channelId;
}

function metadataOf(metadata) {
  if (metadata !== null && (typeof metadata !== 'object' || Array.isArray(metadata))) {
    throw new TypeError('metadata: expected an object or null');
  }
  return jsonOf('metadata', metadata, MAX_METADATA);
}

function cursorOf(cursor) {
  return jsonOf('cursor', cursor, MAX_CURSOR);
}

/** A copy that nobody changes, as it will arrive. */
function jsonOf(name, value, most) {
  const json = JSON.stringify(value);
  if (json === undefined || new TextEncoder().encode(json).length > most) {
    throw new TypeError(`${name}: expected at most ${most} bytes of JSON`);
  }
  return frozen(JSON.parse(json));
}

function frozen(json) {
  if (json !== null && typeof json === 'object' && !Object.isFrozen(json)) {
    Object.freeze(json);
    Object.values(json).forEach(frozen);
  }
  return json;
}

function memberOf(member) {
  return frozen({ ...member });
}

function checkText(name, text, most) {
  if (text !== null && (typeof text !== 'string' || [...text].length > most)) {
    throw new TypeError(`${name}: expected null or a text of at most ${most} characters`);
  }
}

/** Seconds as milliseconds, or null. */
function seconds(name, value) {
  if (value === null) {
    return null;
  }
  if (typeof value !== 'number' || !(value > 0)) {
    throw new TypeError(`${name}: expected seconds above 0, not ${value}`);
  }
  return value * 1000;
}

function positive(value, fallback) {
  return typeof value === 'number' && value > 0 ? value : fallback;
}

/** A token and, if it is a JWT that says so, whose it is and when it expires (the server's clock, milliseconds). */
function tokenOf(value, now) {
  let claims = {};
  try {
    const payload = value.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (char) => char.charCodeAt(0))));
  } catch {
    // Not a JWT: nobody knows when it expires.
  }
  const expiry = typeof claims?.exp === 'number' ? claims.exp * 1000 : null;
  const subject = typeof claims?.sub === 'string' && ID.test(claims.sub) ? claims.sub : null;
  return { value, subject, expiry, lifetime: expiry === null ? Infinity : Math.max(expiry - now, 0) };
}
