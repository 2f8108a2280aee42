import { PresenceClient } from '/presence-client.js';

const SESSION = 'presence.session';
const PEOPLE = 'presence.people.';
const PLACES = 'presence.places.';
const DEVICE = matchMedia('(pointer: coarse)').matches ? 'phone' : 'web';
const ID = /^[A-Za-z0-9._:@-]{1,128}$/;
const ACTIVITY = /^[A-Za-z0-9._:-]{1,64}$/;
const MAX_PEOPLE = 1000;
const MAX_LOG = 200;
const MAX_ROOMS = 50;
/** Of a channel with more members than this, only so many are listed, and changes are not told one by one. */
const MAX_MEMBERS = 60;
const DOCUMENT = 'doc:';
/** One press of an arrow key, as a part of the sheet. */
const KEY_STEP = 0.02;
const ANNOUNCE_EVERY = 4000;
/** How long a write may take until it is read back, in milliseconds. */
const SETTLE = 400;

const STATUS_WORDS = {
  online: 'Online',
  away: 'Away',
  busy: 'Busy',
  invisible: 'Invisible',
  offline: 'Offline',
  unknown: 'Nothing to see',
};
const ACTIVITY_WORDS = {
  in_call: 'In a call',
  in_meeting: 'In a meeting',
  presenting: 'Presenting',
  focus: 'Focus',
};
const MODE_WORDS = {
  viewing: 'Viewing',
  editing: 'Editing',
};
/** Beside that someone left, how. */
const LEFT_WORDS = {
  disconnected: ': the connection was lost',
  timed_out: ': not heard from any more',
};
const VISIBILITY_WORDS = {
  everyone: 'Everyone',
  contacts: 'Your contacts only',
  nobody: 'Nobody',
};
const DURATIONS = [
  [60, '1 minute'],
  [1800, '30 minutes'],
  [3600, '1 hour'],
  [14400, '4 hours'],
  ['today', 'The rest of the day'],
];

const $ = (id) => document.getElementById(id);

// Words for what a presence holds

function activityWord(activity) {
  return ACTIVITY_WORDS[activity] ?? activity;
}

function stateWords(presence, within = false) {
  const word = STATUS_WORDS[presence.status] ?? presence.status;
  const words = within ? word.toLowerCase() : word;
  return presence.activity ? `${words} · ${activityWord(presence.activity)}` : words;
}

function quoted(text) {
  return `“${text}”`;
}

function initials(id) {
  const parts = id.split(/[._:@-]+/).filter(Boolean);
  const letters = parts.length > 1 ? parts[0][0] + parts[1][0] : (parts[0] ?? id).slice(0, 2);
  return letters.toUpperCase();
}

function clockTime(date) {
  return date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });
}

function preciseTime(date) {
  return date.toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
}

/** A moment, as short as its distance allows. */
function moment(seconds) {
  const date = new Date(seconds * 1000);
  if (date.toDateString() === new Date().toDateString()) {
    return clockTime(date);
  }
  const day = date.toLocaleDateString([], { day: 'numeric', month: 'short' });
  return `${day}, ${clockTime(date)}`;
}

function ago(seconds) {
  if (seconds < 5) {
    return 'just now';
  }
  if (seconds < 60) {
    return `${Math.floor(seconds)} s ago`;
  }
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)} min ago`;
  }
  if (seconds < 86400) {
    return `${Math.floor(seconds / 3600)} h ago`;
  }
  const days = Math.floor(seconds / 86400);
  return days === 1 ? 'yesterday' : `${days} days ago`;
}

function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function dot(status) {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.classList.add('dot');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS(ns, 'use'));
  setDot(svg, status);
  return svg;
}

function setDot(svg, status) {
  if (svg.dataset.status !== status) {
    svg.dataset.status = status;
    svg.firstElementChild.setAttribute('href', `#dot-${status}`);
  }
}

function setAvatar(element, id, status) {
  if (!element.firstElementChild) {
    element.setAttribute('aria-hidden', 'true');
    element.append(document.createElement('span'), dot(status));
  }
  setText(element.firstElementChild, initials(id));
  setDot(element.lastElementChild, status);
}

// What is stored in the browser

function stored(storage, key) {
  try {
    return JSON.parse(storage.getItem(key));
  } catch {
    return null;
  }
}

function store(storage, key, value) {
  try {
    if (value === null) {
      storage.removeItem(key);
    } else {
      storage.setItem(key, JSON.stringify(value));
    }
  } catch {
    // Full, or not allowed: it works without.
  }
}

/** A number from 0 to 1; null if it is none. */
function part(value) {
  return typeof value === 'number' && Number.isFinite(value) ? Math.min(Math.max(value, 0), 1) : null;
}

/** Where on the sheet a cursor is; null if it is none of this page's. */
function spot(cursor) {
  const x = part(cursor?.x);
  const y = part(cursor?.y);
  return x === null || y === null ? null : { x, y };
}

// The clock of the gateway, which what people read is told by

const clock = {
  skew: 0,
  now() {
    return Date.now() / 1000 + this.skew;
  },
  set(serverTime) {
    this.skew = serverTime - Date.now() / 1000;
  },
};

// Announcements for those who listen: gathered, so that they do not chatter

const announcer = {
  pending: [],
  timer: null,
  say(text) {
    this.pending.push(text);
    this.timer ??= setTimeout(() => this.flush(), ANNOUNCE_EVERY);
  },
  sayNow(text) {
    this.pending.push(text);
    this.flush();
  },
  flush() {
    clearTimeout(this.timer);
    this.timer = null;
    const last = this.pending.slice(-3).join(' ');
    const more = this.pending.length - 3;
    $('announcer').textContent = more > 0 ? `${last} And ${more} more changes.` : last;
    this.pending = [];
  },
  reset() {
    clearTimeout(this.timer);
    this.timer = null;
    this.pending = [];
    $('announcer').textContent = '';
  },
};

