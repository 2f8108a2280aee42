package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {
  @TempDir Path temp;

  @Test
  void shouldCreateWhatIsMissing() {
    try (DataDirectory directory = DataDirectory.open("SETTING", temp.resolve("a/b"))) {
      assertThat(directory.path()).isDirectory();
    }
  }

  @Test
  void shouldBeFreeAgainWhenClosed() {
    DataDirectory.open("SETTING", temp).close();
    DataDirectory.open("SETTING", temp).close();
  }

  @Test
  void shouldRefuseWhatIsInUse() {
    try (DataDirectory first = DataDirectory.open("SETTING", temp)) {
      assertThatThrownBy(() -> DataDirectory.open("SETTING", first.path()))
          .isInstanceOf(StartException.class)
          .hasMessageStartingWith("SETTING: " + temp + " is in use by another process (pid ");
    }
  }

  @Test
  void shouldRefuseAFile() throws Exception {
    Path file = Files.createFile(temp.resolve("file"));
    for (Path path : new Path[] {file, file.resolve("below")}) {
      assertThatThrownBy(() -> DataDirectory.open("SETTING", path))
          .isInstanceOf(StartException.class)
          .hasMessageStartingWith("SETTING: ")
          .hasMessageContaining(path.toString())
          .hasMessageNotContaining("\n");
    }
  }

  @Test
  void shouldRefuseAFullDisk() {
    assertThatThrownBy(() -> DataDirectory.open("SETTING", temp, Long.MAX_VALUE))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("SETTING: the disk of " + temp + " is full: ");
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "needs /proc, which not even root can write to")
  void shouldRefuseWhatCannotBeWrittenTo() {
    assertThatThrownBy(() -> DataDirectory.open("SETTING", Path.of("/proc/presence")))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("SETTING: cannot write to /proc/presence: ")
        .hasMessageNotContaining("\n");
    assertThatThrownBy(() -> DataDirectory.open("SETTING", Path.of("/proc")))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("SETTING: cannot write to /proc: ");
  }
}
