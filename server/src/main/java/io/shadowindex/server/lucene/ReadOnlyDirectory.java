package io.shadowindex.server.lucene;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.FilterDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.IndexOutput;
import org.apache.lucene.store.Lock;
import org.apache.lucene.store.NoLockFactory;

/** A Lucene directory that reads plain files, follows no link among them, and cannot be changed. */
final class ReadOnlyDirectory extends FilterDirectory {

  private final Path path;

  private ReadOnlyDirectory(Path path, Directory files) {
    super(files);
    this.path = path;
  }

  /** Opens a directory that exists; the path itself may be a link to it. */
  static ReadOnlyDirectory open(Path directory) throws IOException {
    Path real = directory.toRealPath();
    return new ReadOnlyDirectory(real, FSDirectory.open(real, NoLockFactory.INSTANCE));
  }

  @Override
  public IndexInput openInput(String name, IOContext context) throws IOException {
    if (!Files.isRegularFile(path.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
      throw new FileSystemException(name, null, "is missing or not a plain file");
    }
    return super.openInput(name, context);
  }

  @Override
  public IndexOutput createOutput(String name, IOContext context) {
    throw new UnsupportedOperationException();
  }

  @Override
  public IndexOutput createTempOutput(String prefix, String suffix, IOContext context) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void deleteFile(String name) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void rename(String source, String target) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Lock obtainLock(String name) {
    throw new UnsupportedOperationException();
  }
}
