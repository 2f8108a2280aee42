package io.presence.gateway.live;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.gateway.live.ChannelWorld.Follower;
import io.presence.schemas.presence.Visibility;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What those who follow a channel are told, whatever comes late. */
final class ChannelFanoutTest {
  private final ChannelWorld world = new ChannelWorld("doc:d", 100, 2);

  @Test
  void shouldTellMembersAndThenWhatChanges() {
    world.join("ada");
    world.join("bob");
    world.join("carl");
    world.readAll();
    Follower eve = follower("eve");
    world.join("dan");
    world.update("ada");
    world.leave("bob", "left");
    world.readAll();
    assertThat(eve.heard())
        .containsExactly("initial_channel", "joined dan 4", "updated ada 4", "left bob 3");
    world.check(eve);
  }

  @Test
  void shouldHoldWhatComesBeforeTheListAndTellWhatItDoesNotHave() {
    world.join("ada");
    world.join("bob");
    world.join("carl");
    world.readAll();
    Follower eve = world.new Follower("eve");
    eve.follow();
    // The first page is made; after it, someone before its end leaves, someone after it joins.
    world.lists.getFirst().make();
    world.leave("ada", "left");
    world.join("dan");
    world.lists.getFirst().deliver();
    world.readAll();
    assertThat(eve.heard()).isEmpty();
    world.answerAll();
    assertThat(eve.heard()).containsExactly("initial_channel", "left ada 3");
    world.check(eve);
  }

  @Test
  void shouldNotTellWhatTheListHasAlready() {
    world.join("ada");
    world.update("ada");
    world.leave("ada", "left");
    world.join("bob");
    Follower eve = follower("eve");
    world.readAll();
    assertThat(eve.heard()).containsExactly("initial_channel");
    world.check(eve);
    world.join("carl");
    world.readAll();
    assertThat(eve.heard()).containsExactly("joined carl 2");
  }

  @Test
  void shouldKeepTheCountOfNewerListWhenOlderChangesAreTold() {
    for (String user : List.of("ada", "bob", "carl")) {
      world.join(user);
    }
    world.readAll();
    Follower eve = world.new Follower("eve");
    eve.follow();
    world.lists.getFirst().make();
    world.leave("ada", "left");
    world.leave("carl", "left");
    world.lists.getFirst().deliver();
    world.answerAll();
    assertThat(eve.count).isEqualTo(1);
    world.readAll();
    world.check(eve);
  }

