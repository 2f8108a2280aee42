package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedKafkaIT {
  @TempDir Path directory;

  @Test
  void shouldKeepItsClusterAndTopicsWhenStartedAgain() throws Exception {
    String clusterId;
    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory, 0);
        Admin admin = admin(kafka)) {
      clusterId = admin.describeCluster().clusterId().get();
      admin
          .createTopics(Set.of(new NewTopic("kept", Optional.of(2), Optional.empty())))
          .all()
          .get();
    }
    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory, 0);
        Admin admin = admin(kafka)) {
      assertThat(admin.describeCluster().clusterId().get()).isEqualTo(clusterId);
      assertThat(admin.listTopics().names().get()).containsExactly("kept");
    }
  }

  @Test
  void shouldNameTheDirectoryWhenItIsInUse() {
    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory, 0)) {
      assertThat(kafka.port()).isPositive();
      assertThatThrownBy(() -> EmbeddedKafka.start(directory, 0))
          .isInstanceOf(StartException.class)
          .hasMessage(
              "PRESENCE_DATA_DIR: %s is in use by another process (pid %d)",
              directory.toAbsolutePath(), ProcessHandle.current().pid());
    }
  }

  @Test
  void shouldNameThePortWhenItIsTaken() throws Exception {
    try (ServerSocket taken =
        new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
      int port = taken.getLocalPort();
      assertThatThrownBy(() -> EmbeddedKafka.start(directory, port))
          .isInstanceOf(StartException.class)
          .hasMessageStartingWith(
              "PRESENCE_KAFKA_PORT: cannot listen on port %d of 127.0.0.1: ".formatted(port))
          .hasMessageNotContaining("\n");
    }
    // What could not start has let go of the directory.
    EmbeddedKafka.start(directory, 0).close();
  }

  @Test
  void shouldSayWhatIsWrongWhenItsFormatIsBroken() throws Exception {
    Files.writeString(directory.resolve("meta.properties"), "version=1\nnode.id=7\n");
    assertThatThrownBy(() -> EmbeddedKafka.start(directory, 0))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("PRESENCE_DATA_DIR: Kafka cannot start on " + directory)
        .hasMessageNotContaining("\n");
  }

  @Test
  void shouldListenOnLoopbackAlone() throws Exception {
    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory, 0);
        Admin admin = admin(kafka)) {
      assertThat(admin.describeCluster().nodes().get())
          .singleElement()
          .satisfies(
              node -> {
                assertThat(node.host()).isEqualTo("127.0.0.1");
                assertThat(node.port()).isEqualTo(kafka.port());
              });
      assertThat(List.of(kafka.bootstrapServers())).containsExactly("127.0.0.1:" + kafka.port());
    }
  }

  private static Admin admin(EmbeddedKafka kafka) {
    return Admin.create(
        Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers()));
  }
}
