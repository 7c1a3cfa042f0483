package io.shadowindex.server;

import io.shadowindex.server.index.FileOperations;
import io.shadowindex.server.index.OwnedDirectory;
import io.shadowindex.server.storage.StateRestore;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes the state of a server that does not run of a backup. */
@Command(
    name = "restore",
    mixinStandardHelpOptions = true,
    description = {
      "Makes the state of a backup that 'shadowctl backup' wrote.",
      "",
      "The server must not run. Files of indexes are not touched: its next start makes live links lead",
      "where the state says, as far as those generations still have files. Watches begin anew."
    })
final class RestoreCommand implements Callable<Integer> {

  private static final int EXIT_FAILED = 1;

  @Parameters(paramLabel = "FILE", description = "The backup.")
  private Path backup = Path.of("");

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      defaultValue = "${env:SHADOWINDEX_DATA_DIR:-data}",
      description = "Where the state is to be. SHADOWINDEX_DATA_DIR. (${DEFAULT-VALUE})")
  private Path dataDir = Path.of("");

  @Option(names = "--replace", description = "Move a state that is there aside.")
  private boolean replace;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    try (var _ =
        OwnedDirectory.take(dataDir)
            .orElseThrow(() -> new IOException("a server is using " + dataDir))) {
      var restore = new StateRestore(dataDir, FileOperations.real(), InstantSource.system());
      Path aside = restore.restore(backup, replace);
      commandLine().getOut().printf("restored %s%n", backup);
      if (aside != null) {
        commandLine().getOut().printf("the state that was there is in %s%n", aside);
      }
      return 0;
    } catch (StateRestore.StateExistsException e) {
      return failed(e.getMessage() + "; --replace moves it aside");
    } catch (NoSuchFileException e) {
      return failed("there is no file " + e.getFile());
    } catch (IOException e) {
      return failed(e.getMessage());
    }
  }

  private int failed(@Nullable String message) {
    commandLine().getErr().println("shadowindex-server restore: " + message);
    return EXIT_FAILED;
  }

  private picocli.CommandLine commandLine() {
    if (spec == null) {
      throw new IllegalStateException("picocli sets the spec before it calls");
    }
    return spec.commandLine();
  }
}
