import { PresenceClient } from '../src/presence-client.js';

export const START = 1_764_000_000_000;

/** Time that stands still until it is told to go on. */
export class FakeClock {
  time = START;
  #timers = new Map();
  #next = 1;

  now = () => this.time;

  setTimeout = (callback, delay) => {
    this.#timers.set(this.#next, { at: this.time + delay, callback });
    return this.#next++;
  };

  clearTimeout = (timer) => {
    this.#timers.delete(timer);
  };

  get timers() {
    return this.#timers.size;
  }

  /** Lets so much time pass, and each timer fire when it is due. */
  advance(ms) {
    const until = this.time + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) {
        break;
      }
      this.#timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].at);
      due[1].callback();
    }
    this.time = until;
  }

  /** Lets so much time pass without any timer, as a laptop does that sleeps. */
  sleep(ms) {
    this.time += ms;
  }
}

/** A kind of socket that remembers all that were opened. */
export function fakeSockets(clock) {
  const sockets = [];
  class FakeSocket {
    readyState = 0;
    sent = [];
    closed = null;
    /** Whether it answers by itself when it is asked for a sign of life. */
    alive = false;

    constructor(url) {
      this.url = url;
      sockets.push(this);
    }

    send(text) {
      const message = JSON.parse(text);
      if (this.alive && message.type === 'subscribe' && message.user_ids.join() === 'ada') {
        this.answer();
      } else {
        this.sent.push(message);
      }
    }

    close(code, reason) {
      this.closed ??= { code, reason };
      this.readyState = 3;
    }

    // The other side:

    say(message) {
      this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
    }

    welcome(more = {}) {
      this.readyState = 1;
      this.say({
        type: 'welcome',
        session_id: `s${sockets.indexOf(this)}`,
        server_time: clock.time / 1000,
        heartbeat_interval: 15,
        away_after: 300,
        ...more,
      });
    }

    initial(presences, unavailable) {
      this.say({
        type: 'initial_presence',
        presences: Object.fromEntries(presences.map((presence) => [presence.user_id, presence])),
        ...(unavailable === undefined ? {} : { unavailable }),
      });
    }

    /** Answers the last subscribe: these are there, the others of it are not. */
    answer(...presences) {
      this.initial(presences);
    }

    /** Says who is in a channel, in pages. */
    list(channelId, ...pages) {
      const count = pages.flat().length;
      pages.forEach((members, i) => {
        const more = i < pages.length - 1;
        this.say({
          type: 'initial_channel',
          channel_id: channelId,
          members,
          count,
          ...(i === 0 ? { first: true } : {}),
          ...(more ? { more } : {}),
        });
      });
    }

    change(channelId, event, who, count, more = {}) {
      this.say({ type: 'channel_update', channel_id: channelId, event, member: who, count, ...more });
    }

    cursor(docId, userId, cursor) {
      this.say({ type: 'cursor', doc_id: docId, user_id: userId, cursor });
    }

    update(presence) {
      this.say({ type: 'presence_update', presence });
    }

    lose(code = 1006, reason = '') {
      this.readyState = 3;
      this.onclose?.({ code, reason });
    }

    /** What was sent since this was last asked. */
    take(type) {
      const all = this.sent.filter((message) => type === undefined || message.type === type);
      this.sent = this.sent.filter((message) => !all.includes(message));
      return all;
    }
  }
  FakeSocket.all = sockets;
  return FakeSocket;
}

class FakeTarget extends EventTarget {
  listening = 0;

  addEventListener(...args) {
    this.listening++;
    super.addEventListener(...args);
  }

  removeEventListener(...args) {
    this.listening--;
    super.removeEventListener(...args);
  }

  fire(name, fields = {}) {
    this.dispatchEvent(Object.assign(new Event(name), fields));
  }
}

export function presence(userId, status = 'online', more = {}) {
  return {
    user_id: userId,
    status,
    last_seen: START / 1000,
    device: 'web',
    custom_status: null,
    activity: null,
    since: START / 1000,
    version: START,
    devices: status === 'offline' ? {} : { web: status },
    ...more,
  };
}

/** One in a channel. */
export function member(userId, metadata = null, more = {}) {
  return { user_id: userId, joined_at: START / 1000, last_seen: null, metadata, ...more };
}

/** A JWT that says who and until when, in seconds from the start. */
export function jwt(expiresIn, sub = 'ada') {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part({ sub, exp: START / 1000 + expiresIn, name: 'Ada Łovelace' })}.x`;
}

/** Lets all promises that can settle do so. */
export function settle() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A client in a world of fakes; chance always says `chance`, which can be changed. */
export function world({ userId = 'ada', device = 'web', url = 'wss://presence.test/presence', ...options } = {}) {
  const clock = new FakeClock();
  const WebSocket = fakeSockets(clock);
  const window = new FakeTarget();
  const document = Object.assign(new FakeTarget(), { visibilityState: 'visible' });
  const here = {
    clock,
    window,
    document,
    sockets: WebSocket.all,
    chance: 0.5,
    events: [],
    get socket() {
      return WebSocket.all.at(-1);
    },
    show() {
      document.visibilityState = 'visible';
      document.fire('visibilitychange');
    },
    hide() {
      document.visibilityState = 'hidden';
      document.fire('visibilitychange');
    },
    /** What was told under a name since this was last asked: the first argument of each. */
    told(name) {
      const all = here.events.filter(([event]) => event === name);
      here.events = here.events.filter((event) => !all.includes(event));
      return all.map(([, first]) => first);
    },
    states() {
      return here.told('onConnectionChange').map(({ state }) => state);
    },
  };
  here.client = new PresenceClient(url, userId, device, {
    WebSocket,
    ...options,
    environment: {
      window,
      document,
      now: clock.now,
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
      random: () => here.chance,
    },
  });
  for (const name of [
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
  ]) {
    here.client.on(name, (...args) => here.events.push([name, ...args]));
  }
  return here;
}

/** One that is connected and online, with nothing of that left to look at. */
export function online(options) {
  const here = world(options);
  here.client.connect();
  here.client.setOnline();
  here.socket.welcome();
  here.socket.take();
  here.events = [];
  return here;
}