  @Test
  void shouldShareOneListAmongThoseWhoWait() {
    world.join("ada");
    List<Follower> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      Follower next = world.new Follower("u" + i);
      next.follow();
      all.add(next);
    }
    assertThat(world.lists).hasSize(1);
    world.settle(all);
    all.forEach(world::check);
  }

  @Test
  void shouldAskAgainWhenNobodyAnswers() {
    world.join("ada");
    Follower eve = world.new Follower("eve");
    eve.follow();
    world.lists.getFirst().makeNotHere();
    world.lists.getFirst().deliver();
    assertThat(eve.heard()).isEmpty();
    world.settle(List.of(eve));
    world.check(eve);
  }

  @Test
  void shouldTellAnewWhenThereWasGapOrNewOwner() {
    world.join("ada");
    Follower eve = follower("eve");
    eve.heard();
    world.unread.clear();
    world.join("bob");
    world.unread.clear();
    world.gap();
    assertThat(eve.heard()).containsExactly("resync");
    world.answerAll();
    assertThat(eve.heard()).containsExactly("initial_channel");
    world.check(eve);
    world.leave("bob", "left");
    world.unread.clear();
    world.resync();
    world.answerAll();
    assertThat(eve.heard()).containsExactly("initial_channel");
    world.check(eve);
  }

  @Test
  void shouldNotBelieveListAskedForBeforeGap() {
    world.join("ada");
    Follower eve = world.new Follower("eve");
    eve.follow();
    world.lists.getFirst().make();
    world.join("bob");
    world.unread.clear();
    world.gap();
    world.settle(List.of(eve));
    world.check(eve);
  }

  @Test
  void shouldTellNothingMoreWhenUnfollowed() {
    world.join("ada");
    Follower eve = follower("eve");
    eve.heard();
    eve.subscriber.unfollow(world.channelId);
    world.join("bob");
    world.readAll();
    assertThat(eve.heard()).isEmpty();
  }

  @Test
  void shouldGatherWhereManyFollow() {
    ChannelWorld big = new ChannelWorld("room", 0, 10);
    big.join("ada");
    big.join("bob");
    big.readAll();
    Follower eve = big.new Follower("eve");
    eve.follow();
    big.settle(List.of(eve));
    eve.heard();
    big.join("carl");
    big.join("dan");
    big.update("dan");
    big.leave("carl", "left");
    big.update("ada");
    big.update("ada");
    big.leave("bob", "left");
    big.join("bob");
    big.readAll();
    assertThat(eve.heard()).isEmpty();
    big.fireTimers();
    assertThat(eve.heard()).containsExactly("joined dan 3", "updated ada 3", "joined bob 3");
    big.check(eve);
  }

  @Test
  void shouldNotLeaveGhostWhenListComesInTheMiddleOfWindow() {
    ChannelWorld big = new ChannelWorld("room", 0, 10);
    Follower eve = big.new Follower("eve");
    eve.follow();
    big.settle(List.of(eve));
    big.join("ada");
    big.readAll();
    // The window is open; a newcomer is told of ada.
    Follower fay = big.new Follower("fay");
    fay.follow();
    big.answerAll();
    assertThat(fay.picture).containsKey("ada");
    big.leave("ada", "left");
    big.readAll();
    big.fireTimers();
    assertThat(eve.heard()).containsExactly("initial_channel");
    big.check(eve);
    big.check(fay);
  }

  @Test
  void shouldTellNewestOfEachToSlowReaderAndAllAnewToOneWhoIsTooSlow() {
    ChannelWorld room = new ChannelWorld("room", 100, 20_000);
    Follower slow = room.new Follower("slow");
    slow.follow();
    room.settle(List.of(slow));
    slow.slow = true;
    for (int i = 0; i < 1_000; i++) {
      room.join("u");
      room.leave("u", "left");
    }
    room.join("u");
    room.readAll();
    assertThat(slow.subscriber.queued()).isLessThan(300);
    room.settle(List.of(slow));
    room.check(slow);
    for (int i = 0; i < 12_000; i++) {
      room.join("v" + i);
      room.readAll();
      assertThat(slow.subscriber.queued()).isLessThan(5_500);
    }
    room.settle(List.of(slow));
    room.check(slow);
  }

  @Test
  void shouldShowLastSeenToThoseWhoMaySeeIt() {
    world.visibilities.put("ada", Visibility.CONTACTS);
    world.visibilities.put("bob", Visibility.NOBODY);
    world.join("ada");
    world.join("bob");
    world.join("carl");
    assertThat(seen(follower("stranger"))).isEqualTo("ada null bob null carl 9 ");
    assertThat(seen(follower("friend"))).isEqualTo("ada 9 bob null carl 9 ");
    assertThat(seen(follower("bob"))).isEqualTo("ada null bob 9 carl 9 ");
  }

  @Test
  void shouldTellOneWhoseMembershipIsLost() {
    world.join("ada");
    world.join("bob");
    Follower ada = follower("ada");
    Follower bob = follower("bob");
    world.leave("ada", "timed_out");
    world.leave("bob", "left");
    world.readAll();
    assertThat(ada.lost).containsExactly("doc:d");
    assertThat(bob.lost).isEmpty();
  }

  @Test
  void shouldSendCursorsOfMembersToOthers() {
    world.join("ada");
    world.join("bob");
    Follower ada = follower("ada");
    Follower bob = follower("bob");
    world.readAll();
    ada.heard();
    bob.heard();
    long at = world.joinedAt("ada");
    world.cursor("ada", 1, at);
    assertThat(ada.heard()).isEmpty();
    assertThat(bob.heard()).containsExactly("cursor ada 1");
    // Too soon after it: the newest, a little later.
    world.cursor("ada", 2, at);
    world.cursor("ada", 3, at);
    world.cursor("bob", 4, at);
    assertThat(bob.heard()).isEmpty();
    world.fireTimers();
    assertThat(bob.heard()).containsExactly("cursor ada 3");
    assertThat(ada.heard()).containsExactly("cursor bob 4");
  }

  @Test
  void shouldTellNewcomersTheLastCursorsOfThoseWhoAreThere() {
    world.join("ada");
    world.join("bob");
    world.readAll();
    long at = world.joinedAt("bob");
    // Nobody follows; still they are remembered, but not that of one who left.
    world.cursor("ada", 1, at);
    world.cursor("ada", 2, at);
    world.cursor("bob", 3, at);
    world.cursor("hidden", 4, at);
    world.leave("bob", "left");
    world.readAll();
    world.join("bob");
    world.readAll();
    Follower eve = follower("eve");
    assertThat(eve.heard()).containsExactly("initial_channel", "cursor ada 2");
    world.leave("ada", "left");
    world.join("ada");
    world.readAll();
    world.fireTimers();
    assertThat(eve.heard()).containsExactly("left ada 1", "joined ada 2");
    // It was on its way when ada left.
    world.cursor("ada", 5, at - 5_000);
    world.fireTimers();
    assertThat(eve.heard()).isEmpty();
    Follower fay = follower("fay");
    assertThat(fay.heard()).containsExactly("initial_channel");
  }

  @Test
  void shouldSendCursorThatCameBeforeItsMember() {
    Follower eve = follower("eve");
    eve.heard();
    world.join("ada");
    world.cursor("ada", 1, world.joinedAt("ada"));
    assertThat(eve.heard()).isEmpty();
    world.readAll();
    assertThat(eve.heard()).containsExactly("joined ada 1", "cursor ada 1");
  }

  /** Whatever happens in whatever order, in the end all pictures are right. */
  @Test
  void shouldHaveRightPicturesInTheEnd() {
    for (int seed = 0; seed < 400; seed++) {
      Random random = new Random(seed);
      ChannelWorld any = new ChannelWorld("doc:d", random.nextInt(4), 1 + random.nextInt(4));
      List<Follower> followers = new ArrayList<>();
      Map<String, Integer> moved = new HashMap<>();
      for (int step = 0; step < 200; step++) {
        String user = "u" + random.nextInt(6);
        boolean here = any.members.containsKey(user);
        switch (random.nextInt(13)) {
          case 0, 1, 2 -> {
            if (!here) {
              any.join(user);
            } else if (random.nextBoolean()) {
              any.update(user);
            } else {
              any.leave(user, "left");
              moved.remove(user);
            }
          }
          case 3, 4 -> any.read();
          case 5 -> any.readAll();
          case 6 -> {
            if (!any.lists.isEmpty()) {
              any.lists.get(random.nextInt(any.lists.size())).make();
            }
          }
          case 7 -> {
            if (!any.lists.isEmpty()) {
              any.lists.get(random.nextInt(any.lists.size())).deliver();
            }
          }
          case 8 -> any.fireTimers();
          case 9 -> {
            Follower next = any.new Follower("f" + followers.size());
            next.slow = random.nextBoolean();
            next.follow();
            followers.add(next);
          }
          case 10 -> {
            if (!followers.isEmpty()) {
              followers.get(random.nextInt(followers.size())).endWrite();
            }
          }
          case 11 -> {
            if (random.nextInt(10) == 0) {
              any.unread.clear();
              any.gap();
            }
          }
          default -> {
            if (here && any.unread.isEmpty()) {
              any.cursor(user, step, any.joinedAt(user));
              moved.put(user, step);
            }
          }
        }
      }
      any.settle(followers);
      for (Follower follower : followers) {
        any.check(follower);
        assertThat(follower.cursors.keySet()).isSubsetOf(any.members.keySet());
        moved.forEach((user, cursor) -> assertThat(follower.cursors.get(user)).isEqualTo(cursor));
      }
    }
  }

  private Follower follower(String userId) {
    Follower follower = world.new Follower(userId);
    follower.follow();
    world.answerAll();
    return follower;
  }

  private static String seen(Follower follower) {
    StringBuilder seen = new StringBuilder();
    for (JsonNode frame : follower.frames) {
      frame
          .path("members")
          .forEach(
              m ->
                  seen.append(m.path("user_id").asText())
                      .append(' ')
                      .append(m.path("last_seen"))
                      .append(' '));
    }
    return seen.toString();
  }
}
