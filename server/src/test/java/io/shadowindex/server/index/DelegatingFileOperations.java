package io.shadowindex.server.index;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.LongConsumer;

/** Passes everything on; tests override what they want to go wrong. */
public class DelegatingFileOperations implements FileOperations {

  private final FileOperations files;

  public DelegatingFileOperations(FileOperations files) {
    this.files = files;
  }

  @Override
  public void createDirectories(Path directory) throws IOException {
    files.createDirectories(directory);
  }

  @Override
  public void makeReadOnly(Path file) throws IOException {
    files.makeReadOnly(file);
  }

  @Override
  public void writeNew(Path file, Content content) throws IOException {
    files.writeNew(file, content);
  }

  @Override
  public void copy(Path from, Path to, LongConsumer copied) throws IOException {
    files.copy(from, to, copied);
  }

  @Override
  public void createSymbolicLink(Path link, Path target) throws IOException {
    files.createSymbolicLink(link, target);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    files.rename(from, to);
  }

  @Override
  public void sync(Path fileOrDirectory) throws IOException {
    files.sync(fileOrDirectory);
  }

  @Override
  public void makeWritable(Path directory) throws IOException {
    files.makeWritable(directory);
  }

  @Override
  public void delete(Path path) throws IOException {
    files.delete(path);
  }
}
