package io.shadowindex.bench;

/** One question of the bench. */
interface Measure {

  /** What {@code --only} calls it. */
  String id();

  /** Measures; throws what keeps it from being measured. */
  Section run(Lab lab) throws Exception;
}
