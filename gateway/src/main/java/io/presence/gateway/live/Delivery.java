package io.presence.gateway.live;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How the changes of users come to this gateway. */
public interface Delivery {
  /** The first who watches a user is here. It waits for nothing. */
  void watched(String userId);

  /** The last who watched a user is gone. It waits for nothing. */
  void unwatched(String userId);

  /**
   * Runs something, now or later: once every change of these users from then on comes here, or when
   * that cannot be waited for any longer.
   */
  void whenHeard(Collection<String> userIds, Runnable then);

  /** Those of whom not every change from now on is sure to come here; null if there are none. */
  @Nullable Set<String> unheard(List<String> userIds);

  /** One where every change of all users comes here anyway. */
  static Delivery ofAll() {
    return new Delivery() {
      @Override
      public void watched(String userId) {}

      @Override
      public void unwatched(String userId) {}

      @Override
      public void whenHeard(Collection<String> userIds, Runnable then) {
        then.run();
      }

      @Override
      public @Nullable Set<String> unheard(List<String> userIds) {
        return null;
      }
    };
  }
}
