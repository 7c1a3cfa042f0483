package io.shadowindex.server.switchover;

import java.nio.file.Path;
import java.util.List;

/** A last look at an index through its live link, after the commit and without a lock. */
@FunctionalInterface
interface LiveProbe {

  /** Nothing to look at. */
  LiveProbe NONE = live -> List.of();

  /** What is wrong with the index behind the link, so that the switch has to be undone. */
  List<String> errors(Path live);
}
