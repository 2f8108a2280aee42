package io.presence.gateway.live;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The last cursor of each user in one document; of the first to be forgotten, the oldest. */
final class LastCursors {
  /** More are not remembered. */
  private static final int MAX_CURSORS = 5_000;

  private final Map<String, Cursor> byUser = new LinkedHashMap<>();
  private int bytes;

  /** About how much memory it takes. */
  int bytes() {
    return bytes;
  }

  boolean isEmpty() {
    return byUser.isEmpty();
  }

  void put(Cursor cursor) {
    remove(cursor.userId());
    if (byUser.size() >= MAX_CURSORS) {
      remove(byUser.keySet().iterator().next());
    }
    byUser.put(cursor.userId(), cursor);
    bytes += size(cursor);
  }

  void remove(String userId) {
    Cursor removed = byUser.remove(userId);
    if (removed != null) {
      bytes -= size(removed);
    }
  }

  @Nullable Cursor get(String userId) {
    return byUser.get(userId);
  }

  Collection<Cursor> all() {
    return byUser.values();
  }

  private static int size(Cursor cursor) {
    return 256 + cursor.message().json().length;
  }
}
