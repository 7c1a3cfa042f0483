package io.shadowindex.client.cli;

import com.google.protobuf.util.Structs;
import com.google.protobuf.util.Values;
import io.shadowindex.client.ShadowIndexClient;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code shadowctl backup}. */
@Command(
    name = "backup",
    description = {
      "Write a backup of the server's state to a new file, while everything goes on.",
      "Indexes are not in it. 'shadowindex-server restore' makes a state of it again."
    },
    footer = "shadowctl backup state.zip")
final class BackupCommand extends ClientCommand {
  @Parameters(paramLabel = "FILE", description = "The file; there must be none of that name.")
  private Path file = Path.of("");

  BackupCommand(ShadowCtl ctl) {
    super(ctl);
  }

  /** The name is there when the whole content is, and durable. */
  @Override
  Exit ask(ShadowIndexClient client) throws IOException {
    if (Files.exists(file)) {
      throw new CommandFailure(Exit.USAGE, file + " is there already; it is not overwritten.");
    }
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      long size;
      try (OutputStream out = Files.newOutputStream(part)) {
        size = client.backUpState(out);
      }
      try (FileChannel written = FileChannel.open(part, StandardOpenOption.WRITE)) {
        written.force(true);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      ctl.show(
          Structs.of("file", Values.of(file.toString()), "size_bytes", Values.of((double) size)));
      ctl.print("wrote %d bytes to %s", size, file);
      return Exit.OK;
    } finally {
      Files.deleteIfExists(part);
    }
  }
}
