package io.presence.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one was told of a channel, put together as a client does.
 *
 * @param members by their users
 * @param count as it was told last; -1 before that
 * @param events what became of members, after the first list, in order
 * @param cursors the last of each member
 */
record ChannelView(
    Map<String, JsonNode> members, int count, List<String> events, Map<String, JsonNode> cursors) {

  /** A member; a node that is missing if there is no such member. */
  JsonNode member(String userId) {
    return members.getOrDefault(userId, MissingNode.getInstance());
  }

  static ChannelView of(LiveClient client, String channelId) {
    Map<String, JsonNode> members = new TreeMap<>();
    Map<String, JsonNode> cursors = new TreeMap<>();
    List<String> events = new ArrayList<>();
    int count = -1;
    for (JsonNode message : client.view().messages()) {
      String type = message.path("type").asText();
      if (type.equals("cursor") && channelId.equals("doc:" + message.path("doc_id").asText())) {
        cursors.put(message.path("user_id").asText(), message.path("cursor"));
      }
      if (!message.path("channel_id").asText().equals(channelId)) {
        continue;
      }
      if (type.equals("initial_channel")) {
        if (message.path("first").asBoolean()) {
          members.clear();
          cursors.clear();
        }
        message.path("members").forEach(m -> members.put(m.path("user_id").asText(), m));
        count = message.path("count").asInt();
      } else if (type.equals("channel_update")) {
        String event = message.path("event").asText();
        String user = message.at("/member/user_id").asText();
        if (event.equals("left")) {
          members.remove(user);
          cursors.remove(user);
        } else {
          members.put(user, message.path("member"));
        }
        count = message.path("count").asInt();
        events.add(
            event
                + " "
                + user
                + (message.has("reason") ? " " + message.path("reason").asText() : "")
                + " "
                + count);
      }
    }
    return new ChannelView(members, count, events, cursors);
  }
}
