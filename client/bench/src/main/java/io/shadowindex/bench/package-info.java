/**
 * The bench: claims of speed as ratios against something a user knows, in one run on one machine.
 *
 * <p>A {@link io.shadowindex.bench.Measure} is one question. It starts what it compares through the
 * {@link io.shadowindex.bench.Lab}, each as a process of its own with fresh data on the same disk,
 * measures them in turns, round by round, and answers with a {@link io.shadowindex.bench.Section}:
 * all rounds of all figures, and what was to be reached. What is not there, or fails, is "not
 * measured"; no number in a report comes from anywhere else than its run.
 *
 * <p>{@link io.shadowindex.bench.Bench} runs the measures and writes the report.
 */
@NullMarked
package io.shadowindex.bench;

import org.jspecify.annotations.NullMarked;
