package io.presence.gateway.live;

/** Whether someone counts as a contact of the one whom they watch. */
enum Contact {
  YES,
  NO,
  /** All contacts were set anew: it has to be asked. */
  UNKNOWN;

  static Contact of(boolean contact) {
    return contact ? YES : NO;
  }
}
