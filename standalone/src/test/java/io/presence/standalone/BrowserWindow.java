package io.presence.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.slf4j.LoggerFactory;

/** The page in a headless Chromium of its own, used as a person would. */
final class BrowserWindow implements AutoCloseable {
  private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(BrowserWindow.class);
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final Path SCREENSHOTS = Path.of("target/screenshots");
  private static final String AXE = read("/axe.min.js");
  // Selenium wants to tell that it does not know the newest Chromium; what is used here it knows.
  private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium.devtools");

  static {
    SELENIUM.setLevel(Level.SEVERE);
  }

  private final ChromeDriver driver;
  private final List<String> errors = new ArrayList<>();

  private BrowserWindow(ChromeDriver driver) {
    this.driver = driver;
  }

  /** Whether there is a browser here that can be driven. */
  static boolean available() {
    boolean available = onPath("chromium").isPresent() && onPath("chromedriver").isPresent();
    if (!available) {
      LOG.warn("Chromium is not installed: the browser tests did not run");
    }
    return available;
  }

  /** Opens the page. */
  static BrowserWindow open(String url) {
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    ChromeOptions options =
        new ChromeOptions()
            .setBinary(onPath("chromium").orElseThrow())
            .addArguments(
                "--headless=new",
                "--window-size=1280,1150",
                "--force-prefers-reduced-motion",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--disable-extensions",
                "--disable-background-networking",
                "--no-first-run");
    options.setCapability("goog:loggingPrefs", logs);
    if (System.getProperty("user.name").equals("root")) {
      options.addArguments("--no-sandbox");
    }
    // Named, it is not looked for elsewhere.
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(onPath("chromedriver").orElseThrow())
            .usingAnyFreePort()
            .build();
    BrowserWindow window = new BrowserWindow(new ChromeDriver(service, options));
    window.driver.get(url);
    return window;
  }

  // What a person does

  void signIn(String name) {
    element("#name").sendKeys(name, Keys.ENTER);
    awaitLive();
  }

  void signOut() {
    click("#sign-out");
  }

  void add(String... people) {
    element("#person").sendKeys(String.join(" ", people), Keys.ENTER);
  }

  void remove(String name) {
    click(person(name) + " button");
  }

  void setStatus(String status, String activity, String customStatus) {
    click("#status-form label:has([value=" + status + "])");
    click("#activity option[value='" + activity + "']");
    WebElement text = element("#custom-status");
    text.clear();
    text.sendKeys(customStatus);
    click("#status-form [type=submit]");
  }

  void setVisibility(String visibility) {
    click("#visibility label:has([value=" + visibility + "])");
  }

  void addContact(String name) {
    element("#contact").sendKeys(name, Keys.ENTER);
    awaitThat("#contacts [data-user='" + name + "']");
  }

  void joinRoom(String room) {
    element("#room").sendKeys(room);
    click("#room-form [value=join]");
  }

  void watchRoom(String room) {
    element("#room").sendKeys(room);
    click("#room-form [value=watch]");
  }

  /** Leaves a room, and watches it. */
  void leaveRoom(String room) {
    click(room(room) + " .room-join");
  }

  void openDocument(String name) {
    element("#document-id").sendKeys(name, Keys.ENTER);
    awaitThat("#open-document");
  }

  /** Views, edits or only watches the document that is open. */
  void setMode(String mode) {
    click("#document-mode label:has([value=" + mode + "])");
  }

  /** Moves the pointer so many pixels from the middle of what is seen of the document. */
  void pointFromMiddle(int x, int y) {
    new Actions(driver).moveToElement(element("#sheet"), x, y).perform();
    // It is drawn with the next picture.
    driver.executeAsyncScript("requestAnimationFrame(() => requestAnimationFrame(arguments[0]));");
  }

  void clearLog() {
    click("#clear-log");
  }

  void moveMouse() {
    new Actions(driver).moveByOffset(1, 1).moveByOffset(-1, -1).perform();
  }

  void reload() {
    driver.navigate().refresh();
    awaitLive();
  }

  // What a person sees

  void awaitLive() {
    awaitThat("#app[data-connection=live]");
  }

  void awaitPerson(String name, String status) {
    awaitThat(person(name) + "[data-status=" + status + "]");
  }

  /** Awaits that a room shows so many, and who they are. */
  void awaitRoom(String room, int count, String... members) {
    awaitThat(room(room) + ":not([data-stale])");
    await(room)
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .until(
            () ->
                text(room(room) + " .room-count").startsWith(count + " here")
                    && users(room(room) + " .member").equals(List.of(members)));
  }

  /** Awaits that someone is in the document in a mode. */
  void awaitMember(String name, String mode) {
    awaitThat(documentMember(name) + "[data-mode=" + mode + "]");
  }

  /** Who is listed in the document. */
  List<String> documentMembers() {
    return users("#document-members .member");
  }

  /** Where a member's cursor is, as it is written: a part of the width and one of the height. */
  String placeOf(String name) {
    String text = text(documentMember(name) + " .member-detail");
    return text.substring(text.indexOf('·') + 1).strip();
  }