// HTTP

class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(session, method, path, body) {
  const headers = {};
  let url = path;
  if (session.token) {
    headers.Authorization = `Bearer ${session.token}`;
  } else {
    url += `${path.includes('?') ? '&' : '?'}user_id=${encodeURIComponent(session.userId)}`;
  }
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }
  let response;
  let text;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store',
    });
    text = await response.text();
  } catch {
    throw new ApiError(0, 'The gateway cannot be reached. Try again in a moment.');
  }
  let json = null;
  try {
    json = text ? JSON.parse(text) : null;
  } catch {
    // not from the gateway itself, but from what is before it
  }
  if (!response.ok) {
    throw new ApiError(
      response.status,
      json?.detail ?? json?.title ?? `The gateway answered ${response.status}.`,
    );
  }
  return json;
}

function userPath(id, rest) {
  return `/v1/users/${encodeURIComponent(id)}/${rest}`;
}

// One person's stay on the page, from signing in to signing out

class Visit {
  constructor(session) {
    this.session = session;
    this.own = null;
    this.ownPresence = null;
    this.people = new Map();
    this.contacts = [];
    this.nextContacts = null;
    this.formTouched = false;
    this.wroteAt = 0;
    this.readers = 0;
    this.ended = new AbortController();
    this.link = { state: 'connecting', retryAt: null };
    this.catchingUp = true;
    this.lost = null;
    this.rooms = new Map();
    this.doc = null;
    this.toDraw = new Set();
  }

  start() {
    const { userId } = this.session;
    document.title = `${userId} · Presence`;
    this.fillForm();
    this.listen();
    setText($('you-name'), userId);
    this.renderOwn();
    this.renderPrivacy();
    this.renderContacts();
    this.connect();
    this.renderLink();
    this.ticker = setInterval(() => this.tick(), 1000);
    this.readOwn();
    this.readContacts();
  }

  end() {
    this.ended.abort();
    clearInterval(this.ticker);
    this.client.disconnect();
    announcer.reset();
    for (const id of ['people-list', 'contacts', 'log', 'room-list', 'document-members', 'cursors']) {
      $(id).replaceChildren();
    }
    for (const id of ['person', 'contact', 'room', 'document-id']) {
      clearField(id);
    }
    for (const id of ['people-error', 'privacy-error', 'status-error', 'rooms-error', 'document-error']) {
      clearField(id);
    }
    $('open-document').hidden = true;
    $('no-rooms').hidden = false;
    setText($('document-count'), '');
    $('status-form').reset();
    document.title = 'Presence';
  }

  on(element, event, listener) {
    element.addEventListener(event, listener, { signal: this.ended.signal });
  }

  listen() {
    this.on($('sign-out'), 'click', () => signOut());
    this.on($('retry'), 'click', () => this.client.connect());
    this.on($('people-form'), 'submit', (event) => {
      event.preventDefault();
      this.addPeople();
    });
    this.on($('status-form'), 'submit', (event) => {
      event.preventDefault();
      this.setStatus();
    });
    this.on($('status-form'), 'input', () => {
      this.formTouched = true;
      this.renderForm();
    });
    this.on($('clear-status'), 'click', () => this.clearStatus());
    this.on($('visibility'), 'change', (event) => this.setVisibility(event.target.value));
    this.on($('contact-form'), 'submit', (event) => {
      event.preventDefault();
      this.addContact();
    });
    this.on($('more-contacts'), 'click', () => this.readContacts(this.nextContacts));
    this.on($('clear-log'), 'click', () => {
      $('log').replaceChildren();
      this.renderLog();
      $('log-frame').focus();
    });
    this.on($('room-form'), 'submit', (event) => {
      event.preventDefault();
      this.openRoom(event.submitter?.value !== 'watch');
    });
    this.on($('document-form'), 'submit', (event) => {
      event.preventDefault();
      this.openDocument();
    });
    this.on($('document-mode'), 'change', (event) => this.setMode(event.target.value));
    this.on($('close-document'), 'click', () => this.closeDocument());
    this.on($('sheet'), 'pointermove', (event) => this.point(event));
    this.on($('sheet'), 'pointerdown', (event) => this.point(event));
    this.on($('sheet'), 'keydown', (event) => this.pointByKey(event));
    this.on(window, 'storage', (event) => {
      if (event.key === PEOPLE + this.session.userId) {
        this.followOtherTab();
      }
    });
  }

  // The connection

