/** What someone is shown as. */
export type ShownStatus = 'online' | 'away' | 'busy' | 'offline';

/** What one can say of oneself; `offline` means `invisible`. */
export type ChosenStatus = 'online' | 'away' | 'busy' | 'invisible' | 'offline';

/** One's own status as this client set it. It does not know what other tabs, devices or backends set. */
export type OwnStatus = 'online' | 'away' | 'busy' | 'invisible' | 'offline';

/** Someone's presence. Times are seconds since the epoch. Frozen. */
export interface Presence {
  readonly user_id: string;
  readonly status: ShownStatus;
  readonly last_seen: number | null;
  readonly device: string | null;
  readonly custom_status: string | null;
  readonly activity: string | null;
  /** When the status began. */
  readonly since: number | null;
  /** Orders the presences of one user; it does not count. Null if `known` is false. */
  readonly version: number | null;
  /** The status of each device. */
  readonly devices: Readonly<Record<string, ShownStatus>>;
  /** False if the gateway has no such user or hides them, which cannot be told apart: then all is null and the status `offline`. */
  readonly known: boolean;
}

export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'disconnected';

export interface ConnectionChange {
  readonly state: ConnectionState;
  /** For people. */
  readonly reason: string;
  /** The close code of the socket that was lost, if it had one. */
  readonly code: number | null;
  /** When the next try is, in milliseconds since the epoch; null while one is under way, or if there is none. */
  readonly retryAt: number | null;
}

export interface StatusChange {
  previous: OwnStatus;
  /** `idle`: nothing was done for too long. `activity`: something was done again. `expired`: the status was set for a time. */
  by: 'user' | 'idle' | 'activity' | 'expired';
}

export interface Welcome {
  sessionId: string | null;
  /** Seconds since the epoch. */
  serverTime: number | null;
  /** Seconds. */
  heartbeatInterval: number;
  /** Seconds. */
  awayAfter: number;
}

export interface PresenceError {
  /** A code of the gateway (`rate_limited`, `invalid_message`, …), or `token_failed` or `bad_message` of this client. */
  code: string;
  message: string;
  /** The type of the message that it answers. */
  of: string | null;
  /** Seconds. */
  retryAfter: number | null;
  /** Those whom the gateway refused to let this client follow; the client does not follow them now. */
  userIds: string[] | null;
}

/** Someone who is in a channel, in however many sessions. Frozen. */
export interface Member {
  readonly user_id: string;
  /** Seconds since the epoch. */
  readonly joined_at: number;
  /** Seconds since the epoch; null if it is not told. */
  readonly last_seen: number | null;
  /** What they were joined with or updated to; in a document, `mode` is `viewing` or `editing`. */
  readonly metadata: Readonly<Record<string, any>> | null;
}

/** Who is in a channel. */
export interface ChannelPicture {
  readonly channelId: string;
  /** By user id, kept up to date while the channel is followed. */
  readonly members: ReadonlyMap<string, Member>;
  /** In a document: where the cursors of its members are, by user id; without one's own over this connection. */
  readonly cursors: ReadonlyMap<string, any>;
  readonly count: number;
  /** Whether it may be out of date: without a connection, or until the gateway has told it anew. */
  readonly stale: boolean;
}

export interface ChannelUpdate {
  readonly channelId: string;
  readonly event: 'joined' | 'updated' | 'left';
  readonly member: Member;
  /** Why they left: by themselves, with their connection, or without a sign of life for too long; else null. */
  readonly reason: 'left' | 'disconnected' | 'timed_out' | null;
  readonly count: number;
}

export interface CursorMove {
  readonly docId: string;
  readonly userId: string;
  /** Whatever they gave. */
  readonly cursor: any;
}

export interface JoinOptions {
  /** What others see of one there: at most 4 KiB of JSON. Without it what was set stays; null clears it. */
  metadata?: object | null | undefined;
  /** Neither listed nor counted for others. Without it, it stays as it was. */
  hidden?: boolean | undefined;
}

export interface PresenceEvents {
  /** A presence came: the first, a change, or the same anew. `previous` is what was known before. */
  onPresenceChange: (presence: Presence, previous: Presence | undefined) => void;
  onStatusChange: (status: OwnStatus, change: StatusChange) => void;
  onConnectionChange: (connection: ConnectionChange) => void;
  /** Whether any of what is in `presences` may be out of date. */
  onStaleChange: (stale: boolean) => void;
  /** The gateway missed changes; all is stale until it has been told anew, which happens by itself. */
  onResync: () => void;
  onError: (error: PresenceError) => void;
  /** A socket was opened; also when one took over from another because a token was about to expire. */
  onWelcome: (welcome: Welcome) => void;
  /** What is known of a channel changed, or became stale. */
  channel: (picture: ChannelPicture) => void;
  /** One change in a channel, before `channel` tells the picture. Not told for what a list that is told anew brings. */
  channel_update: (update: ChannelUpdate) => void;
  /** The cursor of someone in a document moved. It ends with its member. */
  cursor: (move: CursorMove) => void;
}

