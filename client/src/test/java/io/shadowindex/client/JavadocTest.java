package io.shadowindex.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library's Javadoc is complete and its links and snippets lead somewhere. */
final class JavadocTest {

  @Test
  void theJavadocIsWholeAndShowsTheExamples(@TempDir Path directory) throws Exception {
    var tool = ToolProvider.getSystemDocumentationTool();
    var said = new StringWriter();
    Path sources = Path.of("src/main/java/io/shadowindex/client");
    try (var files = tool.getStandardFileManager(null, null, null);
        var listed = Files.list(sources)) {
      List<Path> library = listed.filter(file -> file.toString().endsWith(".java")).toList();
      boolean made =
          tool.getTask(
                  said,
                  files,
                  null,
                  null,
                  List.of(
                      "-quiet",
                      "-Werror",
                      "-Xdoclint:all,-missing",
                      "--snippet-path",
                      "src/test/java/io/shadowindex/client/examples",
                      "-classpath",
                      System.getProperty("java.class.path"),
                      "-d",
                      directory.toString()),
                  files.getJavaFileObjectsFromPaths(library))
              .call();
      assertThat(made).as(said.toString()).isTrue();
    }
    assertThat(Files.readString(directory.resolve("io/shadowindex/client/WorkerSession.html")))
        .contains("WorkerSession.start(client, request)");
  }
}
