package io.shadowindex.client.lucene;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexNotFoundException;
import org.apache.lucene.index.MultiTerms;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.queryparser.classic.ParseException;
import org.apache.lucene.queryparser.classic.QueryParser;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.NoLockFactory;
import org.apache.lucene.util.BytesRef;

/**
 * The generation that a live link led to when this was opened. A switch in the meantime doesn't
 * touch it: whoever wants the newest generation opens the link anew. Never writes.
 */
public final class LiveIndex implements Closeable {
  private final Path generation;
  private final Directory directory;
  private final DirectoryReader reader;

  private LiveIndex(Path generation, Directory directory, DirectoryReader reader) {
    this.generation = generation;
    this.directory = directory;
    this.reader = reader;
  }

  /**
   * Resolves the link and opens what it leads to; also opens a generation's own directory.
   *
   * <p>Resolving comes first because Lucene creates the directory it is given when there is none,
   * and a directory in the place of a live link would block every later switch.
   *
   * @throws NoLiveIndexException when the link does not exist or leads nowhere
   * @throws IOException when there is no Lucene index behind it, or it cannot be read
   */
  public static LiveIndex open(Path liveLink) throws IOException {
    Path generation;
    try {
      generation = liveLink.toRealPath();
    } catch (NoSuchFileException e) {
      throw new NoLiveIndexException(liveLink, e);
    }
    Directory directory = FSDirectory.open(generation, NoLockFactory.INSTANCE);
    try {
      return new LiveIndex(generation, directory, DirectoryReader.open(directory));
    } catch (IndexNotFoundException e) {
      directory.close();
      throw new IOException("There is no Lucene index in " + generation + ".", e);
    } catch (IOException | RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  /** The real path of the generation's directory. */
  public Path generation() {
    return generation;
  }

  /** How many documents there are. */
  public int documents() {
    return reader.numDocs();
  }

  /**
   * Finds documents by their content.
   *
   * @param query in the syntax of Lucene's classic query parser
   * @param limit how many hits to answer at most, 1 or more
   * @throws InvalidQueryException when the query cannot be parsed, or matches too many terms
   */
  public Hits search(String query, int limit) throws IOException, InvalidQueryException {
    try {
      return hits(
          new QueryParser(SourceFields.CONTENT, new StandardAnalyzer()).parse(query), limit);
    } catch (ParseException | IndexSearcher.TooManyClauses e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new InvalidQueryException(reason, e);
    }
  }

  /** Finds the documents that hold a word in the form that the index has it. */
  public Hits searchWord(String word, int limit) throws IOException {
    return hits(new TermQuery(new Term(SourceFields.CONTENT, word)), limit);
  }

  /** The words that occur in most documents, the most frequent first. */
  public List<String> frequentWords(int count) throws IOException {
    record Word(String text, int documents) {}
    PriorityQueue<Word> best = new PriorityQueue<>(Comparator.comparingInt(Word::documents));
    Terms terms = MultiTerms.getTerms(reader, SourceFields.CONTENT);
    if (terms == null) {
      return List.of();
    }
    TermsEnum each = terms.iterator();
    for (BytesRef term = each.next(); term != null; term = each.next()) {
      best.add(new Word(term.utf8ToString(), each.docFreq()));
      if (best.size() > count) {
        best.remove();
      }
    }
    List<String> words = new ArrayList<>();
    while (!best.isEmpty()) {
      words.addFirst(best.remove().text());
    }
    return words;
  }

  @Override
  public void close() throws IOException {
    try (directory) {
      reader.close();
    }
  }

  private Hits hits(Query query, int limit) throws IOException {
    IndexSearcher searcher = new IndexSearcher(reader);
    // Counts every hit, as people are told the number, instead of stopping at "more than 1,000".
    TopDocs top = searcher.search(query, new TopScoreDocCollectorManager(limit, Integer.MAX_VALUE));
    List<String> paths = new ArrayList<>();
    for (ScoreDoc hit : top.scoreDocs) {
      Document stored = searcher.storedFields().document(hit.doc);
      paths.add(stored.get(SourceFields.PATH));
    }
    return new Hits(top.totalHits.value(), paths);
  }

  /**
   * What a query found.
   *
   * @param total how many documents match
   * @param paths names of the best ones, best first
   */
  public record Hits(long total, List<String> paths) {
    /** Copies the list. */
    public Hits {
      paths = List.copyOf(paths);
    }
  }
}