export interface PresenceClientOptions {
  /** A JWT, or a function that gives a fresh one each time it is called. */
  token?: string | (() => string | Promise<string>) | undefined;
  /** The WebSocket to use where there is no global one. */
  WebSocket?: (new (url: string) => any) | undefined;
  /** Seconds without activity until away; by default what the gateway says (300). */
  awayAfter?: number | undefined;
  /** Seconds without activity until away while the tab is hidden; 60 by default. */
  hiddenAwayAfter?: number | undefined;
  /** For tests: what stands for the page, the clock and chance. */
  environment?:
    | {
        window?: any;
        document?: any;
        now?: (() => number) | undefined;
        setTimeout?: ((callback: () => void, delay: number) => any) | undefined;
        clearTimeout?: ((timer: any) => void) | undefined;
        random?: (() => number) | undefined;
      }
    | undefined;
}

export interface SetStatusOptions {
  /** Seconds that a `busy` or `invisible` lasts; without it, until another is set. */
  expiresIn?: number | null | undefined;
  /** Seconds that the custom status lasts. */
  customStatusExpiresIn?: number | null | undefined;
}

/** One connection to a gateway, kept up by itself: one's own presence, and that of those one follows. */
export class PresenceClient {
  /**
   * @param wsUrl where the gateway's sockets are: `wss://presence.example.com/presence`; on a page of the gateway, `/presence`
   * @param userId who one is; null takes it from the token (a JWT's `sub`), or is nobody, who can only watch
   * @param device what others see it under: `web` if null
   * @throws TypeError if an argument is wrong or there is no WebSocket
   */
  constructor(wsUrl: string | URL, userId: string | null, device?: string | null, options?: PresenceClientOptions);

  readonly userId: string | null;
  readonly device: string;
  /** The session's name while connected, else null. */
  readonly sessionId: string | null;
  readonly connection: ConnectionChange;
  readonly status: OwnStatus;
  /** All that is known of those one follows; kept up to date. */
  readonly presences: ReadonlyMap<string, Presence>;
  /** Whether any of it may be out of date: without a connection, or until the gateway has told it anew. */
  readonly stale: boolean;
  /** Those whom one follows: a copy. */
  readonly subscriptions: string[];

  /** Whether what is known of this user may be out of date, or nothing is known yet. */
  isStale(userId: string): boolean;

  /** Connects, and stays connected until `disconnect`. If it waits for its next try, it tries now. */
  connect(): void;

  /** Says goodbye: one is offline at once. Ends all timers and listeners on the page; `connect` begins anew. */
  disconnect(): void;

  /** Goes online, now or once connected. Without it (or `setStatus` to online or away) a client only watches. */
  setOnline(customStatus?: string | null): void;

  /**
   * Sets one's status, now or once connected (then only the newest is sent). `busy` and `invisible` are of the user, on all
   * devices, and outlive this page; `away` is of this client alone, and lasts until `online` is set: moving the
   * mouse does not take it back. `online` ends any of them.
   *
   * @param customStatus null leaves it as it is, `""` clears it; at most 140 characters
   * @param activity such as `in_call`; ends with the status
   */
  setStatus(
    status: ChosenStatus,
    customStatus?: string | null,
    activity?: string | null,
    options?: SetStatusOptions | null,
  ): void;

  /**
   * Follows users: `onPresenceChange` tells each, first of all as they are now.
   *
   * @throws RangeError if that would make more than 5,000
   */
  subscribeToUsers(userIds: string | Iterable<string>): void;

  unsubscribeFromUsers(userIds: string | Iterable<string>): void;

  /**
   * Is in a channel from now on, also over later connections, until `leaveChannel` or `disconnect`; and follows it.
   * Called again, it changes what it is there with.
   *
   * @throws TypeError if the metadata is no object or too large
   */
  joinChannel(channelId: string, options?: JoinOptions | null): void;

  /** Is in it no more. It is followed still if it is watched. */
  leaveChannel(channelId: string): void;

  /** Sets the metadata, as a whole; nothing if not joined. */
  updateChannel(channelId: string, metadata: object | null): void;

  /** Follows a channel without being in it. */
  watchChannel(channelId: string): void;

  unwatchChannel(channelId: string): void;

  /**
   * Joins the document's channel, `doc:` and its id, with `mode` `viewing` in the metadata; from editing, goes on in it.
   *
   * @param cursor where one is; null leaves it
   */
  startViewing(docId: string, cursor?: any): void;

  /** The same with the mode `editing`. */
  startEditing(docId: string, cursor?: any): void;

  /** Leaves the document. */
  stopViewing(docId: string): void;

  /**
   * Tells the others in the document where one is; nothing if not there. It may be called at each move: one in 40 ms is
   * sent, the last one always.
   *
   * @param cursor at most 1 KiB of JSON
   */
  updateCursor(docId: string, cursor: any): void;

  /** What is known of a channel that is followed; undefined until it is told. */
  channel(channelId: string): ChannelPicture | undefined;

  /** Calls the listener at each such event; the function it returns takes it away again. */
  on<Name extends keyof PresenceEvents>(name: Name, listener: PresenceEvents[Name]): () => void;

  off<Name extends keyof PresenceEvents>(name: Name, listener: PresenceEvents[Name]): void;
}
