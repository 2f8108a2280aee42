package io.presence.standalone;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A directory that one process at a time may keep its data in: it is created if missing, can be
 * written to, has room, and is locked until {@link #close}. The lock ends with the process, however
 * that ends.
 */
final class DataDirectory implements AutoCloseable {
  /** What the broker needs to come up and work for a while. */
  static final long MIN_FREE_BYTES = 64L * 1024 * 1024;

  private static final String LOCK_FILE = "presence.lock";

  private final Path path;
  private final FileChannel lockFile;

  private DataDirectory(Path path, FileChannel lockFile) {
    this.path = path;
    this.lockFile = lockFile;
  }

  /**
   * Creates, checks and locks a directory.
   *
   * @param setting what to name in an error
   * @throws StartException if it cannot be used, or is in use
   */
  static DataDirectory open(String setting, Path directory) {
    return open(setting, directory, MIN_FREE_BYTES);
  }

  static DataDirectory open(String setting, Path directory, long minFreeBytes) {
    Path path = directory.toAbsolutePath().normalize();
    FileChannel lockFile = null;
    try {
      Files.createDirectories(path);
      lockFile =
          FileChannel.open(
              path.resolve(LOCK_FILE),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      if (!lock(lockFile)) {
        throw new StartException(
            "%s: %s is in use by another process%s"
                .formatted(setting, path, holder(path.resolve(LOCK_FILE))));
      }
      // Proves that it can be written to: permissions do not tell, nor do they bind root.
      byte[] holder = Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8);
      lockFile.truncate(0).write(ByteBuffer.wrap(holder), 0);
      lockFile.force(true);
      long free = Files.getFileStore(path).getUsableSpace();
      if (free < minFreeBytes) {
        throw new StartException(
            "%s: the disk of %s is full: %d MiB are free, %d MiB are needed"
                .formatted(setting, path, free >> 20, minFreeBytes >> 20));
      }
      return new DataDirectory(path, lockFile);
    } catch (FileAlreadyExistsException e) {
      closeQuietly(lockFile);
      throw new StartException(
          "%s: %s is not a directory, or below a file".formatted(setting, path), e);
    } catch (IOException e) {
      closeQuietly(lockFile);
      throw new StartException("%s: cannot write to %s: %s".formatted(setting, path, reason(e)), e);
    } catch (StartException e) {
      closeQuietly(lockFile);
      throw e;
    }
  }

  Path path() {
    return path;
  }

  @Override
  public void close() {
    closeQuietly(lockFile);
  }

  private static boolean lock(FileChannel lockFile) throws IOException {
    try {
      FileLock lock = lockFile.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  private static String holder(Path lockFile) {
    try {
      String pid = Files.readString(lockFile).strip();
      return pid.isEmpty() ? "" : " (pid " + pid + ")";
    } catch (IOException e) {
      return "";
    }
  }

  private static String reason(IOException e) {
    if (e instanceof FileSystemException f && f.getReason() != null) {
      return f.getReason();
    }
    return e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel == null) {
      return;
    }
    try {
      channel.close();
    } catch (IOException ignored) {
      // The lock ends with the process at the latest.
    }
  }
}
