package io.shadowindex.server.storage;

import java.util.regex.Pattern;
import org.jooq.Query;

/** What H2 says of a query after it ran it. */
final class Explained {

  private static final Pattern SCAN_COUNT = Pattern.compile("scanCount: (\\d+)");

  private Explained() {}

  /** How many rows of all tables it read. */
  static long rowsRead(H2Database database, Query query) {
    String plan =
        database.read(
            context ->
                context
                    .fetchSingle("explain analyze " + context.renderInlined(query))
                    .get(0, String.class));
    return SCAN_COUNT
        .matcher(plan)
        .results()
        .mapToLong(count -> Long.parseLong(count.group(1)))
        .sum();
  }
}