  /** Awaits that someone's cursor is shown in the document, and where. */
  void awaitCursor(String name, String place) {
    awaitThat("#cursors [data-user='" + name + "']");
    await(name).atMost(PATIENCE).pollInterval(POLL).until(() -> placeOf(name).equals(place));
  }

  void awaitThat(String selector) {
    await(selector).atMost(PATIENCE).pollInterval(POLL).until(() -> has(selector));
  }

  private boolean shown(WebElement element) {
    return element.isDisplayed();
  }

  /** Whom one watches, as listed. */
  List<String> people() {
    return users("#people-list [data-user]");
  }

  private List<String> users(String selector) {
    return attributes(selector, "data-user");
  }

  /** What is written about a person. */
  String textOf(String name) {
    return text(person(name) + " .person-text");
  }

  String text(String selector) {
    return untilItStays(() -> element(selector).getText());
  }

  boolean has(String selector) {
    return untilItStays(
        () -> driver.findElements(By.cssSelector(selector)).stream().anyMatch(this::shown));
  }

  private List<String> attributes(String selector, String attribute) {
    return untilItStays(
        () ->
            driver.findElements(By.cssSelector(selector)).stream()
                .map(element -> Objects.requireNonNull(element.getDomAttribute(attribute)))
                .toList());
  }

  /**
   * Looks again where the page was drawn anew between finding an element and reading it: a person
   * would not have noticed.
   */
  private static <T> T untilItStays(Supplier<T> look) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        return look.get();
      } catch (StaleElementReferenceException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
      }
    }
  }

  /** The statuses that a person came to, by the log, the oldest first. */
  List<String> logOf(String name) {
    return attributes("#log [data-user='" + name + "']", "data-to").reversed();
  }

  // How it looks

  /** Looks at the page with other eyes: 0 as width is that of the window. */
  void emulate(int width, boolean dark) {
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    if (width == 0) {
      driver.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
    } else {
      driver.executeCdpCommand(
          "Emulation.setDeviceMetricsOverride",
          Map.of("width", width, "height", 800, "deviceScaleFactor", 1, "mobile", true));
    }
  }

  /** Keeps a picture of the whole page in {@code target/screenshots}. */
  void shoot(String name) {
    Object picture =
        driver
            .executeCdpCommand(
                "Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", true))
            .get("data");
    try {
      Files.createDirectories(SCREENSHOTS);
      Files.write(
          SCREENSHOTS.resolve(name + ".png"), Base64.getDecoder().decode(String.valueOf(picture)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What axe-core finds fault with, one line each. */
  List<String> violations() {
    driver.executeScript(AXE);
    Object found =
        driver.executeAsyncScript(
            """
            const done = arguments[arguments.length - 1];
            axe.run().then(
                (results) => done(JSON.stringify(results.violations)),
                (failure) => done(JSON.stringify([{id: String(failure), nodes: []}])));
            """);
    List<String> faults = new ArrayList<>();
    for (JsonNode violation : TopicReader.json(String.valueOf(found).getBytes(UTF_8))) {
      faults.add(violation.path("id").asText());
      violation
          .path("nodes")
          .forEach(
              node -> faults.add("  " + node.path("target") + " " + node.path("failureSummary")));
    }
    return faults;
  }

  /** What does not fit its width. */
  List<String> overflows() {
    Object found =
        driver.executeScript(
            """
            return JSON.stringify([...document.querySelectorAll('html, html *')]
                .filter((e) => e.scrollWidth > e.clientWidth + 1)
                .filter((e) => e.localName === 'html' || getComputedStyle(e).overflowX === 'auto')
                .map((e) => e.localName + '#' + e.id));
            """);
    List<String> overflowing = new ArrayList<>();
    TopicReader.json(String.valueOf(found).getBytes(UTF_8))
        .forEach(element -> overflowing.add(element.asText()));
    return overflowing;
  }

  /** All that the browser's console held against the page so far. */
  List<String> errors() {
    for (LogEntry entry : driver.manage().logs().get(LogType.BROWSER)) {
      if (entry.getLevel().intValue() >= Level.WARNING.intValue()) {
        errors.add(entry.getMessage());
      }
    }
    return errors;
  }

  @Override
  public void close() {
    driver.quit();
  }

  private void click(String selector) {
    var unused =
        untilItStays(
            () -> {
              element(selector).click();
              return true;
            });
  }

  private WebElement element(String selector) {
    awaitThat(selector);
    return driver.findElement(By.cssSelector(selector));
  }

  private static String person(String name) {
    return "#people-list [data-user='" + name + "']";
  }

  private static String room(String name) {
    return "#room-list [data-room='" + name + "']";
  }

  private static String documentMember(String name) {
    return "#document-members [data-user='" + name + "']";
  }

  private static Optional<File> onPath(String program) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
        .map(directory -> new File(directory, program))
        .filter(File::canExecute)
        .findFirst();
  }

  private static String read(String resource) {
    try (InputStream in = BrowserWindow.class.getResourceAsStream(resource)) {
      return new String(Objects.requireNonNull(in, resource).readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
