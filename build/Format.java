import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Checks ({@code check}) or rewrites ({@code apply}) the layout of every Java source below the
 * working directory with google-java-format.
 *
 * <p>It is run by the build on the toolchain's JDK, for Maven itself may run on one whose parser
 * does not know the language level of the code.
 */
public final class Format {
  public static void main(String[] args) throws Exception {
    boolean apply = args[0].equals("apply");
    Formatter formatter = new Formatter();
    int wrong = 0;
    for (Path source : sources()) {
      String text = Files.readString(source);
      String formatted = format(formatter, text, source);
      if (formatted.equals(text)) {
        continue;
      }
      if (apply) {
        Files.writeString(source, formatted);
        System.out.println("formatted " + source);
      } else {
        System.err.println("not formatted: " + source);
        wrong++;
      }
    }
    if (wrong > 0) {
      System.err.println("run: mvn -N validate -Dformat.mode=apply");
      System.exit(1);
    }
  }

  private static String format(Formatter formatter, String text, Path source) {
    try {
      String tidy = RemoveUnusedImports.removeUnusedImports(text);
      tidy = ImportOrderer.reorderImports(tidy, JavaFormatterOptions.Style.GOOGLE);
      return formatter.formatSource(tidy);
    } catch (Exception e) {
      throw new IllegalStateException(source + ": " + e.getMessage(), e);
    }
  }

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("."))) {
      return files
          .filter(p -> p.toString().endsWith(".java") && p.toString().contains("src/"))
          .filter(p -> !p.toString().contains("/target/") && !p.toString().contains("/node_modules/"))
          .sorted()
          .toList();
    }
  }
}