  connect() {
    const url = new URL('/presence', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const { userId, token } = this.session;
    this.client = new PresenceClient(url.href, userId, DEVICE, token ? { token } : {});
    const hear = (event, listener) =>
      this.client.on(event, (...args) => this.ended.signal.aborted || listener(...args));
    hear('onWelcome', ({ serverTime }) => clock.set(serverTime));
    hear('onPresenceChange', (presence) => this.show(presence));
    hear('onConnectionChange', (link) => this.linked(link));
    hear('onResync', () => this.setCatchingUp(true));
    hear('onStaleChange', (stale) => stale || this.setCatchingUp(false));
    hear('channel', ({ channelId }) => this.draw(channelId));
    hear('channel_update', (update) => this.logMember(update));
    hear('cursor', ({ docId }) => this.draw(DOCUMENT + docId));
    hear('onError', (error) => this.log(null, null, `The gateway said: ${error.message}`));
    for (const id of this.remembered()) {
      this.addRow(id);
    }
    this.renderPeople();
    this.watch([userId, ...this.people.keys()]);
    this.returnToPlaces();
    this.client.setOnline();
    this.client.connect();
  }

  watch(ids) {
    if (ids.length > 0) {
      this.client.subscribeToUsers(ids);
    }
  }

  unwatch(ids) {
    // Of oneself one always wants to know.
    const gone = ids.filter((id) => id !== this.session.userId);
    if (gone.length > 0) {
      this.client.unsubscribeFromUsers(gone);
    }
  }

  linked(link) {
    if (link.state === 'disconnected') {
      // The gateway will not have it: to try again is no use.
      signOut(`You were signed out: ${link.reason}.`);
      return;
    }
    const connected = link.state === 'connected';
    if (connected && this.lost) {
      this.lost = null;
      this.log(null, null, 'Connected again');
      announcer.sayNow('Connected again.');
      this.readOwn();
      this.readContacts();
    } else if (!connected && this.link.state === 'connected') {
      this.lost = new Date();
      this.log(null, null, 'The connection was lost');
      announcer.sayNow('The connection was lost. What is shown may be old.');
    }
    this.link = link;
    this.setCatchingUp(this.client.stale);
    this.renderOwn();
    this.renderPeople();
  }

  setCatchingUp(catchingUp) {
    this.catchingUp = catchingUp;
    this.renderLink();
    for (const person of this.people.values()) {
      this.renderStale(person);
    }
  }

  /** Says how things stand: what is shown must not look newer than it is. */
  renderLink() {
    const { link, lost } = this;
    const connected = link.state === 'connected';
    const standing = connected ? (this.catchingUp ? 'behind' : 'live') : lost ? 'lost' : 'connecting';
    $('app').dataset.connection = standing;
    const words = {
      live: 'Live',
      behind: 'Catching up',
      lost: 'Not connected',
      connecting: 'Connecting',
    };
    setText($('connection-text'), words[standing]);
    $('banner').hidden = connected || (!lost && link.retryAt === null);
    if (!$('banner').hidden) {
      setText($('banner-title'), lost ? 'The connection was lost.' : 'There is no connection.');
      const age = lost ? `What you see is as of ${preciseTime(lost)}, and may be old. ` : '';
      setText($('banner-text'), age + retryWords(link));
    }
  }

  renderStale({ id, row }) {
    row.toggleAttribute('data-stale', this.client.isStale(id));
  }

  tick() {
    for (const person of this.people.values()) {
      if (person.presence?.status === 'offline') {
        this.renderDetail(person);
      }
    }
    this.renderLink();
  }

  // The people one watches

  remembered() {
    const ids = stored(localStorage, PEOPLE + this.session.userId);
    return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string' && ID.test(id)) : [];
  }

  remember() {
    store(localStorage, PEOPLE + this.session.userId, [...this.people.keys()]);
  }

  addPeople() {
    const ids = $('person').value.split(/[\s,;]+/).filter(Boolean);
    const bad = ids.find((id) => !ID.test(id));
    if (ids.length === 0) {
      setFault('person', 'people-error', 'Type a name first.');
      return;
    }
    if (bad !== undefined) {
      setFault('person', 'people-error', `${quoted(bad)} cannot be a name: letters, digits and . _ : @ - only.`);
      return;
    }
    const added = [...new Set(ids)].filter((id) => !this.people.has(id));
    if (this.people.size + added.length > MAX_PEOPLE) {
      setFault('person', 'people-error', `This page shows ${MAX_PEOPLE} people at most.`);
      return;
    }
    clearField('person');
    clearField('people-error');
    added.forEach((id) => this.addRow(id));
    this.remember();
    this.renderPeople();
    this.watch(added);
    if (added.length > 0) {
      announcer.sayNow(`Added ${added.join(', ')}.`);
    }
  }

  removePerson(id) {
    const { row } = this.people.get(id);
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.people.delete(id);
    this.remember();
    this.unwatch([id]);
    this.renderPeople();
    (next?.querySelector('button') ?? $('person')).focus();
    announcer.sayNow(`Removed ${id}.`);
  }

  followOtherTab() {
    const ids = new Set(this.remembered());
    const gone = [...this.people.keys()].filter((id) => !ids.has(id));
    const added = [...ids].filter((id) => !this.people.has(id));
    for (const id of gone) {
      this.people.get(id).row.remove();
      this.people.delete(id);
    }
    added.forEach((id) => this.addRow(id));
    this.unwatch(gone);
    this.watch(added);
    this.renderPeople();
  }

  addRow(id) {
    const row = $('person-template').content.firstElementChild.cloneNode(true);
    row.dataset.user = id;
    const title = row.querySelector('.person-name');
    title.textContent = id === this.session.userId ? `${id} (you)` : id;
    const remove = row.querySelector('button');
    remove.setAttribute('aria-label', `Remove ${id}`);
    remove.title = `Remove ${id}`;
    remove.addEventListener('click', () => this.removePerson(id));
    row.addEventListener('animationend', () => row.classList.remove('changed'));
    const person = { id, row, presence: null, seen: false };
    this.people.set(id, person);
    const after = [...$('people-list').children].find(
      (other) => other.dataset.user.localeCompare(id) > 0,
    );
    $('people-list').insertBefore(row, after ?? null);
    this.renderPerson(person);
    return person;
  }

  renderPerson(person) {
    const { row, presence } = person;
    const status = presence?.status ?? 'unknown';
    row.dataset.status = status;
    setAvatar(row.querySelector('.avatar'), person.id, status);
    setText(row.querySelector('.person-state'), presence ? stateWords(presence) : person.seen ? STATUS_WORDS.unknown : 'Looking …');
    const custom = row.querySelector('.person-custom');
    custom.hidden = !presence?.custom_status;
    setText(custom, presence?.custom_status ?? '');
    this.renderStale(person);
    this.renderDetail(person);
  }

  renderDetail({ row, presence, seen }) {
    const detail = row.querySelector('.person-detail');
    if (!presence) {
      setText(detail, seen ? 'Not known, or not shown to you' : '');
    } else if (presence.status === 'offline') {
      setText(
        detail,
        presence.last_seen == null
          ? 'Not seen yet'
          : `Last seen ${ago(clock.now() - presence.last_seen)}`,
      );
    } else {
      const devices = Object.keys(presence.devices ?? {});
      const on = devices.length > 0 ? `On ${devices.join(', ')}, since` : 'Since';
      setText(detail, `${on} ${moment(presence.since)}`);
    }
    detail.hidden = detail.textContent === '';
  }

  renderPeople() {
    const all = [...this.people.values()];
    const here = all.filter((p) => p.presence && p.presence.status !== 'offline').length;
    $('no-people').hidden = all.length > 0;
    const count = this.lost ? `As of ${preciseTime(this.lost)}` : `${here} of ${all.length} here`;
    setText($('people-count'), all.length === 0 ? '' : count);
  }

  show(told) {
    const id = told.user_id;
    // Who is not known and who is hidden look the same.
    const presence = told.known ? told : null;
    if (id === this.session.userId) {
      this.showOwn(presence);
    }
    const person = this.people.get(id);
    if (!person) {
      return;
    }
    const { presence: before, seen } = person;
    person.presence = presence;
    person.seen = true;
    this.renderPerson(person);
    this.renderPeople();
    if (seen) {
      this.logChange(id, before, presence);
    }
  }

  // Rooms

  /** Where this tab was before it was loaded again. */
  returnToPlaces() {
    const places = stored(sessionStorage, PLACES + this.session.userId);
    for (const { id, joined } of Array.isArray(places?.rooms) ? places.rooms : []) {
      if (ID.test(id) && !this.rooms.has(id)) {
        this.addRoom(id, joined === true);
      }
    }
    const { id, mode } = places?.doc ?? {};
    if (typeof id === 'string' && ID.test(DOCUMENT + id)) {
      this.showDocument(id, mode);
    }
  }

  rememberPlaces() {
    const rooms = [...this.rooms.values()].map(({ id, joined }) => ({ id, joined }));
    const doc = this.doc && { id: this.doc.id, mode: this.doc.mode };
    store(sessionStorage, PLACES + this.session.userId, { rooms, doc });
  }

  openRoom(join) {
    const id = $('room').value.trim();
    clearField('rooms-error');
    clearField('room', true);
    if (!ID.test(id)) {
      setFault(
        'room',
        'rooms-error',
        id ? `${quoted(id)} cannot be a name: letters, digits and . _ : @ - only.` : 'Type the name of a room first.',
      );
      return;
    }
    if (id.startsWith(DOCUMENT)) {
      setFault('room', 'rooms-error', `${quoted(id)} is a document: open it below.`);
      return;
    }
    const room = this.rooms.get(id);
    if (!room && this.rooms.size === MAX_ROOMS) {
      setFault('room', 'rooms-error', `This page shows ${MAX_ROOMS} rooms at most.`);
      return;
    }
    clearField('room');
    if (room) {
      this.setJoined(room, join);
    } else {
      this.addRoom(id, join);
      this.rememberPlaces();
      announcer.sayNow(join ? `You are in ${id}.` : `You watch ${id}.`);
    }
  }

  addRoom(id, joined) {
    const row = $('room-template').content.firstElementChild.cloneNode(true);
    const room = { id, row, joined };
    row.dataset.room = id;
    row.querySelector('.room-name').textContent = id;
    row.querySelector('.members').setAttribute('aria-label', `In ${id}`);
    const close = row.querySelector('.room-close');
    close.setAttribute('aria-label', `Close the room ${id}`);
    close.title = `Close ${id}`;
    close.addEventListener('click', () => this.closeRoom(room));
    row.querySelector('.room-join').addEventListener('click', () => this.setJoined(room, !room.joined));
    this.rooms.set(id, room);
    $('room-list').append(row);
    if (joined) {
      this.client.joinChannel(id);
    } else {
      this.client.watchChannel(id);
    }
    this.renderRoom(room);
  }

  setJoined(room, join) {
    if (room.joined === join) {
      return;
    }
    room.joined = join;
    // The new before the old: the room is followed all the while.
    if (join) {
      this.client.joinChannel(room.id);
      this.client.unwatchChannel(room.id);
    } else {
      this.client.watchChannel(room.id);
      this.client.leaveChannel(room.id);
    }
    this.rememberPlaces();
    this.renderRoom(room);
    announcer.sayNow(join ? `You are in ${room.id}.` : `You left ${room.id}, and watch it.`);
  }

  closeRoom(room) {
    const { id, row } = room;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.rooms.delete(id);
    row.remove();
    this.client.leaveChannel(id);
    this.client.unwatchChannel(id);
    this.rememberPlaces();
    $('no-rooms').hidden = this.rooms.size > 0;
    (next?.querySelector('.room-close') ?? $('room')).focus();
    announcer.sayNow(`Closed ${id}.`);
  }

  renderRoom(room) {
    const { id, row, joined } = room;
    const picture = this.client.channel(id);
    row.dataset.joined = joined;
    row.toggleAttribute('data-stale', picture?.stale ?? true);
    setText(row.querySelector('.room-count'), placeWords(picture, joined ? 'you are in' : 'you watch'));
    const button = row.querySelector('.room-join');
    setText(button, joined ? 'Leave' : 'Join');
    button.setAttribute('aria-label', joined ? `Leave ${id}` : `Join ${id}`);
    this.renderMembers(row.querySelector('.members'), picture);
    $('no-rooms').hidden = true;
  }

  /** Draws a channel anew, once for all that comes before the next picture. */
  draw(channelId) {
    if (this.toDraw.size === 0) {
      requestAnimationFrame(() => {
        const all = [...this.toDraw];
        this.toDraw.clear();
        if (!this.ended.signal.aborted) {
          all.forEach((id) => this.drawNow(id));
        }
      });
    }
    this.toDraw.add(channelId);
  }

  drawNow(channelId) {
    const room = this.rooms.get(channelId);
    if (room) {
      this.renderRoom(room);
    } else if (this.doc && channelId === DOCUMENT + this.doc.id) {
      this.renderDocument();
    }
  }

  renderMembers(list, picture, detail = () => '') {
    const members = [...(picture?.members.values() ?? [])].slice(0, MAX_MEMBERS);
    members.sort((a, b) => a.user_id.localeCompare(b.user_id));
    const rows = new Map([...list.children].map((row) => [row.dataset.user, row]));
    const shown = members.map((member) => {
      const id = member.user_id;
      const row = rows.get(id) ?? $('member-template').content.firstElementChild.cloneNode(true);
      if (!rows.has(id)) {
        row.dataset.user = id;
        row.querySelector('.avatar').textContent = initials(id);
        row.querySelector('.member-name').textContent = id === this.session.userId ? `${id} (you)` : id;
      }
      row.dataset.mode = typeof member.metadata?.mode === 'string' ? member.metadata.mode : '';
      setText(row.querySelector('.member-detail'), detail(member));
      return row;
    });
    const more = (picture?.count ?? 0) - shown.length;
    if (picture && more > 0 && picture.members.size > shown.length) {
      const row = document.createElement('li');
      row.className = 'secondary';
      row.textContent = `and ${more} more`;
      shown.push(row);
    }
    if (shown.length !== list.childElementCount || shown.some((row, i) => row !== list.children[i])) {
      list.replaceChildren(...shown);
    }
  }

  logMember({ channelId, event, member, reason, count }) {
    const isDocument = channelId.startsWith(DOCUMENT);
    if (count > MAX_MEMBERS || (event === 'updated' && !isDocument)) {
      return;
    }
    const place = isDocument ? `the document ${channelId.slice(DOCUMENT.length)}` : channelId;
    const you = member.user_id === this.session.userId;
    const name = you ? 'You' : member.user_id;
    const doing = MODE_WORDS[member.metadata?.mode] ?? 'Here';
    const words = {
      joined: isDocument ? `in ${place}: ${doing.toLowerCase()}` : `joined ${place}`,
      updated: `in ${place}: ${doing.toLowerCase()}`,
      left: `left ${place}${LEFT_WORDS[reason] ?? ''}`,
    };
    this.log(null, name, words[event]);
    if (!you) {
      announcer.say(`${name}: ${words[event]}.`);
    }
  }

  // The document

  openDocument() {
    const id = $('document-id').value.trim();
    clearField('document-error');
    clearField('document-id', true);
    if (!ID.test(DOCUMENT + id) || id === '') {
      setFault(
        'document-id',
        'document-error',
        id ? `${quoted(id)} cannot be a name: letters, digits and . _ : @ - only.` : 'Type the name of a document first.',
      );
      return;
    }
    clearField('document-id');
    this.closeDocument();
    this.showDocument(id, 'viewing');
    this.rememberPlaces();
    $('sheet').focus({ preventScroll: true });
    announcer.sayNow(`You view ${id}.`);
  }

  showDocument(id, mode) {
    this.doc = { id, mode: null, at: null };
    setText($('document-name'), id);
    const close = $('close-document');
    close.setAttribute('aria-label', `Close the document ${id}`);
    close.title = `Close ${id}`;
    $('open-document').hidden = false;
    this.enterMode(mode in MODE_WORDS ? mode : 'watching');
  }

  setMode(mode) {
    this.enterMode(mode);
    this.rememberPlaces();
  }

  enterMode(mode) {
    const { doc, client } = this;
    const channelId = DOCUMENT + doc.id;
    doc.mode = mode;
    for (const radio of $('document-mode').querySelectorAll('input')) {
      radio.checked = radio.value === mode;
    }
    setText(
      $('sheet-hint'),
      mode === 'watching'
        ? 'You only watch: nobody sees you here.'
        : 'Point here, or use the arrow keys: the others see where you are.',
    );
    // The new before the old: the document is followed all the while.
    if (mode === 'watching') {
      doc.at = null;
      client.watchChannel(channelId);
      client.stopViewing(doc.id);
    } else {
      if (mode === 'editing') {
        client.startEditing(doc.id);
      } else {
        client.startViewing(doc.id);
      }
      client.unwatchChannel(channelId);
    }
    this.renderDocument();
  }

  closeDocument() {
    const { doc, client } = this;
    if (!doc) {
      return;
    }
    this.doc = null;
    client.stopViewing(doc.id);
    client.unwatchChannel(DOCUMENT + doc.id);
    $('open-document').hidden = true;
    setText($('document-count'), '');
    $('cursors').replaceChildren();
    $('document-members').replaceChildren();
    this.rememberPlaces();
    $('document-id').focus();
  }

  point(event) {
    const box = $('sheet').getBoundingClientRect();
    this.moveTo((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, false);
  }

  pointByKey(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step && this.doc?.mode !== 'watching') {
      event.preventDefault();
      const { x, y } = this.doc.at ?? { x: 0.5, y: 0.5 };
      this.moveTo(x + step[0] * KEY_STEP, y + step[1] * KEY_STEP, true);
    }
  }

  /** Moves one's own cursor, which is drawn only where no pointer shows it. */
  moveTo(x, y, drawn) {
    const { doc } = this;
    if (!doc || doc.mode === 'watching') {
      return;
    }
    const round = (value) => Math.round(part(value) * 1000) / 1000;
    doc.at = { x: round(x), y: round(y) };
    doc.drawn = drawn;
    this.client.updateCursor(doc.id, doc.at);
    this.draw(DOCUMENT + doc.id);
  }

  renderDocument() {
    const { doc } = this;
    const picture = this.client.channel(DOCUMENT + doc.id);
    const spots = new Map();
    for (const [id, cursor] of picture?.cursors ?? []) {
      const at = spot(cursor);
      if (at) {
        spots.set(id, at);
      }
    }
    if (doc.at) {
      spots.set(this.session.userId, doc.at);
    }
    $('open-document').toggleAttribute('data-stale', picture?.stale ?? true);
    setText($('document-count'), placeWords(picture, doc.mode === 'watching' ? 'you watch' : 'you are in'));
    this.renderMembers($('document-members'), picture, ({ user_id: id, metadata }) => {
      const at = spots.get(id);
      const mode = MODE_WORDS[metadata?.mode] ?? 'Here';
      return at ? `${mode} · ${Math.round(at.x * 100)} × ${Math.round(at.y * 100)}` : mode;
    });
    this.renderCursors(picture, spots);
  }

  renderCursors(picture, spots) {
    const rows = new Map([...$('cursors').children].map((row) => [row.dataset.user, row]));
    for (const [id, { x, y }] of spots) {
      const own = id === this.session.userId;
      const row = rows.get(id) ?? $('cursor-template').content.firstElementChild.cloneNode(true);
      if (!rows.delete(id)) {
        row.dataset.user = id;
        row.lastElementChild.textContent = own ? 'You' : id;
        $('cursors').append(row);
      }
      row.hidden = own && !this.doc.drawn;
      row.classList.toggle('leftwards', x > 0.7);
      row.dataset.mode = String(picture?.members.get(id)?.metadata?.mode ?? '');
      row.style.left = `${x * 100}%`;
      row.style.top = `${y * 100}%`;
    }
    rows.forEach((row) => row.remove());
  }

  // The log

  logChange(id, before, now) {
    const text = changeWords(before, now);
    if (text === null) {
      return;
    }
    const you = id === this.session.userId;
    const name = you ? 'You' : id;
    this.log(now?.status ?? 'unknown', name, text, { user: id, to: now?.status ?? 'unknown' });
    const { row } = this.people.get(id) ?? {};
    if (row) {
      row.classList.remove('changed');
      void row.offsetWidth;
      row.classList.add('changed');
    }
    if (!you) {
      announcer.say(`${name}: ${text}.`);
    }
  }

  log(status, name, text, data = {}) {
    const entry = document.createElement('li');
    Object.assign(entry.dataset, data);
    const time = document.createElement('time');
    const at = new Date();
    time.dateTime = at.toISOString();
    time.textContent = preciseTime(at);
    const line = document.createElement('span');
    if (status) {
      line.append(dot(status));
    }
    if (name) {
      const who = document.createElement('strong');
      who.textContent = name;
      line.append(who, ' ', text);
    } else {
      line.className = 'aside-note';
      line.append(text);
    }
    entry.append(time, line);
    const list = $('log');
    list.prepend(entry);
    while (list.childElementCount > MAX_LOG) {
      list.lastElementChild.remove();
    }
    this.renderLog();
  }

  renderLog() {
    const empty = $('log').childElementCount === 0;
    $('no-log').hidden = !empty;
    $('clear-log').hidden = empty;
  }

  // Oneself

  showOwn(presence) {
    const before = this.ownPresence;
    this.ownPresence = presence;
    this.renderOwn();
    if (before && presence && !this.people.has(this.session.userId)) {
      this.logChange(this.session.userId, before, presence);
    }
    this.readOwn();
  }

  /** Reads one's own claim; what was asked before a write came through does not count. */
  async readOwn() {
    const reader = ++this.readers;
    const wait = this.wroteAt + SETTLE - performance.now();
    if (wait > 0) {
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    if (reader !== this.readers || this.ended.signal.aborted) {
      return;
    }
    try {
      const own = await this.call('GET', userPath(this.session.userId, 'status'));
      if (reader === this.readers && !this.ended.signal.aborted) {
        this.own = own;
        this.renderOwn();
        this.renderPrivacy();
        this.fillForm();
      }
    } catch (e) {
      this.refused(e);
    }
  }

  renderOwn() {
    const { own, ownPresence } = this;
    const invisible = own?.claim?.status === 'invisible';
    const status = invisible ? 'invisible' : (ownPresence?.status ?? 'unknown');
    setAvatar($('you-avatar'), this.session.userId, status);
    const shown = this.lost ? 'Was shown as' : 'Shown as';
    let words = ownPresence ? `${shown} ${stateWords(ownPresence, true)}` : 'Not shown yet';
    if (invisible) {
      words = 'Invisible: shown as offline';
    }
    const until = own?.claim?.expires_at;
    setText($('you-state'), until ? `${words}, until ${moment(until)}` : words);
    $('clear-status').hidden = !(own?.claim || own?.custom_status);
  }

  /** Makes the form say what is so, unless someone is filling it in. */
  fillForm() {
    if (!this.formTouched) {
      const { own } = this;
      const claim = own?.claim ?? null;
      const activity = claim ? claim.activity : (this.ownPresence?.activity ?? null);
      const known = !activity || activity in ACTIVITY_WORDS;
      $('status-form').elements.status.value = claim?.status ?? 'online';
      $('activity').value = known ? (activity ?? '') : 'other';
      $('own-activity').value = known ? '' : activity;
      $('custom-status').value = own?.custom_status ?? '';
      fillDurations($('expiry'), 'Until I change it', claim?.expires_at);
      fillDurations($('custom-expiry'), 'Never', own?.custom_status_expires_at);
    }
    this.renderForm();
  }

  renderForm() {
    $('expiry-field').hidden = $('status-form').elements.status.value === 'online';
    $('own-activity-field').hidden = $('activity').value !== 'other';
    $('custom-expiry-field').hidden = $('custom-status').value === '';
  }

  async setStatus() {
    clearField('status-error');
    clearField('own-activity', true);
    const status = $('status-form').elements.status.value;
    let activity = $('activity').value;
    if (activity === 'other') {
      activity = $('own-activity').value.trim();
      if (!ACTIVITY.test(activity)) {
        setFault('own-activity', 'status-error', 'An activity is one word: letters, digits and . _ : -');
        return;
      }
    }
    const text = $('custom-status').value.trim();
    await this.putStatus({
      status,
      activity: activity || null,
      custom_status: text || null,
      ...(status !== 'online' && expiry('expires_in', $('expiry'))),
      ...(text && expiry('custom_status_expires_in', $('custom-expiry'))),
    });
  }

  async clearStatus() {
    await this.putStatus({ status: 'online', activity: null, custom_status: null });
    $('status-form').querySelector('.primary').focus();
  }

  async putStatus(body) {
    const button = $('status-form').querySelector('.primary');
    button.disabled = true;
    try {
      await this.call('PUT', userPath(this.session.userId, 'status'), body);
      this.formTouched = false;
      this.wrote();
      announcer.sayNow('Your status is set.');
    } catch (e) {
      this.refused(e, 'status-error');
    } finally {
      button.disabled = false;
    }
  }

  // Who sees one

  renderPrivacy() {
    const visibility = this.own?.visibility;
    setText($('privacy-state'), visibility ? (VISIBILITY_WORDS[visibility] ?? visibility) : '');
    for (const radio of $('visibility').querySelectorAll('input')) {
      radio.checked = radio.value === visibility;
    }
  }

  async setVisibility(visibility) {
    clearField('privacy-error');
    try {
      await this.call('PUT', userPath(this.session.userId, 'visibility'), { visibility });
      if (this.own) {
        this.own.visibility = visibility;
      }
      this.wrote();
      announcer.sayNow(`Seen by: ${VISIBILITY_WORDS[visibility]}.`);
    } catch (e) {
      this.refused(e, 'privacy-error');
    }
    this.renderPrivacy();
  }

  async readContacts(after) {
    try {
      const query = after ? `&after=${encodeURIComponent(after)}` : '';
      const page = await this.call('GET', userPath(this.session.userId, `contacts?limit=100${query}`));
      if (this.ended.signal.aborted) {
        return;
      }
      this.contacts = after ? [...this.contacts, ...page.contacts] : page.contacts;
      this.nextContacts = page.next ?? null;
      this.renderContacts();
    } catch (e) {
      this.refused(e, 'privacy-error');
    }
  }

  async addContact() {
    const id = $('contact').value.trim();
    if (!ID.test(id)) {
      setFault(
        'contact',
        'privacy-error',
        id ? `${quoted(id)} cannot be a name.` : 'Type a name first.',
      );
      return;
    }
    try {
      await this.call('PUT', userPath(this.session.userId, `contacts/${encodeURIComponent(id)}`));
      clearField('contact');
      clearField('privacy-error');
      this.contacts = [id, ...this.contacts.filter((other) => other !== id)];
      this.renderContacts();
      announcer.sayNow(`${id} is a contact.`);
    } catch (e) {
      this.refused(e, 'privacy-error');
    }
  }

  async removeContact(id) {
    clearField('privacy-error');
    try {
      await this.call('DELETE', userPath(this.session.userId, `contacts/${encodeURIComponent(id)}`));
      this.contacts = this.contacts.filter((other) => other !== id);
      this.renderContacts();
      $('contact').focus();
      announcer.sayNow(`${id} is no longer a contact.`);
    } catch (e) {
      this.refused(e, 'privacy-error');
    }
  }

  renderContacts() {
    const rows = this.contacts.map((id) => {
      const row = $('contact-template').content.firstElementChild.cloneNode(true);
      row.dataset.user = id;
      row.querySelector('.contact-name').textContent = id;
      const remove = row.querySelector('button');
      remove.setAttribute('aria-label', `Remove the contact ${id}`);
      remove.title = `Remove ${id}`;
      remove.addEventListener('click', () => this.removeContact(id));
      return row;
    });
    $('contacts').replaceChildren(...rows);
    $('no-contacts').hidden = rows.length > 0;
    $('more-contacts').hidden = this.nextContacts === null;
  }

  // Calls

  call(method, path, body) {
    return call(this.session, method, path, body);
  }

  wrote() {
    this.wroteAt = performance.now();
    this.readOwn();
  }

  /** Says why a call failed where it was made; a token that no longer counts ends the visit. */
  refused(error, place) {
    if (this.ended.signal.aborted) {
      return;
    }
    if (!(error instanceof ApiError)) {
      throw error;
    }
    if (error.status === 401) {
      signOut(`You were signed out: ${error.message}`);
    } else if (place) {
      setText($(place), error.message);
    }
  }
}

/** How many are in a channel, and what one does there oneself. */
function placeWords(picture, doing) {
  return picture ? `${picture.count} here, ${doing}` : 'Looking …';
}

/** What changed, in words; null if nothing that one would want to read. */
function changeWords(before, now) {
  const from = before?.status ?? 'unknown';
  const to = now?.status ?? 'unknown';
  if (from !== to) {
    const custom = now?.custom_status && to !== 'offline' ? `, ${quoted(now.custom_status)}` : '';
    const state = now ? stateWords(now) : STATUS_WORDS.unknown;
    return `${STATUS_WORDS[from]} → ${state}${custom}`;
  }
  if (!now) {
    return null;
  }
  const parts = [];
  if (before.activity !== now.activity) {
    parts.push(now.activity ? activityWord(now.activity) : 'no activity');
  }
  if (before.custom_status !== now.custom_status) {
    parts.push(now.custom_status ? quoted(now.custom_status) : 'no custom status');
  }
  const devices = Object.keys(now.devices ?? {});
  if (parts.length === 0 && Object.keys(before.devices ?? {}).join() !== devices.join()) {
    parts.push(`on ${devices.join(', ')}`);
  }
  return parts.length > 0 ? parts.join(', ') : null;
}

// Forms

function fillDurations(select, none, expiresAt) {
  const options = [new Option(none, '')];
  if (expiresAt) {
    options.push(new Option(`As it is: until ${moment(expiresAt)}`, `at:${expiresAt}`, false, true));
  }
  for (const [seconds, words] of DURATIONS) {
    options.push(new Option(words, seconds));
  }
  select.replaceChildren(...options);
}

/** The chosen duration as a field of a call: seconds, or null for none. */
function expiry(field, select) {
  const { value } = select;
  let seconds = null;
  if (value === 'today') {
    const midnight = new Date();
    midnight.setHours(24, 0, 0, 0);
    seconds = Math.ceil((midnight - Date.now()) / 1000);
  } else if (value.startsWith('at:')) {
    seconds = Math.max(1, Math.ceil(Number(value.slice(3)) - clock.now()));
  } else if (value) {
    seconds = Number(value);
  }
  return { [field]: seconds };
}

function setFault(input, place, text) {
  $(input).setAttribute('aria-invalid', 'true');
  setText($(place), text);
  $(input).focus();
}

function clearField(id, keepValue = false) {
  const element = $(id);
  element.removeAttribute('aria-invalid');
  if (element.localName !== 'input') {
    element.textContent = '';
  } else if (!keepValue) {
    element.value = '';
  }
}

function retryWords({ retryAt }) {
  const seconds = retryAt ? Math.ceil((retryAt - Date.now()) / 1000) : 0;
  return seconds > 0 ? `Next try in ${seconds} s.` : 'Trying now …';
}

// Signing in and out

let visit = null;
let auth = 'none';

function showSignIn(reason = '') {
  $('app').hidden = true;
  $('sign-in').hidden = false;
  $('sign-in-reason').hidden = reason === '';
  setText($('sign-in-reason'), reason);
  $('name-field').hidden = auth === 'jwt';
  $('token-field').hidden = auth !== 'jwt';
  (auth === 'jwt' ? $('token') : $('name')).focus();
}

function begin(session) {
  store(sessionStorage, SESSION, session);
  $('sign-in').hidden = true;
  $('app').hidden = false;
  for (const id of ['you', 'privacy']) {
    $(id).open = matchMedia('(min-width: 52rem)').matches;
  }
  visit = new Visit(session);
  visit.start();
}

function signOut(reason) {
  visit?.end();
  visit = null;
  store(sessionStorage, SESSION, null);
  $('sign-in-form').reset();
  showSignIn(reason);
}

/** Whose token it is; null if it is none. It is the gateway that checks it. */
function subjectOf(token) {
  try {
    const payload = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(payload), (c) => c.charCodeAt(0));
    const { sub } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof sub === 'string' && ID.test(sub) ? sub : null;
  } catch {
    return null;
  }
}

function enteredSession() {
  if (auth === 'jwt') {
    const token = $('token').value.replace(/\s+/g, '');
    const userId = subjectOf(token);
    return userId ? { userId, token } : { input: 'token', fault: 'That is not a token of a user.' };
  }
  const userId = $('name').value.trim();
  if (ID.test(userId)) {
    return { userId };
  }
  const fault = userId ? 'Letters, digits and . _ : @ - only, please.' : 'Type your name first.';
  return { input: 'name', fault };
}

async function signIn() {
  setText($('sign-in-error'), '');
  $('name').removeAttribute('aria-invalid');
  $('token').removeAttribute('aria-invalid');
  const session = enteredSession();
  if (session.fault) {
    setFault(session.input, 'sign-in-error', session.fault);
    return;
  }
  const button = $('sign-in-form').querySelector('button');
  button.disabled = true;
  try {
    if (session.token) {
      await call(session, 'GET', userPath(session.userId, 'visibility'));
    }
    begin(session);
    $('people').focus({ preventScroll: true });
  } catch (e) {
    setFault(auth === 'jwt' ? 'token' : 'name', 'sign-in-error', e.message);
  } finally {
    button.disabled = false;
  }
}

async function open() {
  const response = await fetch('/page/config.json', { cache: 'no-store' });
  ({ auth } = await response.json());
  const session = stored(sessionStorage, SESSION);
  if (session && ID.test(session.userId) && Boolean(session.token) === (auth === 'jwt')) {
    begin(session);
  } else {
    showSignIn();
  }
}

$('sign-in-form').addEventListener('submit', (event) => {
  event.preventDefault();
  signIn();
});

open();
