package io.shadowindex.server.lucene;

import io.shadowindex.server.index.IndexFormat;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FieldInfos;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.store.Directory;

/**
 * Probe queries of a Lucene index: {@code field:term}, or {@code term} in any indexed field. Terms
 * are taken as they stand in the index; nothing is analyzed.
 */
final class LuceneQueries implements IndexFormat.Queries {

  private static final int TOP_HITS = 10;

  private final Directory directory;
  private final DirectoryReader reader;
  private final IndexSearcher searcher;

  private LuceneQueries(Directory directory, DirectoryReader reader) {
    this.directory = directory;
    this.reader = reader;
    this.searcher = new IndexSearcher(reader);
    // Each run is to do the work of the first.
    this.searcher.setQueryCache(null);
  }

  static LuceneQueries open(Path path) throws IOException {
    Directory directory = ReadOnlyDirectory.open(path);
    try {
      return new LuceneQueries(directory, DirectoryReader.open(directory));
    } catch (IOException | RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  @Override
  public long run(String query) throws IOException {
    return searcher.search(parse(query), TOP_HITS).totalHits.value();
  }

  private Query parse(String query) {
    int colon = query.indexOf(':');
    if (colon == 0 || colon == query.length() - 1 || query.isBlank()) {
      throw new IllegalArgumentException("a probe query of Lucene is field:term or term");
    }
    if (colon > 0) {
      return new TermQuery(new Term(query.substring(0, colon), query.substring(colon + 1)));
    }
    var anyField = new BooleanQuery.Builder();
    for (String field : FieldInfos.getIndexedFields(reader)) {
      anyField.add(new TermQuery(new Term(field, query)), Occur.SHOULD);
    }
    return anyField.build();
  }

  @Override
  public void close() throws IOException {
    reader.close();
    directory.close();
  }
}
