package io.presence.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that can happen to the processes of a cluster happens to it, one after the other,
 * under a load that never ends. What is found goes to {@code target/cluster}, the logs of all
 * processes beside it.
 */
class FaultsIT {
  private static final Logger LOG = LoggerFactory.getLogger(FaultsIT.class);
  private static final Duration TTL = seconds("cluster.heartbeat.ttl", "6s");
  private static final Duration PAUSE = seconds("cluster.pause", "20s");
  private static final Duration REST = seconds("cluster.rest", "0s");
  private static final int PEOPLE = Integer.getInteger("cluster.people", 120);
  private static final long SEED = Long.getLong("cluster.seed", 1);

  /** After which a streams-app that says nothing any more loses what it owns, and a little. */
  private static final Duration TAKEOVER = Duration.ofSeconds(13);

  /** What is promised, beyond what there is between two answers when nothing happens. */
  private static final Duration WITHOUT_ANSWER = Duration.ofSeconds(2);

  /**
   * A gateway that has just started serves its share for so long before it gets all: it has yet to
   * compile what it runs, on what the other processes leave of two cores.
   */
  private static final Duration GATEWAY_SETTLES = Duration.ofSeconds(3);

  private static final String NONE = "none";
  private static final String APP_KILLED = "streams-app killed";
  private static final String APP_KILLED_BACK_AT_ONCE = "streams-app killed, back at once";
  private static final String APP_PAUSED = "streams-app paused";
  private static final Map<String, Fault> FAULTS = new LinkedHashMap<>();

  /** Which of them: all, unless one looks into some. */
  private static final String CHOSEN = System.getProperty("cluster.faults", ".*");

  static {
    FAULTS.put(NONE, c -> Thread.sleep(PAUSE.dividedBy(4)));
    FAULTS.put(APP_KILLED, c -> killAndStart(c.streamsApps.get(0), TAKEOVER));
    FAULTS.put(APP_KILLED_BACK_AT_ONCE, c -> killAndStart(c.streamsApps.get(1), Duration.ZERO));
    FAULTS.put("gateway killed", c -> killAndStart(c.gateways.get(0), TTL));
    FAULTS.put("broker killed", c -> killAndStart(c.brokers.get(0), TAKEOVER));
    FAULTS.put(APP_PAUSED, c -> c.streamsApps.get(2).pause(PAUSE));
    FAULTS.put("broker paused", c -> c.brokers.get(1).pause(PAUSE));
    FAULTS.put("all brokers killed", FaultsIT::killAllBrokers);
    FAULTS.put("rolling restart", FaultsIT::restartOneByOne);
  }

  private final Findings findings = new Findings();

  static Stream<String> guarantees() {
    return Stream.of("exactly_once_v2", "at_least_once")
        .filter(guarantee -> guarantee.matches(System.getProperty("cluster.guarantees", ".*")));
  }

  private interface Fault {
    void hit(Cluster cluster) throws IOException, InterruptedException;
  }

  @ParameterizedTest
  @MethodSource("guarantees")
  @Timeout(value = 60, unit = TimeUnit.MINUTES)
  void shouldStayRightWhateverBreaks(String guarantee) throws Exception {
    Path directory = Path.of("target", "cluster", guarantee);
    boolean lenient = guarantee.equals("at_least_once");
    Map<String, String> settings = new HashMap<>();
    settings.put("PRESENCE_HEARTBEAT_TTL", TTL.toSeconds() + "s");
    settings.put("PRESENCE_AWAY_AFTER", "6h");
    settings.put("PRESENCE_PROCESSING_GUARANTEE", guarantee);
    // Eight processes on two cores: a transaction costs each of the brokers something.
    settings.put("PRESENCE_COMMIT_INTERVAL", "100ms");
    settings.put("PRESENCE_DELIVERY", System.getProperty("cluster.delivery", "all"));
    try (Cluster cluster = Cluster.start(directory, settings);
        Load load = new Load(cluster, PEOPLE, TTL, SEED, lenient, findings)) {
      findings.begin(NONE);
      load.start();
      for (Map.Entry<String, Fault> fault : FAULTS.entrySet()) {
        if (fault.getKey().matches(CHOSEN)) {
          hit(fault.getKey(), cluster, load, lenient, fault.getValue());
        }
      }
    } finally {
      String report = findings.table() + "\n" + String.join("\n\n", findings.wrong()) + "\n";
      Files.writeString(directory.resolve("findings.md"), report);
      System.out.println("\nThe load is seeded with " + SEED + ". " + guarantee + ":\n" + report);
    }
    assertThat(findings.wrong()).isEmpty();
    for (String fault : List.of(APP_KILLED, APP_KILLED_BACK_AT_ONCE, APP_PAUSED)) {
      assertThat(findings.longestWithoutAnswerMillis(fault))
          .as("the longest time without an answer, in ms: %s", fault)
          .isLessThan(findings.longestWithoutAnswerMillis(NONE) + WITHOUT_ANSWER.toMillis());
    }
  }

  /**
   * @param lenient for at-least-once: one that was paused may write what is old last when it goes
   *     on, and that is right again with the next change only
   */
  private void hit(String name, Cluster cluster, Load load, boolean lenient, Fault fault)
      throws Exception {
    cluster.awaitWhole();
    load.awaitPace();
    LOG.info("{}", name);
    boolean old = lenient && name.equals(APP_PAUSED);
    findings.begin(name, !old);
    fault.hit(cluster);
    Thread.sleep(REST);
    load.settle(old);
    for (Member member : cluster.members()) {
      if (!member.isAlive()) {
        findings.wrong(member.name + " has ended");
      }
    }
  }

  private static void killAndStart(Member member, Duration between) throws InterruptedException {
    member.kill();
    Thread.sleep(between);
    member.start();
    member.awaitReady();
  }

  private static void killAllBrokers(Cluster cluster) throws IOException, InterruptedException {
    for (Member broker : cluster.brokers) {
      broker.kill();
    }
    Thread.sleep(TTL);
    // No copy can be compared with anything now, and an operator is to know.
    assertThat(cluster.silentPartitions()).isPositive();
    Cluster.start(cluster.brokers);
  }

  private static void restartOneByOne(Cluster cluster) throws InterruptedException {
    for (Member member : cluster.members()) {
      cluster.awaitWhole();
      member.stop();
      member.start();
      member.awaitReady();
      if (cluster.gateways.contains(member)) {
        Thread.sleep(GATEWAY_SETTLES);
      }
    }
  }

  private static Duration seconds(String property, String otherwise) {
    String text = System.getProperty(property, otherwise);
    return Duration.ofSeconds(Long.parseLong(text.replace("s", "")));
  }
}
